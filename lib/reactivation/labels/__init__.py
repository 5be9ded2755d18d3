"""What users did in a settled month: active, as conf defines it; assets up, by more than a share and an amount."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady
from reactivation.labels.assets import asset_change
from reactivation.labels.behaviour import behaviour, on_spine
from reactivation.labels.days import MEASURES, with_active_days, with_later
from reactivation.labels.settings import AssetUpliftSettings, LabelSettings
from reactivation.periods import Calendar, Month

__all__ = [
    "MEASURES",
    "AssetUpliftSettings",
    "LabelSettings",
    "asset_change",
    "behaviour",
    "build",
    "on_spine",
    "with_active_days",
    "with_later",
]


def build(
    spine: DataFrame,
    *,
    sources: Mapping[str, DataFrame],
    months: DataFrame,
    month: Month,
    usable_on: date,
    calendar: Calendar,
    settings: LabelSettings,
) -> DataFrame:
    """One row of `labels` per user of the spine: what happened in the month and had arrived when it settled.

    spine: users signed up at the month's observation date. months: rows of `features.partials.in_window` of the month,
    known before its settle date. usable_on: the day the labels are asked for, a cycle's observation date; NotReady
    names the settle date where the month has not settled by then.
    """
    settle_on = calendar.settle_on(month)
    if settle_on > usable_on:
        advice = f"settles on {settle_on}; asked for on {usable_on}. Run a cycle from then on"
        raise NotReady(f"labels of {month} cannot be made yet", [Finding("not settled", str(month), advice)])
    change = asset_change(
        sources.get("asset_snapshots"), month=month, known_before=settle_on, calendar=calendar, settings=settings
    )
    users = spine.select("user_id")
    known = on_spine(users, behaviour(sources, months, settings), sources).join(change, "user_id", "left")
    return derived.LABELS.select(known.withColumn("cycle", F.lit(str(month))))
