"""A region's columns become canonical: expressions from conf, each value cast to its contract's type where it can.

How a value is cast is in `casting`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import table
from reactivation.contracts.canonical import ADDED, ATTRIBUTES
from reactivation.contracts.table import Table
from reactivation.errors import Finding, nearest
from reactivation.frames import BAD_ROW
from reactivation.ingest import casting
from reactivation.ingest.casting import Plausible
from reactivation.periods import Calendar

CAME_AS = "came_as"
"""Name of the struct that keeps each value as it came, under its canonical name."""
IMPLAUSIBLE = "_implausible_arrival"
"""Boolean in `CAME_AS`: an arrival was read, and lies on no plausible day."""


def columns_of(table: Table) -> tuple[table.Column, ...]:
    """The contract's columns that a source has to give: all but those that the ingest adds."""
    return tuple(column for column in table.columns if column.name not in ADDED)


def must_be_given(table: Table, column: table.Column) -> bool:
    """True for a column without which a source cannot be read; users may lack an arrival, known since sign-up then."""
    return column.required and not (table.name == "users" and column.name == "arrived_at")


def typed(
    frame: DataFrame,
    table: Table,
    expressions: Mapping[str, str],
    calendar: Calendar,
    plausible: Plausible | None = None,
) -> DataFrame:
    """The contract's columns in its types, and `came_as`: a value that is null here but not there could not be cast.

    expressions: canonical column: Spark SQL over the raw columns. A column not named is taken by its own name; one
    that is not there at all is null. Of a row that its file broke (`BAD_ROW`) no value is taken. plausible: an arrival
    outside is none, for no month can count it, and `IMPLAUSIBLE` says so.
    """
    given = _given(frame, table, expressions)
    types = {field.name: field.dataType for field in given.schema}
    values = {c.name: casting.cast(F.col(c.name), types[c.name], c.type, calendar) for c in columns_of(table)}
    whole = F.lit(None).cast("struct<reason: string, detail: string>").alias(BAD_ROW)
    kept = [*(F.col(name) for name in types), *([] if BAD_ROW in types else [whole])]
    if BAD_ROW in types:
        values = {name: F.when(F.col(BAD_ROW).isNull(), value) for name, value in values.items()}
    is_plausible = F.lit(True) if plausible is None else plausible.has_arrival(values["arrived_at"], calendar)
    kept.append(F.coalesce(~is_plausible, F.lit(False)).alias(IMPLAUSIBLE))
    values["arrived_at"] = F.when(is_plausible, values["arrived_at"])
    return given.select(*[value.alias(name) for name, value in values.items()], F.struct(*kept).alias(CAME_AS))


def as_text(column: table.Column) -> Column:
    """A typed value as text that `typed` reads back as the same: an instant names its zone."""
    text = F.col(column.name).cast("string")
    return F.concat(text, F.lit("Z")) if column.type == "timestamp" else text


def as_it_came(table: Table) -> Column:
    """The row as JSON under its canonical names: each value as text, cast where it could be, else as it came.

    A row that its file broke says so under `BAD_ROW`.
    """
    values = [
        F.coalesce(as_text(c), F.col(f"{CAME_AS}.{c.name}").cast("string")).alias(c.name) for c in columns_of(table)
    ]
    return F.to_json(F.struct(*values, F.col(f"{CAME_AS}.{BAD_ROW}.detail").alias(BAD_ROW)))


def from_json(rows: DataFrame, table: Table) -> DataFrame:
    """Rows that waited in quarantine, unpacked to text columns under canonical names."""
    schema = ", ".join(f"{c.name} string" for c in columns_of(table))
    return rows.select(F.from_json("row_json", schema).alias("row")).select("row.*")


def problems(
    frame: DataFrame,
    table: Table,
    expressions: Mapping[str, str],
    *,
    raw: str,
    conf: str,
    unusable: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Every column that is missing, does not resolve, or can never become the contract's type; empty where all is well.

    raw: what the frame was read from. conf: file whose `sources.<table>.columns` would mend it. unusable: columns that
    its files have and that cannot be used, with the reason.
    """
    barred = [
        Finding("unusable column", f"{table.name}.{c.name}", f"{raw}: {unusable[c.name]}")
        for c in columns_of(table)
        if unusable and c.name in unusable and c.name not in expressions
    ]
    if barred:
        return barred
    try:
        given = _given(frame, table, expressions)
        _castable(given, table)
        is_castable = not any(casting.is_epoch(given.schema[c.name].dataType, c.type) for c in columns_of(table))
    except PySparkException:
        is_castable = False
    if is_castable:
        missing = [c for c in columns_of(table) if c.name not in _expressions(frame, table, expressions)]
        if not any(must_be_given(table, c) for c in missing):
            return []
    found = [_problem(frame, table, column, expressions, raw=raw, conf=conf) for column in columns_of(table)]
    return [finding for finding in found if finding is not None]


def rounded_ids(frame: DataFrame, table: Table, expressions: Mapping[str, str], *, raw: str) -> Iterator[Finding]:
    """Ids that came as floating numbers and are too large for them: their last digits are lost. raw: see `problems`."""
    given = _given(frame, table, expressions)
    kinds = {c.name: given.schema[c.name].dataType for c in columns_of(table) if c.name.endswith("_id")}
    for name, kind in kinds.items():
        if casting.is_floating(kind) and not given.where(casting.has_lost_digits(F.col(name), kind)).isEmpty():
            advice = (
                "ids beyond 2^53 as floating numbers have lost their last digits; write them as integers or as text"
            )
            yield Finding("rounded ids", f"{table.name}.{name}", f"{raw}: {advice}")


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


def proposals(error: Exception) -> list[str]:
    """Columns that Spark's error proposes in place of the one it does not find."""
    return [part.strip().replace("`", "") for part in parameters(error).get("proposal", "").split(",") if part.strip()]


def unresolved_column(error: Exception) -> str | None:
    """The column that an expression names and the table does not have."""
    if condition(error).startswith("UNRESOLVED_COLUMN"):
        return str(parameters(error).get("objectName", "")).replace("`", "")
    return None


def _given(frame: DataFrame, table: Table, expressions: Mapping[str, str]) -> DataFrame:
    """The contract's columns, each in the type it came in."""
    chosen = _expressions(frame, table, expressions)
    columns = [F.expr(chosen.get(c.name, "null")).alias(c.name) for c in columns_of(table)]
    return frame.select(*columns, *([F.col(BAD_ROW)] if BAD_ROW in frame.columns else []))


def _castable(given: DataFrame, table: Table) -> None:
    """Raise Spark's error where a column can never become the contract's type."""
    given.select(*[F.col(c.name).try_cast(c.type) for c in columns_of(table)])


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
    place = column.name if column.name in ATTRIBUTES else f"columns.{column.name}"
    key = f"sources.{table.name}.{place} in {conf}"
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
    return _wrong_type(given, column, what, f"`{expression.strip('`')}` in {raw} is {found}", key)


def _wrong_type(given: DataFrame, column: table.Column, what: str, said: str, key: str) -> Finding | None:
    """given: the column as `x`. said: what it is, and where."""
    if casting.is_epoch(given.schema["x"].dataType, column.type):
        cure = "for example timestamp_millis(…) or timestamp_seconds(…)"
        advice = f"{said}: a number is no time until its unit is told, {cure}. Change {key}"
        return Finding("number as time", what, advice)
    try:
        given.select(F.col("x").try_cast(column.type))
    except PySparkException:
        return Finding("wrong type", what, f"{said}, never {column.type}. Change {key}")
    return None
