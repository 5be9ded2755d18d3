"""A region's columns become canonical: expressions from conf, each value cast to its contract's type where it can.

An instant may come as a TIMESTAMP, or as text that names its zone. What has no zone (text, TIMESTAMP_NTZ, a DATE) is
what a clock of the region showed; a day that comes as an instant is the day it was in the region.
"""

import re
from collections.abc import Mapping, Sequence

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, StringType, TimestampNTZType, TimestampType

from reactivation.contracts import table
from reactivation.contracts.canonical import ADDED
from reactivation.contracts.table import Table
from reactivation.errors import Finding, nearest
from reactivation.periods import Calendar

CAME_AS = "came_as"
"""Name of the struct that keeps each value as it came, under its canonical name."""
_ZONE = r":\d.*(?:[zZ]|[+-]\d\d?(?::?\d\d)*|[A-Za-z]{2}\S*)\s*$"
"""What ends in a zone after a time of day: Z, an offset, or a zone's name."""


def columns_of(table: Table) -> tuple[table.Column, ...]:
    """The contract's columns that a source has to give: all but those that the ingest adds."""
    return tuple(column for column in table.columns if column.name not in ADDED)


def must_be_given(table: Table, column: table.Column) -> bool:
    """True for a column without which a source cannot be read; users may lack an arrival, known since sign-up then."""
    return column.required and not (table.name == "users" and column.name == "arrived_at")


def typed(frame: DataFrame, table: Table, expressions: Mapping[str, str], calendar: Calendar) -> DataFrame:
    """The contract's columns in its types, and `came_as`: a value that is null here but not there could not be cast.

    expressions: canonical column: Spark SQL over the raw columns. A column not named is taken by its own name; one
    that is not there at all is null.
    """
    given = _given(frame, table, expressions)
    cast = [
        _cast(F.col(c.name), given.schema[c.name].dataType, c.type, calendar).alias(c.name) for c in columns_of(table)
    ]
    return given.select(*cast, F.struct(*[F.col(c.name) for c in columns_of(table)]).alias(CAME_AS))


def as_text(column: table.Column) -> Column:
    """A typed value as text that `typed` reads back as the same: an instant names its zone."""
    text = F.col(column.name).cast("string")
    return F.concat(text, F.lit("Z")) if column.type == "timestamp" else text


def as_it_came(table: Table) -> Column:
    """The row as JSON under its canonical names: each value as text, cast where it could be, else as it came."""
    values = [
        F.coalesce(as_text(c), F.col(f"{CAME_AS}.{c.name}").cast("string")).alias(c.name) for c in columns_of(table)
    ]
    return F.to_json(F.struct(*values))


def from_json(rows: DataFrame, table: Table) -> DataFrame:
    """Rows that waited in quarantine, unpacked to text columns under canonical names."""
    schema = ", ".join(f"{c.name} string" for c in columns_of(table))
    return rows.select(F.from_json("row_json", schema).alias("row")).select("row.*")


def problems(frame: DataFrame, table: Table, expressions: Mapping[str, str], *, raw: str, conf: str) -> list[Finding]:
    """Every column that is missing, does not resolve, or can never become the contract's type; empty where all is well.

    raw: what the frame was read from. conf: file whose `sources.<table>.columns` would mend it.
    """
    try:
        _castable(_given(frame, table, expressions), table)
    except PySparkException:
        pass
    else:
        missing = [c for c in columns_of(table) if c.name not in _expressions(frame, table, expressions)]
        if not any(must_be_given(table, c) for c in missing):
            return []
    found = [_problem(frame, table, column, expressions, raw=raw, conf=conf) for column in columns_of(table)]
    return [finding for finding in found if finding is not None]


def first_line(error: Exception) -> str:
    """What Spark says in its first sentence, without its error class; of a chain of errors, the last cause's."""
    said = re.search(r"\[[A-Z_0-9.]+\] (?P<text>[^\n]*)", str(error))
    text = said["text"] if said else next(iter(str(error).strip().splitlines()), type(error).__name__)
    return text.split(" SQLSTATE")[0].strip()


def condition(error: Exception) -> str:
    """Spark's error class, where it gives one."""
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""


def parameters(error: Exception) -> dict[str, str]:
    """What Spark's error names: columns, proposals."""
    return dict(error.getMessageParameters() or {}) if isinstance(error, PySparkException) else {}


def unresolved_column(error: Exception) -> str | None:
    """The column that an expression names and the table does not have."""
    if condition(error).startswith("UNRESOLVED_COLUMN"):
        return str(parameters(error).get("objectName", "")).replace("`", "")
    return None


def _given(frame: DataFrame, table: Table, expressions: Mapping[str, str]) -> DataFrame:
    """The contract's columns, each in the type it came in."""
    chosen = _expressions(frame, table, expressions)
    return frame.select(*[F.expr(chosen.get(c.name, "null")).alias(c.name) for c in columns_of(table)])


def _castable(given: DataFrame, table: Table) -> None:
    """Raise Spark's error where a column can never become the contract's type."""
    given.select(*[F.col(c.name).try_cast(c.type) for c in columns_of(table)])


def _cast(value: Column, found: DataType, wanted: str, calendar: Calendar) -> Column:
    if wanted == "date" and isinstance(found, TimestampType):
        return calendar.day(value)
    cast = value.try_cast(wanted)
    if wanted != "timestamp":
        return cast
    in_region = F.to_utc_timestamp(cast, calendar.zone)  # the session's zone is UTC: see runtime.session
    if isinstance(found, TimestampNTZType | DateType):
        return in_region
    if isinstance(found, StringType):
        return F.when(value.endswith("Z") | value.rlike(_ZONE), cast).otherwise(in_region)
    return cast


def _expressions(frame: DataFrame, table: Table, expressions: Mapping[str, str]) -> dict[str, str]:
    own = {name.lower() for name in frame.columns}
    by_own_name = {c.name: f"`{c.name}`" for c in columns_of(table) if c.name in own}
    return {**by_own_name, **expressions}


def _hint(name: str, known: Sequence[str]) -> str:
    hint = nearest(name, known)
    return hint if not hint or hint.endswith("?") else f"{hint}."


def _problem(
    frame: DataFrame,
    table: Table,
    column: table.Column,
    expressions: Mapping[str, str],
    *,
    raw: str,
    conf: str,
) -> Finding | None:
    what = f"{table.name}.{column.name}"
    key = f"sources.{table.name}.columns.{column.name} in {conf}"
    expression = _expressions(frame, table, expressions).get(column.name)
    if expression is None:
        if not must_be_given(table, column):
            return None
        hint = _hint(column.name, frame.columns)
        return Finding("missing column", what, f"{raw} has no `{column.name}`: {hint} Map it with {key}")
    try:
        given = frame.select(F.expr(expression).alias("x"))
        found = given.schema["x"].dataType.simpleString()
    except PySparkException as error:
        name = unresolved_column(error)
        if name is not None:
            hint = _hint(name, frame.columns)
            return Finding("missing column", what, f"{raw} has no `{name}`: {hint} Change {key}")
        return Finding("expression", what, f"`{expression}`: {first_line(error)} Change {key}")
    try:
        given.select(F.col("x").try_cast(column.type))
    except PySparkException:
        return Finding(
            "wrong type", what, f"`{expression.strip('`')}` in {raw} is {found}, never {column.type}. Change {key}"
        )
    return None
