"""Measure: one mergeable quantity of a user's month, exact whatever the partitioning."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import StringConstraints
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import table

Merge = Literal["sum", "max", "days", "last"]

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$")]
"""Name of a kind in conf (a function group, a channel, a product): it becomes part of measures' and features' names."""


@dataclass(frozen=True)
class Measure:
    """A column of `activity`: an expression over one source's rows, and the operation that merges its values.

    name: starts with the signal (`login_count`); that of a mask of days ends with `_days`, that of a time with `_at`.
    type: integer, DECIMAL or TIMESTAMP. Never DOUBLE, because a sum of doubles depends on the order of its terms; never
    STRUCT, because Spark sorts all rows to aggregate one.
    of: Spark SQL expression over the source's columns and `local_day`, the day of the month in the region (1 to 31).
    merge: how two values become one: `sum`, `max`; `days`: bit-or of a mask with one bit per day of the month;
    `last`: the value with the greatest order, a state that is carried forward. Its order is the measure of that name and
    `_order`; order: the order of a row's value, see `ORDER_IN_MONTH`.
    """

    name: str
    type: str
    of: str
    merge: Merge
    meaning: str
    unit: str = ""
    order: str = ""

    def __post_init__(self) -> None:
        if self.type in ("float", "double"):
            raise ValueError(f"measure `{self.name}` is a {self.type}, must be exact: an integer or DECIMAL")
        if (self.merge == "last") != bool(self.order):
            raise ValueError(f"measure `{self.name}` merges by {self.merge}; the last value, and only it, has an order")
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
        return self._aggregate(F.expr(self.of).cast(self.type), self.order).alias(self.name)

    @property
    def merged(self) -> Column:
        """Aggregate over partials of one user and month."""
        return self._aggregate(F.col(self.name), f"{self.name}_order").alias(self.name)

    def windows(self, lookbacks: Sequence[int]) -> Iterator[tuple[str, str]]:
        """Names and Spark SQL aggregates of a user's merged months, over `months_back` (1: the last whole month).

        `login_count_3m` over the last 3 months, null where there is none; `login_count_lag_2m` in the month 2 months
        back alone; of a mask of days also `login_months_3m`, the months with a day; of a time `login_last_at`, the
        latest; of a last value `balance_deposit_last_end_2m`, as it was at the end of the month 2 months back, carried
        forward from whenever it was last seen, and `balance_deposit_last_on`, the day of the newest.
        Beside `months_back` it takes `month_on`, the first day of the month.
        """
        months = range(1, lookbacks[-1] + 1)
        if self.merge == "last":
            newest = f"max_by({self.name}, if({self.name} is null, null, -months_back))"
            yield from ((f"{self.name}_end_{m}m", f"{newest} filter (where months_back >= {m})") for m in months)
            yield f"{self.name}_on", f"max(date_add(month_on, {day_of_order(f'{self.name}_order')} - 1))"
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

    def _aggregate(self, value: Column, order: str) -> Column:
        if self.merge == "last":
            return F.max_by(value, F.expr(order))
        if self.merge == "sum":
            return F.sum(value).cast(self.type)
        return F.bit_or(value) if self.merge == "days" else F.max(value)


_LAG_BITS = 56

ORDER_IN_MONTH = f"local_day * {1 << _LAG_BITS}L + (unix_micros(arrived_at) - unix_date(snapshot_on) * 86400000000L)"
"""Of two states of one month the later day has the greater order; of one day, what arrived later: a correction wins.

The day of the month, then the microseconds from the day to the arrival. Exact while these are fewer than 2^55, which
is 1141 years.
"""


def day_of_order(order: str) -> str:
    """The day of the month that an `ORDER_IN_MONTH` holds, as Spark SQL."""
    return f"cast(shiftright({order} + {1 << (_LAG_BITS - 1)}L, {_LAG_BITS}) as int)"


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
