"""Measure: one mergeable quantity of a user's month, exact whatever the partitioning."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import StringConstraints
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import table

Merge = Literal["sum", "max", "days", "state"]

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$")]
"""Name of a kind in conf (a function group, a channel, a product): it becomes part of measures' and features' names."""


@dataclass(frozen=True)
class Measure:
    """A column of `activity`: an expression over one source's rows, and the operation that merges its values.

    name: starts with the signal (`login_count`); that of a mask of days ends with `_days`, that of a time with `_at`.
    type: integer, DECIMAL, TIMESTAMP or STRUCT, never DOUBLE, because a sum of doubles depends on the order of its terms.
    of: Spark SQL expression over the source's columns and `local_day`, the day of the month in the region (1 to 31).
    merge: how two values become one: `sum`, `max`; `days`: bit-or of a mask with one bit per day of the month;
    `state`: the greatest struct (snapshot_on, arrived_at, balance), a balance that is carried forward.
    """

    name: str
    type: str
    of: str
    merge: Merge
    meaning: str
    unit: str = ""

    def __post_init__(self) -> None:
        if self.type in ("float", "double"):
            raise ValueError(f"measure `{self.name}` is a {self.type}, must be exact: an integer or DECIMAL")
        if (self.merge == "days") != self.name.endswith("_days"):
            raise ValueError(
                f"measure `{self.name}` merges by {self.merge}; masks of days, and only they, end with _days"
            )

    @property
    def column(self) -> table.Column:
        """The measure as a column of the contract of `activity`."""
        return table.Column(self.name, self.type, self.meaning, self.unit)

    @property
    def from_rows(self) -> Column:
        """Aggregate over raw rows."""
        return self._aggregate(F.expr(self.of).cast(self.type)).alias(self.name)

    @property
    def merged(self) -> Column:
        """Aggregate over partials of one user and month."""
        return self._aggregate(F.col(self.name)).alias(self.name)

    def windows(self, lookbacks: Sequence[int]) -> Iterator[tuple[str, str]]:
        """Names and Spark SQL aggregates of a user's merged months, over `months_back` (1: the last whole month).

        `login_count_3m` over the last 3 months, null where there is none; `login_count_lag_2m` in the month 2 months
        back alone; of a mask of days also `login_months_3m`, the months with a day; of a time `login_last_at`, the
        latest; of a state `asset_deposit_end_2m`, as it was at the end of the month 2 months back, carried forward
        from whenever it was last seen.
        """
        months = range(1, lookbacks[-1] + 1)
        if self.merge == "state":
            yield from (
                (f"{self.name}_end_{m}m", f"max({self.name}) filter (where months_back >= {m})") for m in months
            )
        elif self.type == "timestamp":
            yield self.name, f"max({self.name})"
        else:
            value = f"bit_count({self.name})" if self.merge == "days" else self.name
            operation = "max" if self.merge == "max" else "sum"
            for m in lookbacks:
                yield f"{self.name}_{m}m", f"{operation}({value}) filter (where months_back <= {m})"
            for m in months:
                yield f"{self.name}_lag_{m}m", f"{operation}({value}) filter (where months_back = {m})"
        if self.merge == "days":
            with_a_day = f"{self.name} != 0 and months_back <="
            signal = self.name.removesuffix("_days")
            yield from ((f"{signal}_months_{m}m", f"count_if({with_a_day} {m})") for m in lookbacks)

    def _aggregate(self, value: Column) -> Column:
        if self.merge == "sum":
            return F.sum(value).cast(self.type)
        return F.bit_or(value) if self.merge == "days" else F.max(value)


DAY_BIT = "shiftleft(1L, local_day - 1)"
"""The bit of an event's day, for measures merged by `days`."""

MONEY_SUM = "decimal(28,2)"
"""Type of a sum of money, wide enough that no month of rows overflows it."""


def day_bit_where(condition: str) -> str:
    """The bit of an event's day where a condition holds, else no bit."""
    return f"if({condition}, {DAY_BIT}, 0L)"


def count_where(condition: str) -> str:
    """One where a condition holds, else zero; to be summed."""
    return f"if({condition}, 1L, 0L)"


def only_where(condition: str, value: str) -> str:
    """A value where a condition holds, else null."""
    return f"if({condition}, {value}, null)"


def is_one_of(column: str, values: Iterable[str]) -> str:
    """The condition that a text column has one of some values, as Spark SQL.

    >>> is_one_of("function_code", ["transfer", "o'clock"])
    "function_code in ('transfer', 'o\\\\'clock')"
    """
    quoted = ["'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'" for value in values]
    return f"{column} in ({', '.join(quoted)})"


def with_day_counts(months: DataFrame) -> DataFrame:
    """Add to every mask of days its number of days: `login_days_count` to `login_days`."""
    masks = [name for name in months.columns if name.endswith("_days")]
    return months.withColumns({f"{name}_count": F.bit_count(name).cast("bigint") for name in masks})
