"""Keys, kinds of columns and allowed values that several derived contracts share."""

from reactivation.contracts.canonical import USER_ID
from reactivation.contracts.table import Column, Table

CYCLE = Column("cycle", "string", "cycle of the programme, YYYY-MM", required=True)
WAVE = Column("wave", "string", "name of the wave in conf (W1 to W4)", required=True)

POLICIES = ("model", "rule", "random")
CELLS = (*POLICIES, "none")
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
