"""Stretches of days that are simulated and written at once, and which of them are due.

Rows depend on the seed, the user and the day alone, never on how days are cut into segments: a month simulated at
once and the same month simulated from wave to wave hold the same rows, but for what contacts move.
"""

import itertools
from collections.abc import Iterator, Sequence
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.errors import Finding, PlanError
from reactivation.periods import Month, Window
from reactivation_lab.bank.date_dimension import look_up, number


def due(
    cycle: Month, *, boundaries: Sequence[date], history_months: int, as_of: date, done: Sequence[Window]
) -> list[Window]:
    """Segments that end by `as_of` and are not simulated yet, in order.

    Whole months before the cycle (or what is left of them), then within the cycle the stretches between its first day,
    the boundaries (dates of its waves) and its end. done: what is simulated already; nothing is added before it,
    because the bank was opened then.
    """
    past = [window for back in range(history_months, 0, -1) for window in _rest(cycle - back, done)]
    inside = [window for window in between(cycle, boundaries) if window not in done]
    opened_on = min((window.first for window in done), default=date.min)
    return [window for window in (*past, *inside) if window.end <= as_of and window.first >= opened_on]


def between(cycle: Month, boundaries: Sequence[date]) -> list[Window]:
    """Cut a month at the boundaries that lie inside it."""
    month = cycle.window
    outside = [day for day in boundaries if not month.first <= day < month.end]
    if outside:
        findings = [Finding("outside", str(day), f"must lie in {month.first} to {month.end}") for day in outside]
        raise PlanError(f"Cycle {cycle} cannot be cut at days of other months", findings)
    cuts = sorted({month.first, *boundaries, month.end})
    return [Window(first, end) for first, end in itertools.pairwise(cuts)]


def name_of(segment: Window) -> str:
    """Value of the partition `segment`: its first day.

    >>> name_of(Window(date(2026, 5, 12), date(2026, 5, 19)))
    '2026-05-12'
    """
    return segment.first.isoformat()


def name_on(day: Column, segments: Sequence[Window]) -> Column:
    """Name of the segment in which a day (days since 1970) lies; null outside all of them."""
    first, end = segments[0].first, segments[-1].end
    names = [""] * (end - first).days
    for segment in segments:
        start = (segment.first - first).days
        names[start : start + segment.days] = [name_of(segment)] * segment.days
    return F.nullif(look_up(names, day - F.lit(number(first)), "string"), F.lit(""))


def _rest(month: Month, done: Sequence[Window]) -> Iterator[Window]:
    """What of a month is not simulated yet: all of it, or the days after the last segment there."""
    ends = [window.end for window in done if Month.of(window.first) == month]
    first = max(ends, default=month.first)
    if first < month.window.end:
        yield Window(first, month.window.end)
