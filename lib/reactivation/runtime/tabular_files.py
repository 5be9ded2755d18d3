"""Opens CSV and Parquet files as one table: columns by name, file by file, wherever Spark reaches the files.

CSV is read by RFC 4180. All its columns are text. Rows that are broken stay in the table and say so in `BAD_ROW`.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from reactivation.errors import Finding, SourceError
from reactivation.frames import BAD_ROW, NOT_DECODED, RAGGED, union_all
from reactivation.runtime import parquet_schema
from reactivation.runtime.csv_headers import REPLACEMENT, Header, headers, java_encoding
from reactivation.runtime.hadoop_files import File, listed
from reactivation.runtime.read_errors import OPEN_QUOTE

UTF_8 = "utf-8"

_CORRUPT = "_corrupt"
_TAIL = 200
"""Bytes at a file's end by which a quote is known that nothing closes; a multiple of what a character takes."""
_RFC_4180 = {"multiLine": "true", "quote": '"', "escape": '"', "unescapedQuoteHandling": "RAISE_ERROR"}
_OURS = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": _CORRUPT, "enforceSchema": "true"}
_NO_GLOB = {"__globPaths__": "false"}
"""A name is a name, whatever `[`, `{` or `*` it holds."""
_GLOB = set("{}[]*?\\")


class Opened(NamedTuple):
    """A table, and why columns that its files do have cannot be used: by lower-case name.

    lacking: columns of the frame that some of its files lack, in the same way: they are null there.
    """

    frame: DataFrame
    unusable: Mapping[str, str]
    lacking: Mapping[str, str] = {}


def open_csv(
    spark: SparkSession, place: str, *, encoding: str = UTF_8, options: Mapping[str, str] | None = None
) -> Opened:
    """A CSV file or a folder of them; a column that some of the files lack cannot be used.

    encoding: of the text. options: as Spark's reader takes them; they go before RFC 4180. Raises SourceError where a
    file cannot be used, FileNotFoundError where nothing is there.
    """
    given = {key: value for key, value in (options or {}).items() if key.lower() not in ("encoding", "charset")}
    encoding = next((v for k, v in (options or {}).items() if k.lower() in ("encoding", "charset")), encoding)
    files, in_java = [file for file in listed(spark, place) if file.size], java_encoding(spark, encoding)
    if not files:
        raise SourceError(f"`{place}` cannot be read", [Finding("empty", place, "there is no header and no row")])
    groups: dict[Header, list[File]] = {}
    for file, header in headers(files, encoding=encoding, options=given):
        groups.setdefault(header, []).append(file)
    unusable = _unusable(groups)
    shared = [name for name in next(iter(groups)).names if name.lower() not in unusable]
    frames = []
    for header, own in groups.items():
        partitions = own[0].partition_names
        reader = spark.read.schema(_text_schema([*header.names, _CORRUPT, *partitions]))
        ends = {"lineSep": header.line_end} if header.line_end else {}
        told = {**_RFC_4180, "header": "true", "sep": header.separator, "encoding": in_java, **ends, **given, **_OURS}
        told |= {**_NO_GLOB, **({"basePath": place} if partitions else {})}
        is_open = _is_open([file.end(_TAIL).decode(encoding, "replace") for file in own], header, told)
        columns = [*_columns(header, shared), *map(F.col, partitions), _bad_row(header, encoding, is_open)]
        reader = reader.format("csv").options(**told)
        frames += [reader.load(paths).select(*columns) for paths in _together(own)]
    return Opened(union_all(frames), unusable)


def open_parquet(spark: SparkSession, place: str) -> Opened:
    """A Parquet file or a folder of them; a column that Spark cannot take, or that differs by file, cannot be used.

    A column that some files lack, or in which they hold nothing at all, is null there. Nanoseconds are cut to
    microseconds. What folders name is text, and cannot be used where files have it too. Raises as `open_csv` does.
    """
    files = listed(spark, place)
    schema = parquet_schema.of_files(files)
    reader = spark.read.format("parquet").options(**_NO_GLOB)
    if any(file.partition_names for file in files):
        reader = reader.option("basePath", place)
    if schema.explicit is not None:
        reader = reader.schema(schema.explicit)
    frames = [reader.load(paths) for paths in _together([file for file in files if file.path not in schema.untyped])]
    for names, own in schema.by_untyped(files).items():  # Spark takes no column without a type: it is left unread there
        kinds = schema.explicit.fields if schema.explicit else ()
        typed = StructType([field for field in kinds if field.name.lower() not in names])
        nulls = {field.name: F.lit(None).cast(field.dataType) for field in kinds if field.name.lower() in names}
        frames += [reader.schema(typed).load(paths).withColumns(nulls) for paths in _together(own)]
    frame = union_all(frames)
    for name, kind in schema.counted.items():
        frame = frame.withColumn(name, parquet_schema.as_time(F.col(_quoted(name)), kind))
    frame = frame.drop(*[name for name in frame.columns if name.lower() in schema.unusable])
    return Opened(frame, schema.unusable, schema.lacking)


def _together(files: Sequence[File]) -> list[list[str]]:
    """Paths to read at once. Among several, one with a mark of globs would stand for its whole folder (Spark 4.1)."""
    plain = [file.path for file in files if not _GLOB & set(file.path)]
    return [*([plain] if plain else []), *[[file.path] for file in files if _GLOB & set(file.path)]]


def _unusable(groups: Mapping[Header, Sequence[File]]) -> dict[str, str]:
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


def _has(header: Header, name: str) -> bool:
    return name.lower() in {own.lower() for own in header.names}


def _text_schema(names: Sequence[str]) -> StructType:
    schema = StructType()
    for name in names:
        schema.add(name, StringType())
    return schema


def _columns(header: Header, shared: Sequence[str]) -> list[Column]:
    """The columns that all files have. Where lines end in LF, a CR before it is no part of the last value."""
    last = header.names[-1]
    return [
        F.rtrim(F.col(_quoted(name)), F.lit("\r")).alias(name) if name.lower() == last.lower() else F.col(_quoted(name))
        for name in shared
    ]


def _is_open(ends: Sequence[str], header: Header, told: Mapping[str, str]) -> Column:
    """True for a record with a quote that nothing closes, up to the end of its file: it has swallowed the rows between.

    ends: of the files. A field with line breaks is such a one where a file ends as it does, without a quote behind it.
    Of a ragged record the raw text is known: there the quotes are counted.
    """
    quote, escaped = told["quote"], told["escape"] + told["quote"]
    if not quote:
        return F.lit(False)
    tails = ["\n".join(end.replace(escaped, quote).splitlines()).rstrip(" \t\n") for end in ends]
    raw, last = F.col(_CORRUPT), F.regexp_replace(F.col(_quoted(header.names[-1])), "\r\n?", "\n")
    value, opened = F.regexp_replace(last, "[ \t\n]+$", ""), F.lit(quote)
    is_at_end = F.exists(
        F.array(*map(F.lit, tails)), lambda tail: F.endswith(value, tail) | F.endswith(tail, F.concat(opened, value))
    )
    plain = F.replace(raw, F.lit(escaped), F.lit(""))
    is_odd = (F.length(plain) - F.length(F.replace(plain, opened, F.lit("")))) % 2 == 1
    has_break = F.coalesce(raw, last).rlike("[\r\n]")
    return F.when(has_break, F.when(raw.isNotNull(), is_odd).otherwise((value != "") & is_at_end)).otherwise(False)


def _bad_row(header: Header, encoding: str, is_open: Column) -> Column:
    is_ragged = F.col(_CORRUPT).isNotNull()
    is_lost = reduce(or_, [F.coalesce(F.col(_quoted(n)).contains(REPLACEMENT), F.lit(False)) for n in header.names])
    file = F.col("_metadata.file_name")
    ragged = f"more or fewer fields than the {len(header.names)} of the header of "
    lost = f"bytes that are not {encoding}: name the files' `encoding` (GBK, GB18030, windows-1252, …): "
    unclosed = F.concat(F.lit("file: "), F.col("_metadata.file_path"), F.lit(f", {OPEN_QUOTE}"))
    return (
        F.when(is_open, F.raise_error(unclosed))
        .when(is_ragged, F.struct(F.lit(RAGGED).alias("reason"), F.concat(F.lit(ragged), file).alias("detail")))
        .when(is_lost, F.struct(F.lit(NOT_DECODED).alias("reason"), F.concat(F.lit(lost), file).alias("detail")))
        .alias(BAD_ROW)
    )


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
