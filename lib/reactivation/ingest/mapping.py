"""A region's columns become canonical: expressions from conf, each value cast to its contract's type where it can.

How a value is cast is in `casting`.
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, DataType, StringType

from reactivation.contracts import table
from reactivation.contracts.canonical import ADDED, CONSENTS
from reactivation.contracts.table import Table
from reactivation.frames import BAD_ROW, BAD_ROW_TYPE, has_bad_rows
from reactivation.ingest import casting
from reactivation.ingest.casting import Plausible
from reactivation.periods import Calendar

RAW_VALUES = "raw_values"
"""Name of the struct that keeps each value as it came, under its canonical name."""
IMPLAUSIBLE = "_implausible_arrival"
"""Boolean in `RAW_VALUES`: an arrival was read, and lies on no plausible day."""


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
    """Cast the columns to the contract's types, and keep the raw values as `raw_values`.

    A value that is null in its type, and not null in `raw_values`, cannot be cast.

    expressions: canonical column: Spark SQL over the raw columns. A column not named is taken by its own name; one
    that is not there at all is null. Of a row that its file broke (`BAD_ROW`) no value is taken. plausible: an arrival
    outside is none, for no month can count it, and `IMPLAUSIBLE` says so.
    """
    rows = given(frame, table, expressions)
    types = {field.name: field.dataType for field in rows.schema}
    values = {
        c.name: casting.cast(F.col(c.name), types[c.name], c.type, calendar, plausible) for c in columns_of(table)
    }
    if BAD_ROW not in types:  # else the reader of the files has looked
        texts = [c.name for c in columns_of(table) if c.type == "string" and _is_text(types[c.name])]
        values |= {name: casting.decoded(values[name]) for name in texts}
    if "event_id" in values:
        values["event_id"] = F.trim(values["event_id"])
        if table is not CONSENTS:  # where an event's number decides nothing, it bars no row
            values["event_id"] = F.when(~casting.is_rounded(values["event_id"]), values["event_id"])
    whole = F.lit(None).cast(BAD_ROW_TYPE).alias(BAD_ROW)
    kept = [*(F.col(name) for name in types), *([] if BAD_ROW in types else [whole])]
    if BAD_ROW in types:
        values = {name: F.when(F.col(BAD_ROW).isNull(), value) for name, value in values.items()}
    is_plausible = F.lit(True) if plausible is None else plausible.has_arrival(values["arrived_at"], calendar)
    kept.append(F.coalesce(~is_plausible, F.lit(False)).alias(IMPLAUSIBLE))
    values["arrived_at"] = F.when(is_plausible, values["arrived_at"])
    return rows.select(*[value.alias(name) for name, value in values.items()], F.struct(*kept).alias(RAW_VALUES))


def as_text(column: table.Column) -> Column:
    """A typed value as text that `typed` reads back as the same: an instant names its zone."""
    text = F.col(column.name).cast("string")
    return F.concat(text, F.lit("Z")) if column.type == "timestamp" else text


def as_it_came(table: Table) -> Column:
    """The row as JSON under its canonical names: each value as text, cast where it could be, else as it came.

    A row that its file broke says so under `BAD_ROW`.
    """
    values = [
        F.coalesce(as_text(c), F.make_valid_utf8(F.col(f"{RAW_VALUES}.{c.name}").cast("string"))).alias(c.name)
        for c in columns_of(table)
    ]
    return F.to_json(F.struct(*values, F.col(f"{RAW_VALUES}.{BAD_ROW}.detail").alias(BAD_ROW)))


def from_json(rows: DataFrame, table: Table) -> DataFrame:
    """Rows that waited in quarantine, unpacked to text columns under canonical names."""
    schema = ", ".join(f"{c.name} string" for c in columns_of(table))
    return rows.select(F.from_json("row_json", schema).alias("row")).select("row.*")


def given(frame: DataFrame, table: Table, expressions: Mapping[str, str]) -> DataFrame:
    """The contract's columns, each in the type it came in."""
    texts = chosen(frame, table, expressions)
    values = {c.name: F.expr(texts.get(c.name, "null")) for c in columns_of(table)}
    if "event_id" in values:
        values["event_id"] = casting.without_placeholder(values["event_id"])
        open_texts = [c.name for c in columns_of(table) if c.required and c.type == "string" and not c.allowed]
        values |= {name: casting.without_null(values[name]) for name in open_texts}
    columns = [value.alias(name) for name, value in values.items()]
    return frame.select(*columns, *([F.col(BAD_ROW)] if has_bad_rows(frame) else []))


def chosen(frame: DataFrame, table: Table, expressions: Mapping[str, str]) -> dict[str, str]:
    """Canonical column: its expression over the raw columns, by its own name where none is said."""
    own = {name.lower() for name in frame.columns}
    by_own_name = {c.name: f"`{c.name}`" for c in columns_of(table) if c.name in own}
    return {**by_own_name, **expressions}


def _is_text(found: DataType) -> bool:
    return isinstance(found, StringType | BinaryType)
