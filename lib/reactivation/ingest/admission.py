"""When a row counts as arrived: when the warehouse had it, but never before its user was known.

A row of an unknown user waits in quarantine. Once the user's first master row is there, the row is admitted and counts
as arrived at that moment: `greatest(arrived_at, first arrival of the user)`, which depends on the data alone, so that a
rebuild gives the same. An earlier month in which it came keeps it as quarantined, the month that admits it counts it
again.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.table import Table
from reactivation.frames import counted_by, union_all
from reactivation.ingest import mapping
from reactivation.ingest.arrival_range import Span, month_of
from reactivation.ingest.rules import broken, is_fine
from reactivation.periods import Calendar

UNKNOWN_USER = "unknown_user"
TAKEN_BACK = "is_taken_back"
"""True for a waiting row whose user became known in the month in which it came: it leaves the quarantine again."""
_OF_LATECOMERS = ("first_at", "first_month", "is_latecomer")


def since_sign_up(users: DataFrame, calendar: Calendar) -> DataFrame:
    """Master rows without an arrival are known since the day of sign-up; one that cannot be read stays a bad type."""
    is_empty = F.col(f"{mapping.CAME_AS}.arrived_at").isNull()
    day = F.col("signed_up_on")
    zero = F.lit(0)
    began = F.make_timestamp_ltz(F.year(day), F.month(day), F.day(day), zero, zero, zero, F.lit(calendar.zone))
    return users.withColumn("arrived_at", F.when(is_empty, began).otherwise(F.col("arrived_at")))


def first_arrivals(users: list[DataFrame], calendar: Calendar) -> DataFrame:
    """One row per user: when the first master row arrived, and in which month."""
    known = union_all([table.select("user_id", "arrived_at") for table in users])
    first = known.groupBy("user_id").agg(F.min("arrived_at").alias("first_at"))
    return first.withColumn("first_month", month_of(F.col("first_at"), calendar))


def waits(admissible: DataFrame) -> DataFrame:
    """Waiting rows that the span can admit, counted by source in the form of `fates.came`."""
    named = admissible.select(
        "source",
        F.col("cycle").alias("arrival_cycle"),
        F.lit(None).cast("string").alias("late"),
        F.lit(True).alias("is_waiting"),
        TAKEN_BACK,
    )
    return counted_by(named)


def waiting(admissible: DataFrame, table: Table, *, taken_back: bool) -> DataFrame:
    """The waiting rows of a source that the span can admit, or takes back, unpacked for another try."""
    is_it = (F.col("source") == table.name) & (F.col(TAKEN_BACK) == taken_back)
    return mapping.from_json(admissible.where(is_it), table)


def latecomers(rows: DataFrame, first_at: DataFrame) -> DataFrame:
    """The users who became known after a row of theirs had come, or never: few, and no row of others needs a look.

    Grain and key: user_id, with first_at and first_month, both null for the unknown. rows: fine rows with user_id and
    arrived_at.
    """
    earliest = rows.groupBy("user_id").agg(F.min("arrived_at").alias("earliest"))
    is_late = F.col("first_at").isNull() | (F.col("earliest") < F.col("first_at"))
    late = earliest.join(first_at, "user_id", "left").where(is_late)
    return late.select("user_id", "first_at", "first_month", F.lit(True).alias("is_latecomer"))


def is_in_time() -> Column:
    """True for a checked row, with the columns of `latecomers`, that came when its user was known."""
    return F.coalesce(F.col("first_at") <= F.col("arrived_at"), F.col("is_latecomer").isNull())


def admitted(rows: DataFrame, span: Span, *, waited: bool) -> DataFrame:
    """Each row in the month in which it counts, with `came_at` as its own arrival and `is_readmitted`.

    Grain: checked rows with the columns of `latecomers`, null where the user is none; one that breaks a rule already
    stays as it is. A row whose user became known in a later month of the span stands there twice, as unknown in the
    month it came and as admitted later. waited: the rows come from an earlier month's quarantine, where their first
    entry stands already.
    """
    known = rows.withColumnRenamed("arrived_at", "came_at")
    is_nobody = is_fine() & F.col("is_latecomer").isNotNull() & F.col("first_at").isNull()
    is_known_later = F.coalesce(is_fine() & (F.col("first_month") > F.col("arrival_cycle")), F.lit(False))
    later = known.where(is_known_later).withColumns(
        {"arrived_at": F.col("first_at"), "arrival_cycle": F.col("first_month"), "is_readmitted": F.lit(True)}
    )
    if waited:
        return later.drop(*_OF_LATECOMERS)
    is_unknown = is_nobody | is_known_later
    is_admitted = is_fine() & ~is_unknown
    first = known.withColumns(
        {
            "rule": F.coalesce("rule", _unknown(is_unknown)),
            "arrived_at": F.when(is_admitted, F.greatest("came_at", "first_at")).otherwise(F.col("came_at")),
            "is_readmitted": F.lit(False),
        }
    )
    both = first.unionByName(later) if span.has_several_months else first
    return both.drop(*_OF_LATECOMERS)


def admissible(quarantine: DataFrame, first_at: DataFrame, span: Span, calendar: Calendar) -> DataFrame:
    """Rows that came before the span and whose user first arrived within it, with `TAKEN_BACK`."""
    came_before = (F.col("reason") == UNKNOWN_USER) & (F.col("cycle") <= str(span.before.last))
    new = first_at.where(F.col("first_at") >= calendar.starts(span.before.end)).select("user_id", "first_month")
    known = quarantine.where(came_before).join(new, "user_id")
    return known.withColumn(TAKEN_BACK, F.col("first_month") == F.col("cycle")).drop("first_month")


def still_out(quarantine: DataFrame, admissible: DataFrame) -> DataFrame:
    """Rejected rows without those that are taken back."""
    back = admissible.where(TAKEN_BACK).select("user_id", F.lit(UNKNOWN_USER).alias("reason")).distinct()
    return quarantine.join(back, ["user_id", "reason"], "left_anti").select(*quarantine.columns)


def _unknown(is_unknown: Column) -> Column:
    text = "no row of `users` had arrived for user ", F.col("user_id"), " by the end of the month"
    return broken(is_unknown, UNKNOWN_USER, *text)
