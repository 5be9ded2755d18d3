"""The spine: every signed-up user, as the master data stood at a day."""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reactivation.contracts.canonical import ATTRIBUTES
from reactivation.periods import Calendar, Month

_MASTER_DATA = ("signed_up_on", "birth_year", "gender", "branch", "segment", "has_phone", "has_push", *ATTRIBUTES)


def signed_up(users: DataFrame, *, day: date, calendar: Calendar) -> DataFrame:
    """One row per user who had signed up before a day and had not left by then, with the master data known then.

    The latest version that arrived before 00:00 of the day counts, and what it says of sign-up and closing: a user
    whose closing is not known yet is still there. arrived_at: when that version came.
    """
    return _signed_up(users, days={"": day}, calendar=calendar).drop("cycle")


def spine(users: DataFrame, *, cycles: Sequence[Month], calendar: Calendar) -> DataFrame:
    """One row per cycle and user signed up at its observation date."""
    return _signed_up(users, days={str(cycle): cycle.first for cycle in cycles}, calendar=calendar).drop("arrived_at")


def _signed_up(users: DataFrame, *, days: Mapping[str, date], calendar: Calendar) -> DataFrame:
    """The rows of `signed_up` for each of some days, named by `cycle`. The versions of a user are put in order once."""
    versions = Window.partitionBy("user_id").orderBy("arrived_at")
    dated = users.select("user_id", "arrived_at", *_MASTER_DATA, "closed_on").withColumn(
        "replaced_at", F.lead("arrived_at").over(versions)
    )
    each = [
        F.struct(F.lit(name).alias("cycle"), F.lit(day).alias("day"), calendar.starts(day).alias("begins"))
        for name, day in days.items()
    ]
    is_latest = F.expr("arrived_at < of.begins and (replaced_at is null or replaced_at >= of.begins)")
    is_open = F.expr("signed_up_on < of.day and (closed_on is null or closed_on >= of.day)")
    known = dated.withColumn("of", F.explode(F.array(*each))).where(is_latest & is_open)
    return known.select("of.cycle", "user_id", "arrived_at", *_MASTER_DATA)
