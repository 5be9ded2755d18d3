"""Reads suppression lists back, as the bank's other senders do."""

from collections.abc import Iterable
from datetime import timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.frames import union_all
from reactivation.periods import Month
from reactivation.runtime.files import is_there


def read_suppressed(
    spark: SparkSession, folder: str, cycles: Iterable[str], *, days_to_take_over: int = 0
) -> DataFrame | None:
    """Return whom the lists of some cycles name: user_id, since, until; None without lists.

    Grain: user and cycle. `since` lies `days_to_take_over` after the cycle's first day, on which its list is written.
    `until` is the first day on which other senders may write again.
    """
    found = [f"{folder}/{cycle}/suppression.csv" for cycle in cycles]
    lists = [_of_cycle(spark, place, days_to_take_over) for place in found if is_there(spark, place)]
    return union_all(lists) if lists else None


def _of_cycle(spark: SparkSession, place: str, days_to_take_over: int) -> DataFrame:
    rows = spark.read.schema("user_id bigint, until date, purpose string").csv(place, header=True)
    since = Month.parse(place.split("/")[-2]).first + timedelta(days=days_to_take_over)
    return rows.select("user_id", F.lit(since).alias("since"), "until")
