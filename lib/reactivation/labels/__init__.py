"""What users did in a settled month: active, as conf defines it; assets up, by more than a share and an amount."""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame

from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady
from reactivation.labels.assets import asset_change, asset_changes
from reactivation.labels.base_rates import base_rates
from reactivation.labels.behaviour import behaviour, on_spine, sources_asked
from reactivation.labels.days import MEASURES, with_active_days, with_later
from reactivation.labels.settings import AssetUpliftSettings, LabelSettings
from reactivation.periods import Calendar, Month

__all__ = [
    "DEFINITION_VERSION",
    "MEASURES",
    "AssetUpliftSettings",
    "LabelSettings",
    "asset_change",
    "base_rates",
    "behaviour",
    "build",
    "on_spine",
    "sources_asked",
    "with_active_days",
    "with_later",
]

DEFINITION_VERSION = 1
"""Of `labels`. Raise it with every change of code that changes a value: see tests/features/test_definitions.py."""


def build(
    spine: DataFrame,
    *,
    sources: Mapping[str, DataFrame],
    months: DataFrame,
    cycles: Sequence[Month],
    usable_on: date,
    calendar: Calendar,
    settings: LabelSettings,
) -> DataFrame:
    """One row of `labels` per row of the spine: what happened in the month and had arrived when it settled.

    spine: cycle, user_id of users signed up at the observation dates of `cycles`. months: rows of
    `features.partials.in_windows`, each of the cycles as known before its settle date. usable_on: the day the labels
    are asked for, a cycle's observation date; NotReady names the months that have not settled by then.
    """
    settles = {cycle: calendar.settle_on(cycle) for cycle in cycles}
    early = {cycle: day for cycle, day in settles.items() if day > usable_on}
    if early:
        advice = "settles on {}; asked for on {}. Run a cycle from then on"
        findings = [Finding("not settled", str(cycle), advice.format(day, usable_on)) for cycle, day in early.items()]
        raise NotReady(f"labels of {', '.join(map(str, early))} cannot be made yet", findings)
    key = ["cycle", "user_id"]
    did = behaviour(sources, months.withColumnRenamed("event_month", "cycle"), settings, by=key)
    change = asset_changes(sources.get("asset_snapshots"), months=settles, calendar=calendar, settings=settings)
    known = on_spine(spine.select(*key), did, sources, by=key).join(change, key, "left")
    return derived.LABELS.select(known)
