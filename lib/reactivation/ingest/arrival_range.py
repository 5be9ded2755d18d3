"""Span: which arrival months an ingest handles, and up to which day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.ingest.rules import EARLIEST
from reactivation.periods import Calendar, Month

UNDATED = "undated"
"""The partition of rows whose arrival cannot be read; every ingest looks at all of them again."""


@dataclass(frozen=True)
class Span:
    """Arrival months from `first` (None: from the beginning) to `last`; of the last one the days before `end`.

    since: of the first month only the days from this one on, the others having been taken; None: the whole month.
    """

    first: Month | None
    last: Month
    end: date
    since: date | None = None

    def stops_on(self, month: str) -> date:
        """The day before whose beginning a month's rows were taken."""
        return self.end if month == UNDATED else min((Month.parse(month) + 1).first, self.end)

    def has(self, month: str) -> bool:
        """True for a month that is handled."""
        return month <= str(self.last) and (self.first is None or month >= str(self.first))

    @property
    def before(self) -> "Span":
        """All days before this span."""
        if self.first is None:
            raise ValueError("nothing lies before a span from the beginning")
        return Span(None, self.first, self.since) if self.since else Span(None, self.first - 1, self.first.first)

    @property
    def has_several_months(self) -> bool:
        return self.first != self.last

    def covers(self, arrived_at: Column, calendar: Calendar) -> Column:
        """True for rows that arrived in the span; rows without a possible date always belong to it."""
        is_undated = arrived_at.isNull() | (arrived_at < calendar.starts(EARLIEST))
        is_in_time = arrived_at < calendar.starts(self.end)
        if self.first is not None:
            is_in_time = is_in_time & (arrived_at >= calendar.starts(self.before.end))
        return is_undated | is_in_time


def month_of(arrived_at: Column, calendar: Calendar) -> Column:
    """Month of arrival in the region, or `undated`."""
    is_dated = arrived_at >= calendar.starts(EARLIEST)
    return F.when(is_dated, calendar.month(arrived_at)).otherwise(F.lit(UNDATED))


def to_handle(done: Mapping[str, date], sources: Collection[str], *, as_of: date, force: bool) -> Span:
    """The months that are not whole yet up to `as_of`, and always the newest one; with `force`, all of them.

    done: source: the day up to which its rows were taken before. A source that is new in conf brings back all months.
    A month is never cut shorter than it was taken before: its rows have been seen, and others may stand on them.

    >>> span = to_handle({"users": date(2026, 6, 8)}, ["users"], as_of=date(2026, 6, 15), force=False)
    >>> str(span.first), str(span.last), str(span.end)
    ('2026-06', '2026-06', '2026-06-15')
    """
    last = Month.of(as_of - timedelta(days=1))
    furthest = max(done.values(), default=as_of)
    end = min(max(as_of, furthest), (last + 1).first)
    if force or any(source not in done for source in sources):
        return Span(None, last, end)
    return Span(min(last, *(Month.of(done[source]) for source in sources)), last, end)


def taken_on(span: Span, done: Mapping[str, date]) -> Span | None:
    """The part of a span's first month, and what follows it, that nobody has taken; None where there is no such part.

    done: source: the day up to which its rows were taken before. Sources that stopped on different days, and a month
    that is asked for again up to the same day, are taken whole.

    >>> june = Span(Month.parse("2026-06"), Month.parse("2026-06"), date(2026, 6, 15))
    >>> taken_on(june, {"users": date(2026, 6, 8)}).since
    datetime.date(2026, 6, 8)
    """
    stops = set(done.values())
    if span.first is None or len(stops) != 1:
        return None
    stop = stops.pop()
    return replace(span, since=stop) if span.first.first < stop < span.end else None
