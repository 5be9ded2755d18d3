"""Checkpoints, unions and small frames as plain records."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

BAD_ROW = "_bad_row"
"""Column of rows read from CSV files: null for a row that is whole, else struct (reason, detail)."""
BAD_ROW_TYPE = "struct<reason:string,detail:string>"
RAGGED, NOT_DECODED = "ragged_row", "not_decoded"
"""Reasons: another number of fields than the header has; bytes that are not of the encoding."""

NUMBER = "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"
"""A number as text, also within an SQL string: no suffix, hexadecimal or infinity, all of which a cast would take."""

FEW = 3_000_000
"""Rows of a number or two that may be sent to all executors, where they take up some 200 MB."""


def checkpointed(frame: DataFrame) -> DataFrame:
    """Compute the rows now and keep them on the executors until nobody holds the frame.

    Several queries then share one computation and a short plan. Unlike `persist`, a checkpoint forgets its plan: Spark
    does not compute it again after a later write to a table it was read from. A lost executor takes its rows along; the
    job must then run again.
    """
    return frame.localCheckpoint(eager=True, storageLevel=StorageLevel.MEMORY_AND_DISK)


def lost_rows(error: Exception) -> bool:
    """True where a query failed because an executor was lost with checkpointed rows."""
    return "CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND" in str(error)


def broadcast_if_small(frame: DataFrame, *, rows: int) -> DataFrame:
    """Mark the frame for a broadcast join where it has few rows.

    rows: number of rows. Spark does not know it, and would shuffle the larger side of the join to find out.
    """
    return F.broadcast(frame) if rows <= FEW else frame


def union_all(frames: Iterable[DataFrame]) -> DataFrame:
    """Return the rows of all frames under the columns of the first. Needs at least one frame."""
    return reduce(DataFrame.unionByName, frames)


def has_bad_rows(frame: DataFrame) -> bool:
    """True where the frame's rows say whether their file broke them; a file's own `_bad_row` is any column."""
    return (BAD_ROW, BAD_ROW_TYPE) in frame.dtypes


def own_columns(frame: DataFrame) -> list[str]:
    """The frame's columns but for `BAD_ROW`, which no file has."""
    return [name for name in frame.columns if name != BAD_ROW or not has_bad_rows(frame)]


def quoted(name: str) -> str:
    """A column's name as Spark's SQL takes it, whatever stands in it."""
    return f"`{name.replace('`', '``')}`"


def counted_by(rows: DataFrame) -> DataFrame:
    """Return each distinct row once, with its count in `rows`."""
    return rows.groupBy(*rows.columns).agg(F.count("*").alias("rows"))


def by_value(key: Column, values: Mapping[Any, Any], otherwise: Any = None) -> Column:
    """Return the value that stands beside each key; `otherwise` where the key is none of them, or its value is null."""
    return F.coalesce(*[F.when(key == name, F.lit(value)) for name, value in values.items()], F.lit(otherwise))


def records(few: DataFrame) -> list[dict[str, Any]]:
    """Collect a frame whose size does not grow with users."""
    return [row.asDict() for row in few.collect()]


def of_records(spark: SparkSession, records: Iterable[Mapping[str, Any]], schema: StructType) -> DataFrame:
    """Make a frame of a few records of the driver; a column that a record does not name is null.

    Arrow carries the records into a local relation, so Spark starts no Python worker.
    """
    names = schema.names
    plain = [{name: record.get(name) for name in names} for record in records]
    return spark.createDataFrame(pa.Table.from_pylist(plain, schema=to_arrow_schema(schema)), schema)
