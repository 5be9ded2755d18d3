"""How a CSV file is to be read: the names in its first record, what parts fields and lines."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import dropwhile
from typing import NamedTuple
from unicodedata import category

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from reactivation.errors import Finding, SourceError
from reactivation.frames import BAD_ROW
from reactivation.runtime.hadoop_files import File
from reactivation.runtime.read_errors import UNPACK, unreadable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
CORRUPT = "_corrupt"
"""Column in which Spark keeps the text of a ragged record."""
RESERVED = {CORRUPT, "_metadata", BAD_ROW}
"""Names of Spark's and of ours, in lower case: a column of the file that is called so gets another one."""

_SPARK_ERRORS = (PySparkException, Py4JJavaError)
_SAMPLE, _STEP, _MOST = 1 << 16, 16, 1 << 24
"""Bytes that are read of a file for its header; how many times more where they do not hold it, and the most."""
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: save the table as CSV",
    b"PAR1": "a Parquet file: call it so",
    b"\x1f\x8b": "compressed: its name must end in .gz",
    b"BZh": "compressed: its name must end in .bz2",
    b"\xfd7zXZ\0": f"compressed with xz: {UNPACK}",
    b"\x28\xb5\x2f\xfd": f"compressed with zstd: {UNPACK}",
    b"7z\xbc\xaf": f"compressed with 7-Zip: {UNPACK}",
    b"Rar!": f"compressed with RAR: {UNPACK}",
}
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Are of no width, and part of words of some scripts."""
_SEPARATORS = {";": "`;`", "\t": "tabs", "|": "`|`"}


class Header(NamedTuple):
    """names: of the columns, in order. separator: between fields.

    line_end: of the header; None where Spark is to find it out by itself.
    """

    names: tuple[str, ...]
    separator: str
    line_end: str | None


def java_encoding(spark: SparkSession, encoding: str) -> str:
    """The name by which Spark knows an encoding that Python knows; SourceError where one of them knows none."""
    charset = spark.sparkContext._jvm.java.nio.charset.Charset  # type: ignore[union-attr]
    try:
        found = codecs.lookup(encoding)
        "".encode(encoding)  # some codecs are of no text: rot13, base64
        ours = found.name.removesuffix("-sig")
        joined = re.sub(r"-(le|be)$", r"\1", ours)
        for name in (encoding, ours, joined, ours.replace("-", ""), f"x-{ours.replace('-', '')}"):
            if re.fullmatch(r"[A-Za-z0-9][\w.:+-]*", name) and charset.isSupported(name):
                return name
    except LookupError:
        pass
    advice = "no such encoding; write for example utf-8, GBK, GB18030 or windows-1252"
    raise SourceError("the files cannot be read", [Finding("encoding", encoding, advice)])


def headers(files: Sequence[File], *, encoding: str, options: Mapping[str, str]) -> list[tuple[File, Header]]:
    """Each file with its header; SourceError names all files that have none."""
    found, findings = [], []
    for file in files:
        try:
            found.append((file, _header(file, encoding=encoding, options=options)))
        except _SPARK_ERRORS as error:
            findings.append(unreadable(error, what=file.path)._replace(what=file.path))
        except ValueError as error:
            findings.append(Finding("unreadable", file.path, str(error)))
    if findings:
        raise SourceError("the files cannot be read", findings)
    return found


def _header(file: File, *, encoding: str, options: Mapping[str, str]) -> Header:
    """The names in a file's first record, without spaces around them; ValueError where it has none."""
    by_name = file.name.lower().split(".")
    given = options.get("sep") or options.get("delimiter")
    separator = (given or ("\t" if "tsv" in by_name else ",")).replace("\\t", "\t")
    one = "\x1f" if len(separator) > 1 else separator  # Python's reader takes no longer separator than that
    fields, line_end = _first_record(file, encoding, (separator, one), options)
    if any(REPLACEMENT in field for field in fields):
        raise ValueError(f"the header is not {encoding}: name the files' `encoding` (GBK, GB18030, windows-1252, …)")
    if not fields:
        raise ValueError("there is no header")
    if options.get("header", "true").lower() != "true":
        return Header(tuple(f"_c{i}" for i, _ in enumerate(fields)), separator, line_end)
    other = next((mark for mark in _SEPARATORS if len(fields) == 1 and mark != one and mark in fields[0]), None)
    if other is not None:
        cure = "call the file .tsv" if other == "\t" else "save it with commas"
        raise ValueError(f"fields seem to be separated by {_SEPARATORS[other]}: {cure}, or name it as option `sep`")
    barred = {name for name, count in Counter(field.lower() for field in fields).items() if count > 1} | RESERVED
    names = [f if f and f.lower() not in barred else f"{f}#{i}" if f else f"_c{i}" for i, f in enumerate(fields)]
    return Header(tuple(names), separator, line_end)


def _first_record(
    file: File, encoding: str, separators: tuple[str, str], options: Mapping[str, str]
) -> tuple[list[str], str | None]:
    """The fields of a file's first record, and the `line_end` of its header.

    separators: as the file has it, and a single character in its place.
    """
    quote, comment = options.get("quote", '"'), options.get("comment", "")
    count, is_cut = _SAMPLE // _STEP, True
    while is_cut:
        count *= _STEP
        if count > _MOST:
            raise ValueError(f"the first line is no header: it is longer than {_MOST >> 20} MB")
        start = file.start(count)
        for magic, what in _OTHER_KINDS.items():
            if start.startswith(magic):
                raise ValueError(f"is {what}")
        text = start.decode(encoding, errors="replace").removeprefix("\ufeff").replace(*separators)
        seen: list[str] = []
        lines = _noted(StringIO(text, newline=""), seen)
        told = dropwhile(lambda line: not line.strip("\r\n") or (comment and line.startswith(comment)), lines)
        try:
            fields = next(csv.reader(told, delimiter=separators[1], quotechar=quote or "\0"), [])
        except csv.Error as error:
            raise ValueError(f"the first line is no header: {error}") from None
        is_cut = len(start) == count and sum(map(len, seen)) == len(text)
    return [_plain_name(field) for field in fields], _line_end(seen)


def _plain_name(field: str) -> str:
    """A name without spaces around it, and without the characters that nobody sees: marks of order and of no width."""
    return "".join(mark for mark in field if category(mark) != "Cf" or mark in _JOINERS).strip()


def _noted(lines: Iterable[str], seen: list[str]) -> Iterator[str]:
    """The lines, each of them in `seen` as soon as it is asked for."""
    for line in lines:
        seen.append(line)
        yield line


def _line_end(seen: Sequence[str]) -> str | None:
    """See `Header`. seen: the lines up to the header's end."""
    text = "".join(seen)
    if text.endswith("\r"):
        return "\r" if "\n" in text else None
    has_blank = any(line == "\r\n" for line in seen[:-1])  # which Spark would take for the header
    return None if has_blank else "\r\n" if text.endswith("\r\n") else "\n"
