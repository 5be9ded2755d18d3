"""How a user's assets changed over a month: balances at its end against those at its start."""

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.table import MONEY
from reactivation.labels.settings import LabelSettings
from reactivation.periods import Calendar, Month

_COLUMNS = f"user_id bigint, asset_change {MONEY}, has_asset_uplift boolean"


def asset_change(
    snapshots: DataFrame | None, *, month: Month, known_before: date, calendar: Calendar, settings: LabelSettings
) -> DataFrame:
    """One row per user with a balance: asset_change over the month, has_asset_uplift; both null where not known.

    A balance stands at its day's end, so the month starts with the last one of a day before its first, and ends with
    the last one of a day before the next month's; each product's is carried forward for at most `max_age_months`. Of
    several that name one day the latest to arrive before 00:00 of `known_before` counts.
    A product first seen within the month began at 0, where another product was known at the start. Nothing is said of a
    user of whom no balance was known at the start, or of whom one known at the start has grown too old at the end.
    snapshots: None where the region has no balances; then there are no rows.
    """
    if snapshots is None:
        return SparkSession.active().createDataFrame([], _COLUMNS)
    uplift = settings.asset_uplift
    start, end = _balance_before(month, uplift.max_age_months), _balance_before(month + 1, uplift.max_age_months)
    earliest = (month - uplift.max_age_months).first
    may_count = (F.col("snapshot_on") >= F.lit(earliest)) & (F.col("snapshot_on") < F.lit((month + 1).first))
    by_product = (
        snapshots.where(may_count & calendar.is_before("arrived_at", known_before))
        .groupBy("user_id", "product")
        .agg(start.alias("start"), end.alias("end"))
    )
    has_lost_sight = F.col("start").isNotNull() & F.col("end").isNull()
    by_user = by_product.groupBy("user_id").agg(
        F.sum("start").alias("start"), F.sum("end").alias("end"), F.bool_or(has_lost_sight).alias("has_lost_sight")
    )
    change = F.when(~F.col("has_lost_sight"), F.col("end") - F.col("start")).cast(MONEY)
    known = by_user.withColumn("asset_change", change)
    is_above_amount = F.col("asset_change") > F.lit(uplift.min_amount)
    is_above_share = F.col("asset_change") > F.lit(uplift.min_share) * F.greatest("start", F.lit(0))
    return known.select("user_id", "asset_change", (is_above_amount & is_above_share).alias("has_asset_uplift"))


def _balance_before(month: Month, max_age_months: int) -> Column:
    """The product's last balance of a day before the month's first, not older than so many months; else null."""
    oldest = (month - max_age_months).first
    stood = (F.col("snapshot_on") >= F.lit(oldest)) & (F.col("snapshot_on") < F.lit(month.first))
    order = F.struct("snapshot_on", "arrived_at", "balance")
    return F.max(F.when(stood, order))["balance"]
