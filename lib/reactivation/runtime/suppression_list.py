"""Reads suppression lists back, as the bank's other senders do."""

from collections.abc import Iterable

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.frames import union_all
from reactivation.periods import Month


def read_suppressed(spark: SparkSession, folder: str, cycles: Iterable[str]) -> DataFrame | None:
    """Return whom the lists of some cycles name: user_id, since (the cycle's first day), until; None without lists.

    Grain: user and cycle. `until` is the first day on which other senders may write again.
    """
    found = [frame for cycle in cycles if (frame := _of_cycle(spark, f"{folder}/{cycle}", cycle)) is not None]
    return union_all(found) if found else None


def _of_cycle(spark: SparkSession, folder: str, cycle: str) -> DataFrame | None:
    try:
        rows = spark.read.schema("user_id bigint, until date, purpose string").csv(
            f"{folder}/suppression.csv", header=True
        )
    except AnalysisException as error:
        if error.getCondition() == "PATH_NOT_FOUND":
            return None
        raise
    return rows.select("user_id", F.lit(Month.parse(cycle).first).alias("since"), "until")
