"""Row checks: each is a column that is null where the row is fine, and a reason with a sentence where it is not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.contracts import canonical, table
from reactivation.contracts.table import Table
from reactivation.ingest.mapping import CAME_AS, columns_of
from reactivation.periods import Calendar

EARLIEST = date(1990, 1, 1)
"""Nothing in a bank's warehouse happened, or arrived, before this day: an earlier date is a default or a slip."""

Allowed = Mapping[str, Sequence[str]]


def broken_rule(table: Table, *, calendar: Calendar, allowed: Allowed) -> Column:
    """The first rule that a typed row breaks, as struct (reason, detail); null where it breaks none.

    allowed: further values that conf allows, by column (the products whose balances are followed).
    """
    columns = columns_of(table)
    rules = [
        *[_bad_type(c) for c in columns],
        *[_missing(c) for c in columns if c.required],
        *[rule for c in columns for rule in _not_allowed(c, allowed.get(c.name, ()))],
        *[_impossible_date(c, calendar) for c in columns if c.type in ("timestamp", "date")],
        *_out_of_order(table, calendar),
    ]
    return F.coalesce(*rules)


def is_fine() -> Column:
    """True for checked rows that break no rule."""
    return F.col("rule").isNull()


def broken(is_broken: Column, reason: str, *detail: str | Column) -> Column:
    """Struct (reason, detail) where a condition holds, else null; the detail is put together from its parts."""
    parts = [
        F.lit(part) if isinstance(part, str) else F.coalesce(part.cast("string"), F.lit("null")) for part in detail
    ]
    return F.when(is_broken, F.struct(F.lit(reason).alias("reason"), F.concat(*parts).alias("detail")))


def _bad_type(column: table.Column) -> Column:
    came = F.col(f"{CAME_AS}.{column.name}")
    is_lost = came.isNotNull() & F.col(column.name).isNull()
    return broken(is_lost, "bad_type", f"{column.name} cannot be read as {column.type}: ", came)


def _missing(column: table.Column) -> Column:
    return broken(F.col(column.name).isNull(), f"missing_{column.name}", f"{column.name} is empty")


def _not_allowed(column: table.Column, further: Sequence[str]) -> Iterator[Column]:
    value = F.col(column.name)
    for values in (column.allowed, tuple(further)):
        if values:
            text = f"{column.name} is none of {', '.join(values)}: "
            yield broken(~value.isin(*values), f"not_allowed_{column.name}", text, value)
    if column.minimum is not None:
        kind = "negative" if column.minimum == 0 else "too_small"
        text = f"{column.name} is less than {column.minimum}: "
        yield broken(value < F.lit(column.minimum), f"{kind}_{column.name}", text, value)


def _impossible_date(column: table.Column, calendar: Calendar) -> Column:
    value = F.col(column.name)
    earliest = F.lit(EARLIEST) if column.type == "date" else calendar.starts(EARLIEST)
    return broken(value < earliest, f"impossible_{column.name}", f"{column.name} is before {EARLIEST}: ", value)


def _out_of_order(table: Table, calendar: Calendar) -> Iterator[Column]:
    """What happens after it is known, or ends before it begins."""
    if table.name == "users":
        is_upside_down = F.col("closed_on") < F.col("signed_up_on")
        detail = "closed on ", F.col("closed_on"), ", signed up on ", F.col("signed_up_on")
        yield broken(is_upside_down, "closed_before_sign_up", *detail)
        return
    happened = canonical.EVENT_TIME[table.name]
    value, arrived = F.col(happened), F.col("arrived_at")
    is_date = table.column(happened).type == "date"
    is_early = value > (calendar.day(arrived) if is_date else arrived)
    yield broken(is_early, "event_after_arrival", f"{happened} ", value, " is after its arrival, ", arrived)
