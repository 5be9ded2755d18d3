"""Reads channel files back: for the read-out, and for a simulated bank that sends them."""

from collections.abc import Iterable

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.frames import union_all

_COLUMNS = "contact_id string, user_id bigint, benefit string, send_on date"
_PLACE = r"/([^/]+)/([^/]+)/([^/]+)[.]csv$"


def read_sent(spark: SparkSession, folder: str, cycles: Iterable[str]) -> DataFrame | None:
    """Return all contacts in the channel files of some cycles, with cycle, wave and channel; None without files."""
    found = [frame for cycle in cycles if (frame := _of_cycle(spark, f"{folder}/{cycle}")) is not None]
    return union_all(found) if found else None


def _of_cycle(spark: SparkSession, folder: str) -> DataFrame | None:
    try:
        rows = spark.read.schema(_COLUMNS).option("header", "true").csv(f"{folder}/*/*.csv")
    except AnalysisException as error:
        if error.getCondition() == "PATH_NOT_FOUND":
            return None
        raise
    place = F.col("_metadata.file_path")
    parts = {name: F.regexp_extract(place, _PLACE, n) for n, name in enumerate(("cycle", "wave", "channel"), start=1)}
    return rows.withColumns(parts)
