"""Keys, kinds of columns and allowed values that several derived contracts share."""

from collections.abc import Container

from reactivation.contracts.canonical import USER_ID
from reactivation.contracts.table import Column, Table

CYCLE = Column("cycle", "string", "cycle of the programme, YYYY-MM", required=True)
WAVE = Column("wave", "string", "name of the wave in conf (W1 to W4)", required=True)

POLICIES = ("model", "rule", "random")
"""The cells that every month has, in the order in which they are told."""
CHALLENGER = "challenger"
"""A cell that a month may have beside them: another whole policy than the model's, judged against it."""
ALL_POLICIES = (*POLICIES, CHALLENGER)
READS_MODEL = ("model", CHALLENGER)
"""Cells whose policy goes by what the model says; whom it says little of gets nothing there that costs."""
CELLS = (*ALL_POLICIES, "none")
TIERS = ("natural_converter", "high_potential", "low_potential")
TOUCHES = ("touched", "holdout", "long_holdout")
STATUSES = ("estimated", "not_estimable", "withheld")
STATUS = Column("status", "string", "whether the numbers may be read", required=True, allowed=STATUSES)
REASON_CODE = Column(
    "reason_code", "string", "what the reason, or sentence, says, for another language; null: none, or of 0.1.0"
)
REASON_VALUES = Column("reason_values", "string", "the values in it, as JSON")
HALVES = ("first", "second")
"""Halves of the users, by hash: what is chosen by one of them is valued by the other."""
CHECK_VERDICTS = ("holds", "warns", "withholds", "not shown to hold", "broken", "not estimable")


def policies_in(cells: Container[str]) -> tuple[str, ...]:
    """The cells of a month in their order: the challenger's is there only where it is named.

    >>> policies_in({"model": 7, "rule": 2, "none": 1})
    ('model', 'rule', 'random')
    """
    return ALL_POLICIES if CHALLENGER in cells else POLICIES


def per_user(name: str, grain: str, *columns: Column, is_open: bool = False) -> Table:
    """A table with one row per cycle and user, partitioned by cycle."""
    return Table(name, grain, ("cycle", "user_id"), (CYCLE, USER_ID, *columns), ("cycle",), is_open)


def flag(name: str, meaning: str, required: bool = True) -> Column:
    """A boolean column."""
    return Column(name, "boolean", meaning, required=required)


def users(name: str, meaning: str) -> Column:
    """A count of users."""
    return Column(name, "bigint", meaning, unit="users", minimum=0)


def number(name: str, meaning: str, unit: str = "") -> Column:
    """A column of doubles."""
    return Column(name, "double", meaning, unit)
