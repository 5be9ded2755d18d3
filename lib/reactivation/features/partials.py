"""Mergeable monthly partials: what each user did, per event month and per arrival cycle.

Raw rows are aggregated once, in the month in which they arrive. Whatever needs months of behaviour merges partials; so
a month of work costs one month of rows, late rows are never lost, and any past cycle can be rebuilt to the same values.

Tables name months as text. Inside, a month is its number: months since the year 0.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial, reduce
from itertools import chain
from types import MappingProxyType

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical, derived
from reactivation.contracts.measure import Measure
from reactivation.contracts.table import Table
from reactivation.features.settings import ActivitySettings
from reactivation.features.signals import measures
from reactivation.periods import Calendar, Month, Window, month_of

DEFINITION_VERSION = 1
"""Of `activity`. Raise it with every change of code that changes a value: see tests/features/test_definitions.py."""

_NONE: Mapping[str, Sequence[Measure]] = MappingProxyType({})


def contract(settings: ActivitySettings) -> Table:
    """The contract of `activity` with a column for each measure; those of an absent source stay null."""
    return derived.ACTIVITY.extended(m.column for group in measures(settings).values() for m in group)


def definition(settings: ActivitySettings) -> list[list[str]]:
    """How partials are made of rows, by measure: where it changes, they are made again."""
    return [[m.name, m.type, m.of, m.merge, m.order] for m in chain.from_iterable(measures(settings).values())]


def by_arrival(
    sources: Mapping[str, DataFrame], *, arrivals: Sequence[Month], calendar: Calendar, settings: ActivitySettings
) -> DataFrame:
    """Aggregate the canonical rows that arrived in some months to one row per arrival month, event month and user.

    sources: canonical tables by name; those that a region lacks are simply not there.
    """
    has_arrived = F.col("arrival_cycle").isin(*[str(month) for month in arrivals])
    # A number that is read from the rows, also of a single month: by a constant Spark would shuffle all once more.
    arrival = _number_of("arrival_cycle")
    arrived = {name: table.where(has_arrived).withColumn("arrival", arrival) for name, table in sources.items()}
    table = _aggregate(arrived, ["arrival", "month", "user_id"], calendar=calendar, settings=settings)
    return contract(settings).select(table.withColumn("arrival_cycle", _text_of("arrival")))


def in_window(
    sources: Mapping[str, DataFrame],
    *,
    window: Window,
    known_before: date,
    calendar: Calendar,
    settings: ActivitySettings,
    extra: Mapping[str, Sequence[Measure]] = _NONE,
) -> DataFrame:
    """What users did in one window, as far as it arrived before 00:00 of a day: see `in_windows`."""
    windows = {window: known_before}
    return in_windows(sources, windows=windows, calendar=calendar, settings=settings, extra=extra)


def in_windows(
    sources: Mapping[str, DataFrame],
    *,
    windows: Mapping[Window, date],
    calendar: Calendar,
    settings: ActivitySettings,
    extra: Mapping[str, Sequence[Measure]] = _NONE,
) -> DataFrame:
    """Aggregate canonical rows of some windows to one row per user and event month, with both clocks.

    windows: what happened in each counts as far as it arrived before 00:00 of its day: the month to date of a wave, the
    months of labels or outcomes. They do not overlap. Nothing of it is stored. extra: measures by source that only
    these windows need.
    """
    known = {
        name: table.where(_is_known(table, name, windows, calendar))
        for name, table in sources.items()
        if name in measures(settings)
    }
    return _aggregate(known, ["month", "user_id"], calendar=calendar, settings=settings, extra=extra)


def merge_months(partials: DataFrame, *, cycles: Sequence[Month], settings: ActivitySettings, months: int) -> DataFrame:
    """Merge what was known at the observation dates of some cycles to one row per cycle, user and event month.

    Both clocks hold, for each cycle: only partials that arrived before it, only months before it, at most `months` of
    them. `months_back` says how many months before the cycle a row's month lies, 1 for the last whole one. The rows
    are shuffled once, by user and before they are repeated for each cycle; aggregating a user's months needs no more.
    """
    first, last = str(min(cycles) - months), str(max(cycles))
    may_count = (F.col("arrival_cycle") < last) & (F.col("event_month") >= first) & (F.col("event_month") < last)
    each = F.explode(F.array(*[_struct(cycle=str(cycle), number=_number(cycle)) for cycle in cycles]))
    by_user = partials.where(may_count).withColumn("month", _number_of("event_month")).repartition("user_id")
    months_back = F.col("of.number") - F.col("month")
    is_known = (F.col("arrival_cycle") < F.col("of.cycle")) & months_back.between(1, months)
    by_cycle = by_user.withColumn("of", each).where(is_known)
    merged = [m.merged for group in measures(settings).values() for m in group]
    return by_cycle.groupBy(F.col("of.cycle").alias("cycle"), "user_id", months_back.alias("months_back")).agg(*merged)


def _aggregate(
    sources: Mapping[str, DataFrame],
    keys: Sequence[str],
    *,
    calendar: Calendar,
    settings: ActivitySettings,
    extra: Mapping[str, Sequence[Measure]] = _NONE,
) -> DataFrame:
    """One row per keys with `event_month` and every measure, the extra ones too; null where a source is absent.

    Each source is aggregated on its own. Their rows, one per user and month, are then put side by side.
    """
    wanted = {name: (*group, *extra.get(name, ())) for name, group in measures(settings).items()}
    known = {name: group for name, group in wanted.items() if name in sources and group}
    parts = [
        _with_local_time(sources[name], canonical.EVENT_TIME[name], calendar)
        .groupBy(*keys)
        .agg(*[m.from_rows for m in group])
        for name, group in known.items()
    ]
    stacked = reduce(partial(DataFrame.unionByName, allowMissingColumns=True), parts)
    names = [m.name for m in chain.from_iterable(known.values())]
    side_by_side = stacked.groupBy(*keys).agg(*[F.max(name).alias(name) for name in names])
    absent = [m for name, group in wanted.items() if name not in known for m in group]
    nulls = {m.name: F.lit(None).cast(m.type) for m in absent}
    return side_by_side.withColumns({"event_month": _text_of("month"), **nulls})


def _is_known(table: DataFrame, name: str, windows: Mapping[Window, date], calendar: Calendar) -> Column:
    happened = canonical.EVENT_TIME[name]
    is_date = dict(table.dtypes)[happened] == "date"

    def lies_in(window: Window) -> Column:
        return window.has_day(F.col(happened)) if is_date else calendar.is_within(happened, window)

    each = [lies_in(window) & calendar.is_before("arrived_at", known) for window, known in windows.items()]
    first = Month.of(min(window.first for window in windows))  # nothing arrives before it happens
    last = Month.of(max(windows.values()))
    may_count = F.col("arrival_cycle").between(str(first), str(last))
    return may_count & reduce(Column.__or__, each)


def _with_local_time(table: DataFrame, happened: str, calendar: Calendar) -> DataFrame:
    is_date = dict(table.dtypes)[happened] == "date"
    day = F.col(happened) if is_date else calendar.day(happened)
    return table.withColumn("local_on", day).withColumns(
        {"month": F.year("local_on") * 12 + F.month("local_on"), "local_day": F.day("local_on")}
    )


def _number(month: Month) -> int:
    """Months since the year 0, so that two months may be subtracted."""
    return month.year * 12 + month.month


def _number_of(month: str) -> Column:
    """The number of a month in a column of text, YYYY-MM."""
    return F.substring(month, 1, 4).cast("int") * 12 + F.substring(month, 6, 2).cast("int")


def _text_of(number: str) -> Column:
    """The text, YYYY-MM, of the number of a month in a column."""
    before = F.col(number) - 1
    return month_of(F.make_date(F.floor(before / 12).cast("int"), before % 12 + 1, F.lit(1)))


def _struct(**values: str | int) -> Column:
    return F.struct(*[F.lit(value).alias(name) for name, value in values.items()])
