"""Mergeable monthly partials: what each user did, per event month and per arrival cycle.

Raw rows are aggregated once, in the month in which they arrive. Whatever needs months of behaviour merges partials; so
a month of work costs one month of rows, late rows are never lost, and any past cycle can be rebuilt to the same values.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.activity import logins
from reactivation.tables.measure import Measure
from reactivation.activity.settings import ActivitySettings
from reactivation.periods import Calendar, Month, Window
from reactivation.tables import canonical, derived
from reactivation.tables.contract import Table

__all__ = ["ActivitySettings", "Measure", "contract", "measures", "merge_months", "partials", "straight"]


def measures(settings: ActivitySettings) -> dict[str, tuple[Measure, ...]]:
    """All measures by the source they are taken from."""
    return {
        "logins": logins.MEASURES,
    }


def contract(settings: ActivitySettings) -> Table:
    """The contract of `activity` with a column for each measure; those of an absent source stay null."""
    return derived.ACTIVITY.extended(m.column for group in measures(settings).values() for m in group)


def partials(
    sources: Mapping[str, DataFrame], *, arrival_cycle: Month, calendar: Calendar, settings: ActivitySettings
) -> DataFrame:
    """Aggregate the canonical rows that arrived in one month to one row per event month and user.

    sources: canonical tables by name; those that a region lacks are simply not there.
    """
    arrived = {name: table.where(F.col("arrival_cycle") == str(arrival_cycle)) for name, table in sources.items()}
    months = _by_month(arrived, calendar=calendar, settings=settings)
    return contract(settings).select(months.withColumn("arrival_cycle", F.lit(str(arrival_cycle))))


def straight(
    sources: Mapping[str, DataFrame],
    *,
    window: Window,
    known_before: date,
    calendar: Calendar,
    settings: ActivitySettings,
) -> DataFrame:
    """Aggregate canonical rows of a window straight to one row per user and event month, with both clocks.

    What happened in `window` and arrived before 00:00 of `known_before`: the month to date of a wave, the month of a
    label or an outcome. Nothing of it is stored.
    """
    known = {name: _known(table, name, window, known_before, calendar) for name, table in sources.items()}
    return _by_month(known, calendar=calendar, settings=settings)


def merge_months(partials: DataFrame, *, cycle: Month, settings: ActivitySettings, months: int) -> DataFrame:
    """Merge what was known at a cycle's observation date to one row per user and event month.

    Both clocks hold: only partials that arrived before the cycle, only months before it, at most `months` of them.
    The result is partitioned by user, so a following aggregation by user needs no further shuffle.
    """
    known = (F.col("arrival_cycle") < str(cycle)) & F.col("event_month").between(str(cycle - months), str(cycle - 1))
    merged = [m.merged for group in measures(settings).values() for m in group]
    return partials.where(known).repartition("user_id").groupBy("user_id", "event_month").agg(*merged)


def _by_month(sources: Mapping[str, DataFrame], *, calendar: Calendar, settings: ActivitySettings) -> DataFrame:
    """One row per user and event month with every measure of the contract; null where a source is absent."""
    keys = ("event_month", "user_id")
    known = {name: group for name, group in measures(settings).items() if name in sources}
    parts = [
        _with_local_time(sources[name], canonical.EVENT_TIME[name], calendar)
        .groupBy(*keys)
        .agg(*[m.from_rows for m in group])
        for name, group in known.items()
    ]
    together = reduce(partial(DataFrame.unionByName, allowMissingColumns=True), parts)
    merged = together.groupBy(*keys).agg(*[m.merged for group in known.values() for m in group])
    absent = [m for name, group in measures(settings).items() if name not in sources for m in group]
    return merged.withColumns({m.name: F.lit(None).cast(m.type) for m in absent})


def _known(table: DataFrame, name: str, window: Window, known_before: date, calendar: Calendar) -> DataFrame:
    happened = canonical.EVENT_TIME[name]
    is_date = dict(table.dtypes)[happened] == "date"
    is_in_window = window.has_day(F.col(happened)) if is_date else calendar.is_within(happened, window)
    return table.where(is_in_window & calendar.is_before("arrived_at", known_before))


def _with_local_time(table: DataFrame, happened: str, calendar: Calendar) -> DataFrame:
    is_date = dict(table.dtypes)[happened] == "date"
    local = F.col(happened) if is_date else calendar.local(happened)
    return table.withColumns({"event_month": F.date_format(local, "yyyy-MM"), "local_day": F.day(local)})
