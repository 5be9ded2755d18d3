"""How a user's assets changed over a month: balances at its end against those at its start."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.table import MONEY
from reactivation.labels.settings import LabelSettings
from reactivation.periods import Calendar, Month

_COLUMNS = f"cycle string, user_id bigint, asset_change {MONEY}, has_asset_uplift boolean"

_ORDER = (
    f"datediff(snapshot_on, of.first) * {1 << 48}L + (unix_micros(arrived_at) - unix_date(snapshot_on) * 86400000000L)"
)
"""Of two balances the one of the later day has the greater order; of one day, what arrived later.

Exact while a balance arrives less than 8.9 years after its day, which `max_age_months` sees to.
"""


def asset_change(
    snapshots: DataFrame | None, *, month: Month, known_before: date, calendar: Calendar, settings: LabelSettings
) -> DataFrame:
    """The change over one month, as known before 00:00 of a day: see `asset_changes`. Key: user_id."""
    months = {month: known_before}
    return asset_changes(snapshots, months=months, calendar=calendar, settings=settings).drop("cycle")


def asset_changes(
    snapshots: DataFrame | None, *, months: Mapping[Month, date], calendar: Calendar, settings: LabelSettings
) -> DataFrame:
    """One row per month (`cycle`) and user with a balance: asset_change, has_asset_uplift; both null where not known.

    A balance stands at its day's end, so the month starts with the last one of a day before its first, and ends with
    the last one of a day before the next month's; each product's is carried forward for at most `max_age_months`. Of
    several that name one day the latest to arrive before 00:00 of the month's day counts.
    A product first seen within the month began at 0, where another product was known at the start. Nothing is said of a
    user of whom no balance was known at the start, or of whom one known at the start has grown too old at the end.
    snapshots: None where the region has no balances; then there are no rows. months: each with the day that counts.
    """
    if snapshots is None:
        return SparkSession.active().createDataFrame([], _COLUMNS)
    uplift = settings.asset_uplift
    each = [_bounds(month, calendar.starts(known), uplift.max_age_months) for month, known in months.items()]
    is_known = F.expr("snapshot_on >= of.oldest and snapshot_on < of.end and arrived_at < of.known_before")
    by_product = (
        snapshots.where(F.col("snapshot_on") >= F.lit((min(months) - uplift.max_age_months).first))
        .select("user_id", "product", "snapshot_on", "arrived_at", "balance", F.explode(F.array(*each)).alias("of"))
        .where(is_known)
        .groupBy(F.col("of.cycle").alias("cycle"), "user_id", "product")
        .agg(
            _balance("snapshot_on < of.first").alias("start"),
            _balance("snapshot_on >= of.oldest_at_end").alias("end"),
        )
    )
    has_lost_sight = F.col("start").isNotNull() & F.col("end").isNull()
    by_user = by_product.groupBy("cycle", "user_id").agg(
        F.sum("start").alias("start"), F.sum("end").alias("end"), F.bool_or(has_lost_sight).alias("has_lost_sight")
    )
    change = F.when(~F.col("has_lost_sight"), F.col("end") - F.col("start")).cast(MONEY)
    known = by_user.withColumn("asset_change", change)
    is_above_amount = F.col("asset_change") > F.lit(uplift.min_amount)
    is_above_share = F.col("asset_change") > F.lit(uplift.min_share) * F.greatest("start", F.lit(0))
    uplifted = (is_above_amount & is_above_share).alias("has_asset_uplift")
    return known.select("cycle", "user_id", "asset_change", uplifted)


def _bounds(month: Month, known_before: Column, max_age_months: int) -> Column:
    """The days between which a balance counts at a month's start and at its end."""
    days = {
        "oldest": (month - max_age_months).first,
        "first": month.first,
        "oldest_at_end": (month + 1 - max_age_months).first,
        "end": (month + 1).first,
    }
    dates = [F.lit(day).alias(name) for name, day in days.items()]
    return F.struct(F.lit(str(month)).alias("cycle"), *dates, known_before.alias("known_before"))


def _balance(stood: str) -> Column:
    """The product's last balance under a condition on its day; else null."""
    return F.max_by("balance", F.expr(f"if({stood}, {_ORDER}, null)"))
