"""Opens CSV and Parquet files as one table: columns by name, file by file, wherever Spark reaches the files.

CSV is read by RFC 4180. All its columns are text. Rows that are broken stay in the table and say so in `BAD_ROW`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from reactivation.errors import Finding, SourceError
from reactivation.frames import quoted, union_all
from reactivation.runtime import csv_rows, parquet_schema
from reactivation.runtime.csv_headers import CORRUPT, RESERVED, Header, headers, java_encoding
from reactivation.runtime.hadoop_files import File, listed

UTF_8 = "utf-8"

_RFC_4180 = {"multiline": "true", "quote": '"', "escape": '"', "unescapedquotehandling": "RAISE_ERROR"}
_OURS = {"mode": "PERMISSIVE", "columnnameofcorruptrecord": CORRUPT, "enforceschema": "true"}
"""Spark's options; case is nothing to it, so that here all are in lower case."""
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
    given = {key.lower(): value for key, value in (options or {}).items()}
    encoding = given.pop("charset", given.pop("encoding", encoding))
    if given.get("multiline", "true").lower() != "true":
        advice = "fields may hold line breaks, which would break rows in two: take the option out"
        raise SourceError(f"`{place}` cannot be read", [Finding("option", "multiLine", advice)])
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
        reader = spark.read.schema(_text_schema([*header.names, CORRUPT, *partitions]))
        ends = {"linesep": header.line_end.removeprefix("\r") or "\r"} if header.line_end else {}
        told = {**_RFC_4180, "header": "true", "sep": header.separator, "encoding": in_java, **ends, **given, **_OURS}
        told |= {**_NO_GLOB, **({"basePath": place} if partitions else {})}
        tails = [csv_rows.ending(spark, file, encoding, in_java, quote=(told["quote"], told["escape"])) for file in own]
        values = csv_rows.values(header, shared, null=told.get("nullvalue", ""))
        columns = [*values, *map(F.col, partitions), csv_rows.bad_row(header, encoding, told, tails)]
        reader = reader.format("csv").options(**told)
        frames += [reader.load(paths).where(csv_rows.is_row(header)).select(*columns) for paths in _together(own)]
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
        frame = frame.withColumn(name, parquet_schema.as_time(F.col(quoted(name)), kind))
    frame = frame.drop(*[name for name in frame.columns if name.lower() in schema.unusable])
    return Opened(frame, schema.unusable, schema.lacking)


def _together(files: Sequence[File]) -> list[list[str]]:
    """Paths to read at once. Among several, one with a mark of globs would stand for its whole folder (Spark 4.1)."""
    plain = [file.path for file in files if not _GLOB & set(file.path)]
    return [*([plain] if plain else []), *[[file.path] for file in files if _GLOB & set(file.path)]]


def _unusable(groups: Mapping[Header, Sequence[File]]) -> dict[str, str]:
    """Columns that stand twice in a header, have a taken name, or are not in every file: why, by lower-case name."""
    result = {}
    for header, files in groups.items():
        for name in header.names:
            lacking = [own[0].name for other, own in groups.items() if not _has(other, name)]
            if lacking:
                result[name.lower()] = f"{', '.join(lacking)} lacks the column, {files[0].name} has it"
        for name in header.names:
            plain, mark, _ = name.rpartition("#")
            if mark and plain and not _has(header, plain):
                why = "is a name that is taken: rename it" if plain.lower() in RESERVED else "stands twice"
                result[plain.lower()] = f"`{plain.lower()}` {why} in the header of {files[0].name}"
    return result


def _has(header: Header, name: str) -> bool:
    return name.lower() in {own.lower() for own in header.names}


def _text_schema(names: Sequence[str]) -> StructType:
    schema = StructType()
    for name in names:
        schema.add(name, StringType())
    return schema
