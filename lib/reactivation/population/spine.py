"""The spine: every signed-up user, as the master data stood at a day."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.frames import union_all
from reactivation.periods import Calendar, Month

_MASTER_DATA = ("signed_up_on", "birth_year", "gender", "branch", "segment", "has_phone", "has_push")


def signed_up(users: DataFrame, *, day: date, calendar: Calendar) -> DataFrame:
    """One row per user who had signed up before a day and had not left by then, with the master data known then.

    The latest version that arrived before 00:00 of the day counts, and what it says of sign-up and closing: a user
    whose closing is not known yet is still there.
    """
    latest = (
        users.where(calendar.is_before("arrived_at", day))
        .groupBy("user_id")
        .agg(F.max_by(F.struct(*_MASTER_DATA, "closed_on"), "arrived_at").alias("latest"))
        .select("user_id", "latest.*")
    )
    has_signed_up = F.col("signed_up_on") < F.lit(day)
    is_open = F.col("closed_on").isNull() | (F.col("closed_on") >= F.lit(day))
    return latest.where(has_signed_up & is_open).select("user_id", *_MASTER_DATA)


def spine(users: DataFrame, *, cycles: Sequence[Month], calendar: Calendar) -> DataFrame:
    """One row per cycle and user signed up at its observation date."""
    each = [
        signed_up(users, day=cycle.first, calendar=calendar).withColumn("cycle", F.lit(str(cycle))) for cycle in cycles
    ]
    return union_all(each)
