"""Turns a cycle (`2026-06`) into dated windows: observation date, look-backs, outcome, waves, settling.

Time is always an argument; nothing reads today's date. Windows are half-open: their first day belongs to them, their
end does not. Days and months are those of the region's time zone, cut explicitly, never by the session's zone.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import field_validator
from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.errors import Finding, SettingsError
from reactivation.open_days import Channel, OpenDays

_CYCLE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_DAY_SECONDS = 86_400
_WEEK_DAYS = 7


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; a cycle of the programme is one of them.

    >>> Month.parse("2026-01") - 1
    Month('2025-12')
    >>> str(Month.parse("2026-06"))
    '2026-06'
    """

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY-MM`; anything else raises SettingsError."""
        match = _CYCLE.fullmatch(text)
        if not match:
            raise SettingsError(
                f"`{text}` is not a cycle",
                [Finding("cycle", text, "write a calendar month as YYYY-MM, for example 2026-06")],
            )
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """First day of the month: as a cycle, its observation date."""
        return date(self.year, self.month, 1)

    @property
    def window(self) -> "Window":
        """All days of the month."""
        return Window(self.first, (self + 1).first)

    def __add__(self, months: int) -> "Month":
        count = self.year * 12 + self.month - 1 + months
        return Month(count // 12, count % 12 + 1)

    def __sub__(self, months: int) -> "Month":
        return self + -months

    def months_since(self, other: "Month") -> int:
        """Whole months from `other` to this one."""
        return (self.year - other.year) * 12 + self.month - other.month

    def through(self, last: "Month") -> "list[Month]":
        """The months from this one to `last`, both included; none where that lies before."""
        return [self + n for n in range(last.months_since(self) + 1)]

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def __repr__(self) -> str:
        return f"Month('{self}')"


@dataclass(frozen=True)
class Window:
    """Days from `first` (included) to `end` (not included).

    `Window(date(2026, 6, 8), date(2026, 7, 1))` is the outcome window of a cycle whose first wave goes out on 8 June.
    """

    first: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.first:
            raise ValueError(f"window ends on {self.end}, must end after {self.first}")

    @property
    def days(self) -> int:
        return (self.end - self.first).days

    @property
    def weeks(self) -> "tuple[Window, ...]":
        """The window's weeks of seven days, counted from its first day; the last week may be shorter.

        >>> [week.days for week in Window(date(2026, 6, 8), date(2026, 7, 1)).weeks]
        [7, 7, 7, 2]
        """
        starts = range(0, self.days, _WEEK_DAYS)
        ends = [min(start + _WEEK_DAYS, self.days) for start in starts]
        day = timedelta(days=1)
        return tuple(Window(self.first + a * day, self.first + b * day) for a, b in zip(starts, ends, strict=True))

    def has_day(self, day: Column) -> Column:
        """True where a DATE column lies in the window."""
        return (day >= F.lit(self.first)) & (day < F.lit(self.end))


class Calendar(OpenDays):
    """The region's clock and its open days: its time zone, and how many days a month's late rows have to arrive.

    zone: IANA name of the zone in which days and months are cut.
    settle_days: days after a month's end until that month's labels and outcomes are frozen.
    """

    zone: str
    settle_days: int

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"`{zone}` is no time zone; use an IANA name such as Asia/Shanghai or Europe/Prague")
        return zone

    @field_validator("settle_days")
    @classmethod
    def _settles_after_the_month(cls, days: int) -> int:
        if not 0 <= days <= 62:
            raise ValueError(f"{days} settle_days, must lie between 0 and 62")
        return days

    def instant(self, day: date) -> datetime:
        """The instant at which a day begins in the region (00:00 there), as an aware datetime."""
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))

    def send_window(self, channel: Channel, day: date) -> tuple[datetime, datetime]:
        """The instants between which a channel may send on a day: its hours there, else the whole day."""
        hours = self.send_hours.get(channel)
        if hours is None:
            return self.instant(day), self.instant(day + timedelta(days=1))
        zone = ZoneInfo(self.zone)
        return datetime.combine(day, hours.from_, zone), datetime.combine(day, hours.until, zone)

    def settle_on(self, month: Month) -> date:
        """Day from which a month's labels and outcomes may be used: the next month's first day plus settle_days."""
        return (month + 1).first + timedelta(days=self.settle_days)

    def newest_settled(self, day: date) -> Month:
        """The newest month whose settle date is not after `day`; for a cycle, pass its observation date.

        With settle_days above 0 the newest settled month at the observation date of cycle C is C - 2, else C - 1.
        """
        month = Month.of(day) - 1
        while self.settle_on(month) > day:
            month -= 1
        return month

    def starts(self, day: date) -> Column:
        """The instant a day begins, as a literal TIMESTAMP column that no session zone can shift."""
        return F.timestamp_seconds(F.lit(int(self.instant(day).timestamp())))

    def day(self, at: str | Column) -> Column:
        """DATE of an instant in the region, whatever the session's zone.

        `from_utc_timestamp` looks its constant zone up once per query, `convert_timezone` once per row.
        """
        column = F.col(at) if isinstance(at, str) else at
        wall_clock = F.unix_seconds(F.from_utc_timestamp(column, self.zone))
        return F.date_from_unix_date(F.floor(wall_clock / _DAY_SECONDS).cast("int"))

    def month(self, at: str | Column) -> Column:
        """Month of an instant in the region as a string YYYY-MM."""
        return month_of(self.day(at))

    def is_before(self, at: str | Column, day: date) -> Column:
        """True where an instant lies before 00:00 of a day in the region."""
        column = F.col(at) if isinstance(at, str) else at
        return column < self.starts(day)

    def is_within(self, at: str | Column, window: Window) -> Column:
        """True where an instant lies in a window of the region's days."""
        column = F.col(at) if isinstance(at, str) else at
        return (column >= self.starts(window.first)) & (column < self.starts(window.end))


def month_of(day: str | Column) -> Column:
    """Month of a DATE as a string YYYY-MM."""
    column = F.col(day) if isinstance(day, str) else day
    return F.concat(_digits(F.year(column), 4), F.lit("-"), _digits(F.month(column), 2))


def _digits(number: Column, count: int) -> Column:
    """A number with leading zeros; a DATE as a string would be formatted by Java's slow formatter."""
    return F.lpad(number.cast("string"), count, "0")
