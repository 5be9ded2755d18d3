"""Frames kept at hand, and small frames as plain records, there and back."""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

FEW = 3_000_000
"""Rows of a number or two that may be sent to all executors, where they take up some 200 MB."""


def checkpointed(frame: DataFrame) -> DataFrame:
    """The same rows, computed now and then kept beside the executors until nobody holds the frame.

    What several queries need is computed once, and none of them plans again how it came about. Unlike `persist`, it
    forgets the plan: a later write to a table it was read from does not make Spark compute it again, and long plans do
    not grow longer. An executor that is lost takes its rows along, and the job is run again.
    """
    return frame.localCheckpoint(eager=True, storageLevel=StorageLevel.MEMORY_AND_DISK)


def broadcast_if_small(frame: DataFrame, *, rows: int) -> DataFrame:
    """The same rows; where they are few, sent to all executors as soon as a join asks for them.

    rows: how many they are. Spark cannot tell, and would move the other, larger side of the join to find out.
    """
    return F.broadcast(frame) if rows <= FEW else frame


def union_all(frames: Iterable[DataFrame]) -> DataFrame:
    """The rows of all frames, one at least, under the columns of the first."""
    return reduce(DataFrame.unionByName, frames)


def counted_by(rows: DataFrame) -> DataFrame:
    """Each different row once, with how many there are of it: `rows`."""
    return rows.groupBy(*rows.columns).agg(F.count("*").alias("rows"))


def records(few: DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame whose size does not grow with users, on the driver."""
    return [row.asDict() for row in few.collect()]


def of_records(spark: SparkSession, records: Iterable[Mapping[str, Any]], schema: StructType) -> DataFrame:
    """A few records of the driver as a frame; a column that a record does not name is null.

    They travel as Arrow and become a plain local relation, so no Python worker is started for a handful of rows.
    """
    names = schema.names
    plain = [{name: record.get(name) for name in names} for record in records]
    return spark.createDataFrame(pa.Table.from_pylist(plain, schema=to_arrow_schema(schema)), schema)
