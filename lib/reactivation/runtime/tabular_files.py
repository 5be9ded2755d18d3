"""Opens CSV and Parquet files as one table: columns by name, file by file, wherever Spark reaches the files.

CSV is read by RFC 4180. All its columns are text. Rows that are broken stay in the table and say so in `BAD_ROW`.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from io import StringIO
from operator import or_
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from reactivation.errors import Finding, SourceError
from reactivation.frames import BAD_ROW, NOT_DECODED, RAGGED, union_all
from reactivation.runtime import parquet_schema
from reactivation.runtime.hadoop_files import File, listed

UTF_8 = "utf-8"

_CORRUPT = "_corrupt"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SAMPLE = 1 << 16
_MOST_CAUSES = 10
_RFC_4180 = {"multiLine": "true", "quote": '"', "escape": '"'}
_OURS = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _CORRUPT, "enforceSchema": "true"}
_NO_GLOB = {"__globPaths__": "false"}
"""A name is a name, whatever `[`, `{` or `*` it holds."""
_GLOB = set("{}[]*?\\")
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: save the table as CSV",
    b"PAR1": "a Parquet file: call it so",
    b"\x1f\x8b": "compressed: its name must end in .gz",
}
_SPARK_ERRORS = (PySparkException, Py4JJavaError)
_OF_FILE = re.compile(r"(?:file|footer for):?\s+(?P<file>\S*?/.+?)(?:\.\s|\.$|,|$)", re.MULTILINE)
_OTHER_TYPE = ("TYPE_MISMATCH", "ParquetDecodingException", "UnsupportedOperationException")
_CUT_OFF = "the file is cut off or damaged, or it is no such file: bring it again, whole"


class Opened(NamedTuple):
    """A table, and why columns that its files do have cannot be used: by lower-case name."""

    frame: DataFrame
    unusable: Mapping[str, str]


class _Header(NamedTuple):
    """names: of the columns, in order. separator: between fields. line_end: to be told to Spark, where it would err."""

    names: tuple[str, ...]
    separator: str
    line_end: str | None


def open_csv(
    spark: SparkSession, place: str, *, encoding: str = UTF_8, options: Mapping[str, str] | None = None
) -> Opened:
    """A CSV file or a folder of them; a column that some of the files lack cannot be used.

    encoding: of the text. options: as Spark's reader takes them; they go before RFC 4180. Raises SourceError where a
    file cannot be used, FileNotFoundError where nothing is there.
    """
    given = {key: value for key, value in (options or {}).items() if key.lower() not in ("encoding", "charset")}
    encoding = next((v for k, v in (options or {}).items() if k.lower() in ("encoding", "charset")), encoding)
    files = [file for file in listed(spark, place) if file.size]
    if not files:
        raise SourceError(f"`{place}` cannot be read", [Finding("empty", place, "there is no header and no row")])
    groups: dict[_Header, list[File]] = {}
    for file, header in _headers(files, encoding=encoding, options=given):
        groups.setdefault(header, []).append(file)
    unusable = _unusable(groups)
    shared = [name for name in next(iter(groups)).names if name.lower() not in unusable]
    frames = []
    for header, own in groups.items():
        partitions = own[0].partition_names
        reader = spark.read.schema(_text_schema([*header.names, _CORRUPT, *partitions]))
        ends = {"lineSep": header.line_end} if header.line_end else {}
        told = {**_RFC_4180, "header": "true", "sep": header.separator, "encoding": encoding, **ends, **given, **_OURS}
        told |= {**_NO_GLOB, **({"basePath": place} if partitions else {})}
        columns = [*_columns(header, shared), *map(F.col, partitions), _bad_row(header, encoding)]
        reader = reader.format("csv").options(**told)
        frames += [reader.load(paths).select(*columns) for paths in _together(own)]
    return Opened(union_all(frames), unusable)


def open_parquet(spark: SparkSession, place: str) -> Opened:
    """A Parquet file or a folder of them; a column that Spark cannot take, or that differs by file, cannot be used.

    Nanoseconds are cut to microseconds. Raises as `open_csv` does.
    """
    files = listed(spark, place)
    schema = parquet_schema.of_files(files)
    reader = spark.read.format("parquet").options(**_NO_GLOB)
    if any(file.partition_names for file in files):
        reader = reader.option("basePath", place)
    if schema.explicit is not None:
        reader = reader.schema(schema.explicit)
    frame = union_all(reader.load(paths) for paths in _together(files))
    for name, has_zone in schema.nanoseconds.items():
        frame = frame.withColumn(name, parquet_schema.as_microseconds(F.col(_quoted(name)), has_zone=has_zone))
    return Opened(frame, schema.unusable)


def _together(files: Sequence[File]) -> list[list[str]]:
    """Paths to read at once. Among several, one with a mark of globs would stand for its whole folder (Spark 4.1)."""
    plain = [file.path for file in files if not _GLOB & set(file.path)]
    return [*([plain] if plain else []), *[[file.path] for file in files if _GLOB & set(file.path)]]


def is_of_file(error: Exception) -> bool:
    """True where Spark could not read a file, and not where it could not do something else."""
    return bool(_OF_FILE.search("\n".join(_messages(error))))


def unreadable(error: Exception, *, what: str) -> Finding:
    """What Spark says of a file that it cannot read, with the file's name. what: stands where no file is named."""
    text = "\n".join(_messages(error))
    found = _OF_FILE.search(text)
    file = found["file"] if found else what
    if any(mark in text for mark in _OTHER_TYPE):
        said = "a column has another type here than in the other files: write them with one type"
    else:
        said = _CUT_OFF if found or "EOFException" in text else "cannot be read"
    cause = next(iter(text.strip().splitlines()[-1:]), "")
    return Finding("unreadable", file, f"{said} ({cause[:200]})")


def _messages(error: BaseException | Any) -> Iterable[str]:
    """The messages of an error and of its causes, in Spark as well, the first cause last."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    seen = 0
    while java is not None and seen < _MOST_CAUSES:
        yield str(java.toString()).splitlines()[0]
        java, seen = java.getCause(), seen + 1
    if not seen:
        yield str(error).splitlines()[0] if str(error) else type(error).__name__


def _headers(files: Sequence[File], *, encoding: str, options: Mapping[str, str]) -> list[tuple[File, _Header]]:
    try:
        codecs.lookup(encoding)
    except LookupError:
        advice = "no such encoding; write for example utf-8, GBK, GB18030 or windows-1252"
        raise SourceError("the files cannot be read", [Finding("encoding", encoding, advice)]) from None
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


def _header(file: File, *, encoding: str, options: Mapping[str, str]) -> _Header:
    """The names in a file's first record; ValueError where it has none."""
    by_name = file.name.lower().split(".")
    separator = options.get("sep") or options.get("delimiter") or ("\t" if "tsv" in by_name else ",")
    start = file.start(_SAMPLE)
    for magic, what in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise ValueError(f"is {what}")
    text = start.decode(encoding, errors="replace").removeprefix("\ufeff")
    records = csv.reader(StringIO(text, newline=""), delimiter=separator[0], quotechar=options.get("quote", '"'))
    try:
        fields = next((record for record in records if record), [])
    except csv.Error as error:
        raise ValueError(f"the first line is no header: {error}") from None
    if any(_REPLACEMENT in field for field in fields):
        raise ValueError(f"the header is not {encoding}: name the files' `encoding` (GBK, GB18030, windows-1252, …)")
    if not fields:
        raise ValueError("there is no header")
    if options.get("header", "true") != "true":
        return _Header(tuple(f"_c{i}" for i, _ in enumerate(fields)), separator, None)
    twice = {name for name, count in Counter(field.lower() for field in fields).items() if count > 1}
    names = [f if f and f.lower() not in twice else f"{f}#{i}" if f else f"_c{i}" for i, f in enumerate(fields)]
    line_end = None
    if any("\n" in field or "\r" in field for field in fields):  # Spark takes the first break for the end of lines
        line_end = "\r\n" if "\r\n" in re.sub(r'"[^"]*"', "", text) else "\n"
    return _Header(tuple(names), separator, line_end)


def _unusable(groups: Mapping[_Header, Sequence[File]]) -> dict[str, str]:
    """Columns that stand twice in a header or are not in every file, with the file that lacks them."""
    result = {}
    for header, files in groups.items():
        for name in header.names:
            lacking = [own[0].name for other, own in groups.items() if not _has(other, name)]
            if lacking:
                result[name.lower()] = f"{', '.join(lacking)} lacks the column, {files[0].name} has it"
        for name in header.names:
            plain, mark, _ = name.rpartition("#")
            if mark and plain and not _has(header, plain):
                result[plain.lower()] = f"`{plain.lower()}` stands twice in the header of {files[0].name}"
    return result


def _has(header: _Header, name: str) -> bool:
    return name.lower() in {own.lower() for own in header.names}


def _text_schema(names: Sequence[str]) -> StructType:
    schema = StructType()
    for name in names:
        schema.add(name, StringType())
    return schema


def _columns(header: _Header, shared: Sequence[str]) -> list[Column]:
    """The columns that all files have. Where lines end in LF, a CR before it is no part of the last value."""
    last = header.names[-1]
    return [
        F.rtrim(F.col(_quoted(name)), F.lit("\r")).alias(name) if name.lower() == last.lower() else F.col(_quoted(name))
        for name in shared
    ]


def _bad_row(header: _Header, encoding: str) -> Column:
    is_ragged = F.col(_CORRUPT).isNotNull()
    is_lost = reduce(or_, [F.coalesce(F.col(_quoted(n)).contains(_REPLACEMENT), F.lit(False)) for n in header.names])
    file = F.col("_metadata.file_name")
    ragged = f"more or fewer fields than the {len(header.names)} of the header of "
    lost = f"bytes that are not {encoding}: name the files' `encoding` (GBK, GB18030, windows-1252, …): "
    return (
        F.when(is_ragged, F.struct(F.lit(RAGGED).alias("reason"), F.concat(F.lit(ragged), file).alias("detail")))
        .when(is_lost, F.struct(F.lit(NOT_DECODED).alias("reason"), F.concat(F.lit(lost), file).alias("detail")))
        .alias(BAD_ROW)
    )


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
