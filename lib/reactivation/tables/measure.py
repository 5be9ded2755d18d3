"""Measure: one mergeable quantity of a user's month, exact whatever the partitioning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.periods import Calendar, Month
from reactivation.tables import contract

Merge = Literal["sum", "max", "min", "days", "state"]


@dataclass(frozen=True)
class Measure:
    """A column of `activity`: an expression over one source's rows, and the operation that merges its values.

    name: starts with the signal (`login_count`). type: integer, DECIMAL, TIMESTAMP or STRUCT, never DOUBLE, because a
    sum of doubles depends on the order of its terms.
    of: Spark SQL expression over the source's columns and `local_day`, the day of the month in the region (1 to 31).
    merge: how two values become one: `sum`, `max`, `min`; `days`: bit-or of a mask with one bit per day of the month;
    `state`: the greatest struct (snapshot_on, arrived_at, balance), a balance that is carried forward.
    """

    name: str
    type: str
    of: str
    merge: Merge
    meaning: str
    unit: str = ""

    @property
    def column(self) -> contract.Column:
        """The measure as a column of the contract of `activity`."""
        return contract.Column(self.name, self.type, self.meaning, self.unit)

    @property
    def from_rows(self) -> Column:
        """Aggregate over raw rows."""
        return self._aggregate(F.expr(self.of).cast(self.type)).alias(self.name)

    @property
    def merged(self) -> Column:
        """Aggregate over partials of one user and month."""
        return self._aggregate(F.col(self.name)).alias(self.name)

    def within(self, is_within: Column) -> Column:
        """Aggregate over a user's merged months that lie in a window; days are counted there, null means none."""
        value = F.bit_count(self.name).cast("bigint") if self.merge == "days" else F.col(self.name)
        chosen = F.when(is_within, value)
        return F.sum(chosen) if self.merge in ("sum", "days") else _EXTREMES[self.merge](chosen)

    def over(self, month: str, cycle: Month, lookbacks: Sequence[int], calendar: Calendar) -> Iterator[Column]:
        """Aggregates of a user's merged months at a cycle's observation date, one per look-back, as features name them.

        `login_count_3m` over the last 3 months; `login_months_3m` counts those with a day; `login_last_on` is the
        region's date of the last event; `balance_deposit_end_2m` is the state at the end of the month 2 months back,
        carried forward from whenever it was last seen.
        """
        event_month = F.col(month)
        if self.merge == "state":
            for back in range(1, lookbacks[-1] + 1):
                yield self.within(event_month <= str(cycle - back)).alias(f"{self.name}_end_{back}m")
            return
        if self.type == "timestamp":
            last_on = calendar.day(self.within(F.lit(True)))
            yield last_on.alias(self.name.removesuffix("_at") + "_on")
            return
        for months in lookbacks:
            is_recent = event_month >= str(cycle - months)
            yield self.within(is_recent).alias(f"{self.name}_{months}m")
            if self.merge == "days":
                is_active = is_recent & (F.col(self.name) != 0)
                yield F.count_if(is_active).alias(f"{self.name.removesuffix('days')}months_{months}m")

    def _aggregate(self, value: Column) -> Column:
        if self.merge == "sum":
            return F.sum(value).cast(self.type)
        if self.merge == "days":
            return F.bit_or(value)
        return _EXTREMES[self.merge](value)


_EXTREMES = {"max": F.max, "min": F.min, "state": F.max}

DAY_BIT = "shiftleft(1L, local_day - 1)"
"""The bit of an event's day, for measures merged by `days`."""


def day_bit_where(condition: str) -> str:
    """The bit of an event's day where a condition holds, else no bit."""
    return f"if({condition}, {DAY_BIT}, 0L)"


def count_where(condition: str) -> str:
    """One where a condition holds, else zero; to be summed."""
    return f"if({condition}, 1L, 0L)"
