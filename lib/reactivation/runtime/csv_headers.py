"""How a CSV file is to be read: the names in its first record, what parts fields and lines, how it ends."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from reactivation.errors import Finding, SourceError
from reactivation.runtime.hadoop_files import File
from reactivation.runtime.read_errors import unreadable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SPARK_ERRORS = (PySparkException, Py4JJavaError)
_SAMPLE = 1 << 16
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: save the table as CSV",
    b"PAR1": "a Parquet file: call it so",
    b"\x1f\x8b": "compressed: its name must end in .gz",
}
_SEPARATORS = {";": "`;`", "\t": "tabs", "|": "`|`"}


class Header(NamedTuple):
    """names: of the columns, in order. separator: between fields. line_end: to be told to Spark, where it would err."""

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
    start = file.start(_SAMPLE)
    for magic, what in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise ValueError(f"is {what}")
    text = start.decode(encoding, errors="replace").removeprefix("\ufeff")
    quote = options.get("quote", '"')
    one = "\x1f" if len(separator) > 1 else separator  # Python's reader takes no longer separator than that
    lines = StringIO(text.replace(separator, one), newline="")
    records = csv.reader(lines, delimiter=one, quotechar=quote or "\0")
    try:
        fields = [field.strip() for field in next((record for record in records if record), [])]
    except csv.Error as error:
        raise ValueError(f"the first line is no header: {error}") from None
    if any(REPLACEMENT in field for field in fields):
        raise ValueError(f"the header is not {encoding}: name the files' `encoding` (GBK, GB18030, windows-1252, …)")
    if not fields:
        raise ValueError("there is no header")
    if options.get("header", "true") != "true":
        return Header(tuple(f"_c{i}" for i, _ in enumerate(fields)), separator, None)
    other = next((mark for mark in _SEPARATORS if len(fields) == 1 and mark != one and mark in fields[0]), None)
    if other is not None:
        cure = "call the file .tsv" if other == "\t" else "save it with commas"
        raise ValueError(f"fields seem to be separated by {_SEPARATORS[other]}: {cure}, or name it as option `sep`")
    twice = {name for name, count in Counter(field.lower() for field in fields).items() if count > 1}
    names = [f if f and f.lower() not in twice else f"{f}#{i}" if f else f"_c{i}" for i, f in enumerate(fields)]
    line_end = None
    if any("\n" in field or "\r" in field for field in fields):  # Spark takes the first break for the end of lines
        line_end = "\r\n" if "\r\n" in re.sub(r'"[^"]*"', "", text) else "\n"
    return Header(tuple(names), separator, line_end)
