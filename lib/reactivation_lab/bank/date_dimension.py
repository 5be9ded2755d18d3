"""The days of a simulation as lookups: when a day begins, what day of the month it is, how its season stands.

Days are whole numbers since 1970-01-01 in the region's calendar. What depends on the calendar alone is computed once
for the few hundred days in question and looked up by position, so no row computes a time zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import prod

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.periods import Calendar, Month, Window
from reactivation_lab.bank.settings import Season

_EPOCH = date(1970, 1, 1)
DAY_SECONDS = 86_400


def number(day: date) -> int:
    """Days since 1970-01-01.

    >>> number(date(1970, 2, 1))
    31
    """
    return (day - _EPOCH).days


@dataclass(frozen=True)
class DateDimension:
    """Lookups over a window of days; a day outside gives null."""

    window: Window
    calendar: Calendar
    season: Season

    def starts(self, day: Column) -> Column:
        """Seconds since the epoch at which a day begins in the region."""
        return self._look_up([self._instant(d) for d in self._days], day)

    def month_ends(self, day: Column) -> Column:
        """Seconds since the epoch at which the month of a day is over in the region."""
        return self._look_up([self._instant((Month.of(d) + 1).first) for d in self._days], day)

    def day_of_month(self, day: Column) -> Column:
        """1 to 31."""
        return self._look_up([d.day for d in self._days], day).cast("int")

    def weight(self, day: Column) -> Column:
        """Factor of the season on the rates of a day: its weekday, its month, the month's end, holidays."""
        return self._look_up([self._weight(d) for d in self._days], day)

    def pay_weight(self, day: Column, pay_day: Column) -> Column:
        """Factor on a user's pay day and the two days after it."""
        is_paid = (self.day_of_month(day) - pay_day).between(0, 2)
        return F.when(is_paid, F.lit(self.season.pay_day_factor)).otherwise(F.lit(1.0))

    @cached_property
    def _days(self) -> list[date]:
        return [self.window.first + timedelta(days=n) for n in range(self.window.days)]

    def _weight(self, day: date) -> float:
        season = self.season
        is_month_end = Month.of(day + timedelta(days=2)) != Month.of(day)
        holidays = [h.factor for h in season.holidays if h.first <= day <= h.last]
        return prod(
            (
                season.weekday[day.weekday()],
                season.month[day.month - 1],
                season.month_end_factor if is_month_end else 1.0,
                *holidays,
            )
        )

    def _instant(self, day: date) -> int:
        return int(self.calendar.instant(day).timestamp())

    def _look_up(self, values: Sequence[int] | Sequence[float], day: Column) -> Column:
        kind = "double" if isinstance(values[0], float) else "bigint"
        return look_up([repr(value) for value in values], day - F.lit(number(self.window.first)), kind)


def look_up(values: Sequence[str], place: Column, kind: str) -> Column:
    """The value at a place (0 is the first) of a constant list; null outside it.

    The list is one text until Spark folds it into one array: hundreds of literals would take the driver seconds.
    """
    return F.get(F.split(F.lit(",".join(values)), ",").cast(f"array<{kind}>"), place)
