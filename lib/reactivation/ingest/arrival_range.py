"""ArrivalRange: which arrival months an ingest handles, and up to which day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.periods import Calendar, Month

UNDATED = "undated"
"""The partition of rows whose arrival cannot be read; every ingest looks at all of them again."""


@dataclass(frozen=True)
class ArrivalRange:
    """Arrival months from `first` (None: from the beginning) to `last`; of the last one the days before `end`.

    since: of the first month only the days from this one on, because the others were taken; None: the whole month.
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
    def before(self) -> "ArrivalRange":
        """All days before this range."""
        if self.first is None:
            raise ValueError("nothing lies before a range from the beginning")
        if self.since:
            return ArrivalRange(None, self.first, self.since)
        return ArrivalRange(None, self.first - 1, self.first.first)

    @property
    def months(self) -> list[Month]:
        """The months that are handled, where there is a first."""
        first = self.first or self.last
        return [first + n for n in range(self.last.months_since(first) + 1)]

    @property
    def has_several_months(self) -> bool:
        return self.first != self.last

    def is_not_before(self, arrived_at: Column, calendar: Calendar) -> Column:
        """True for rows that arrived in the range's first month or later, and for undated ones."""
        if self.first is None:
            return F.lit(True)
        return is_undated(arrived_at) | (arrived_at >= calendar.starts(self.first.first))

    def was_taken(self, arrived_at: Column, calendar: Calendar) -> Column:
        """True for rows of the first month that arrived before `since`."""
        if self.since is None:
            return F.lit(False)
        return ~is_undated(arrived_at) & (arrived_at < calendar.starts(self.since))

    def is_not_yet(self, arrived_at: Column, calendar: Calendar) -> Column:
        """True for rows that arrive on the range's last day or later."""
        return F.coalesce(arrived_at >= calendar.starts(self.end), F.lit(False))

    def month_of(self, arrived_at: Column, calendar: Calendar) -> Column:
        """Month in which a row of the range arrived, or `undated`; instants are compared, no day is computed."""
        if self.first is None:
            return month_of(arrived_at, calendar)
        found = F.lit(str(self.last))
        for month in reversed(self.months[:-1]):
            found = F.when(arrived_at < calendar.starts((month + 1).first), str(month)).otherwise(found)
        return F.when(is_undated(arrived_at), UNDATED).otherwise(found)

    def is_late(self, happened: Column, arrived_at: Column, calendar: Calendar, *, is_date: bool) -> Column:
        """True for a row of the range whose event lies in an earlier month than its arrival, else false.

        A range from the beginning has no late rows: nothing was stored before it. is_date: `happened` is a DATE.
        """
        if self.first is None:
            return F.lit(False)

        def happened_before(month: Month) -> Column:
            return happened < (F.lit(month.first) if is_date else calendar.starts(month.first))

        found = happened_before(self.last)
        for month in reversed(self.months[:-1]):
            is_month = arrived_at < calendar.starts((month + 1).first)
            found = F.when(is_month, happened_before(month)).otherwise(found)
        return found


def is_undated(arrived_at: Column) -> Column:
    """True where a row has no arrival that could be read and is plausible."""
    return arrived_at.isNull()


def month_of(arrived_at: Column, calendar: Calendar) -> Column:
    """Month of arrival in the region, or `undated`."""
    return F.when(is_undated(arrived_at), UNDATED).otherwise(calendar.month(arrived_at))


def to_handle(done: Mapping[str, date], sources: Collection[str], *, as_of: date, force: bool) -> ArrivalRange:
    """The months that are not whole yet up to `as_of`, and always the one before it; with `force`, all of them.

    done: source: the day up to which its rows were taken before. A source that is new in conf brings back all months.
    The range ends no earlier than an ingest before it: what came since may repeat its rows, or stand on them.

    >>> june = to_handle({"users": date(2026, 6, 8)}, ["users"], as_of=date(2026, 6, 15), force=False)
    >>> str(june.first), str(june.last), str(june.end)
    ('2026-06', '2026-06', '2026-06-15')
    """
    end, day = max([as_of, *done.values()]), timedelta(days=1)
    last = Month.of(end - day)
    if force or any(source not in done for source in sources):
        return ArrivalRange(None, last, end)
    return ArrivalRange(min(Month.of(as_of - day), *(Month.of(done[source]) for source in sources)), last, end)


def not_taken(months: ArrivalRange, done: Mapping[str, date]) -> ArrivalRange | None:
    """The part of a range that begins within its first month, where the days before were taken; None without such days.

    done: source: the day up to which its rows were taken before. Sources that stopped on different days, and a month
    that is asked for again up to the same day, are taken whole.

    >>> june = ArrivalRange(Month.parse("2026-06"), Month.parse("2026-06"), date(2026, 6, 15))
    >>> not_taken(june, {"users": date(2026, 6, 8)}).since
    datetime.date(2026, 6, 8)
    """
    stops = set(done.values())
    if months.first is None or len(stops) != 1:
        return None
    stop = stops.pop()
    return replace(months, since=stop) if months.first.first < stop < months.end else None
