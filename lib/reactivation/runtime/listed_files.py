"""Rows of a Delta table by the list of files in its log, without Delta's own queries."""

from collections.abc import Mapping
from contextlib import suppress

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from reactivation.frames import of_records
from reactivation.runtime.snapshot import Snapshot, newest

_MOST_FILES = 1000
"""Data files that are read by the log's own list: Spark looks for them one by one."""


def rows_at(spark: SparkSession, place: str, options: Mapping[str, str]) -> DataFrame:
    """The rows of any Delta table by its path: see `StoredTable.load`. options: of Delta's reader."""
    is_newest = not {"versionasof", "timestampasof"} & {name.lower() for name in options}
    known = newest(place) if is_newest else None
    if known is not None and is_read_by_list(known):
        with suppress(AnalysisException):  # a file is gone: Delta says it better
            return of_files(spark, place, known)
    return spark.read.format("delta").options(**options).load(place)


def is_read_by_list(known: Snapshot) -> bool:
    """True where the log's own list of files is the whole truth, and short enough."""
    return known.is_plain and len(known.files) <= _MOST_FILES


def of_files(spark: SparkSession, place: str, known: Snapshot) -> DataFrame:
    """The rows of the files that a log names."""
    if not known.files:
        return of_records(spark, [], known.schema)
    reader = spark.read.schema(known.schema).option("basePath", place)
    paths = [f"{place}/{file.path}" for file in known.files]
    return reader.option("__globPaths__", "false").parquet(*paths).select(*known.schema.names)
