"""Stretches of days that are simulated and written at once, and which of them are due.

Rows depend on the seed, the user and the day alone, never on how days are cut into segments: a month simulated at
once and the same month simulated from wave to wave hold the same rows, but for what contacts move.
"""

import itertools
from collections.abc import Collection, Sequence
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation_lab.bank.date_dimension import look_up, number


def due(
    cycle: Month, *, boundaries: Collection[date], history_months: int, as_of: date, done: Sequence[Window]
) -> list[Window]:
    """Segments that end by `as_of` and are not simulated yet, in order.

    They begin where the bank stopped; one that has not lived yet is opened `history_months` before the cycle. They are
    cut at the months' ends and, from the cycle's first day on, at the boundaries: dates of waves, looks and settling.
    """
    stopped = max((window.end for window in done), default=(cycle - history_months).first)
    if as_of <= stopped:
        return []
    firsts = [month.first for month in Month.of(stopped).through(Month.of(as_of))]
    lived = {day for day in (*boundaries, *firsts) if stopped < day <= as_of}
    cuts = [stopped, *sorted(lived)]
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
