"""Mergeable monthly partials: what each user did, per event month and per arrival cycle.

Raw rows are aggregated once, in the month in which they arrive. Whatever needs months of behaviour merges partials; so
a month of work costs one month of rows, late rows are never lost, and any past cycle can be rebuilt to the same values.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial, reduce
from types import MappingProxyType

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical, derived
from reactivation.contracts.measure import Measure
from reactivation.contracts.table import Table
from reactivation.features.settings import ActivitySettings
from reactivation.features.signals import measures
from reactivation.periods import Calendar, Month, Window, month_of


def contract(settings: ActivitySettings) -> Table:
    """The contract of `activity` with a column for each measure; those of an absent source stay null."""
    return derived.ACTIVITY.extended(m.column for group in measures(settings).values() for m in group)


def by_arrival(
    sources: Mapping[str, DataFrame], *, arrivals: Sequence[Month], calendar: Calendar, settings: ActivitySettings
) -> DataFrame:
    """Aggregate the canonical rows that arrived in some months to one row per arrival month, event month and user.

    sources: canonical tables by name; those that a region lacks are simply not there.
    """
    has_arrived = F.col("arrival_cycle").isin(*[str(month) for month in arrivals])
    arrived = {name: table.where(has_arrived) for name, table in sources.items()}
    keys = ("arrival_cycle", "event_month", "user_id")
    return contract(settings).select(_aggregate(arrived, keys, calendar=calendar, settings=settings))


def in_window(
    sources: Mapping[str, DataFrame],
    *,
    window: Window,
    known_before: date,
    calendar: Calendar,
    settings: ActivitySettings,
    extra: Mapping[str, Sequence[Measure]] = MappingProxyType({}),
) -> DataFrame:
    """Aggregate canonical rows of a window to one row per user and event month, with both clocks.

    What happened in `window` and arrived before 00:00 of `known_before`: the month to date of a wave, the month of a
    label or an outcome. Nothing of it is stored. extra: measures by source that only this window needs.
    """
    known = {
        name: sources[name].where(_is_known(sources[name], name, window, known_before, calendar))
        for name in measures(settings)
        if name in sources
    }
    return _aggregate(known, ("event_month", "user_id"), calendar=calendar, settings=settings, extra=extra)


def merge_months(partials: DataFrame, *, cycles: Sequence[Month], settings: ActivitySettings, months: int) -> DataFrame:
    """Merge what was known at the observation dates of some cycles to one row per cycle, user and event month.

    Both clocks hold, for each cycle: only partials that arrived before it, only months before it, at most `months` of
    them. `months_back` says how many months before the cycle a row's month lies, 1 for the last whole one. The result
    is partitioned by cycle and user, so that aggregating a user's months needs no further shuffle.
    """
    first, last = str(min(cycles) - months), str(max(cycles))
    may_count = (F.col("arrival_cycle") < last) & (F.col("event_month") >= first) & (F.col("event_month") < last)
    each_cycle = F.explode(F.array(*[F.lit(str(cycle)) for cycle in cycles]))
    by_cycle = partials.where(may_count).withColumn("cycle", each_cycle)
    months_back = _month_number("cycle") - _month_number("event_month")
    is_known = (F.col("arrival_cycle") < F.col("cycle")) & months_back.between(1, months)
    merged = [m.merged for group in measures(settings).values() for m in group]
    together = by_cycle.where(is_known).withColumn("months_back", months_back).repartition("cycle", "user_id")
    return together.groupBy("cycle", "user_id", "months_back").agg(*merged)


def _aggregate(
    sources: Mapping[str, DataFrame],
    keys: Sequence[str],
    *,
    calendar: Calendar,
    settings: ActivitySettings,
    extra: Mapping[str, Sequence[Measure]] = MappingProxyType({}),
) -> DataFrame:
    """One row per keys with every measure of the contract, and the extra ones; null where a source is absent."""
    wanted = {name: (*group, *extra.get(name, ())) for name, group in measures(settings).items()}
    known = {name: group for name, group in wanted.items() if name in sources}
    parts = [
        _with_local_time(sources[name], canonical.EVENT_TIME[name], calendar)
        .groupBy(*keys)
        .agg(*[m.from_rows for m in group])
        for name, group in known.items()
        if group
    ]
    together = reduce(partial(DataFrame.unionByName, allowMissingColumns=True), parts)
    merged = together.groupBy(*keys).agg(*[m.merged for group in known.values() for m in group])
    absent = [m for name, group in wanted.items() if name not in sources for m in group]
    return merged.withColumns({m.name: F.lit(None).cast(m.type) for m in absent}) if absent else merged


def _is_known(table: DataFrame, name: str, window: Window, known_before: date, calendar: Calendar) -> Column:
    happened = canonical.EVENT_TIME[name]
    is_date = dict(table.dtypes)[happened] == "date"
    is_in_window = window.has_day(F.col(happened)) if is_date else calendar.is_within(happened, window)
    may_lie_there = F.col("arrival_cycle") >= str(Month.of(window.first))  # nothing arrives before it happens
    return may_lie_there & is_in_window & calendar.is_before("arrived_at", known_before)


def _with_local_time(table: DataFrame, happened: str, calendar: Calendar) -> DataFrame:
    is_date = dict(table.dtypes)[happened] == "date"
    day = F.col(happened) if is_date else calendar.day(happened)
    return table.withColumns({"event_month": month_of(day), "local_day": F.day(day)})


def _month_number(month: str) -> Column:
    """Months since the year 0 of a column YYYY-MM, so that two of them may be subtracted."""
    return F.substring(month, 1, 4).cast("int") * 12 + F.substring(month, 6, 2).cast("int")
