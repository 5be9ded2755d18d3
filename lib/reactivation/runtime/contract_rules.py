"""Which rules of a table's contract some rows break: by a look at them, or by what Delta said when it refused them."""

import re
from collections.abc import Mapping, Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.table import Column, Table
from reactivation.errors import Finding

CONSTRAINT = "delta.constraints."
"""Beginning of the table properties by which Delta refuses values: the rule of a column, under its name."""
WRONG_PART = "a row lies outside the part that is written"
_NOT_NULL = "NOT NULL constraint violated for column"
_REFUSED = {
    r"DELTA_REPLACE_WHERE_MISMATCH.*?constraint '(?P<what>.+?)'": "wrong part",
    r"DELTA_REPLACE_WHERE_MISMATCH": "wrong part",
    WRONG_PART: "wrong part",
    rf"{_NOT_NULL}: (?P<what>[\w.]+)": "not null",
    r"CHECK constraint (?P<what>\S+)": "value",
}


def is_held(properties: Mapping[str, str], column: str, rule: str | None) -> bool:
    """True where a table's properties have a column's rule; SQL that added it may have spaced it otherwise.

    >>> is_held({"delta.constraints.band": "`band`  is not null"}, "band", "`band` is not null")
    True
    """
    return "".join(properties.get(f"{CONSTRAINT}{column}", "").split()) == "".join((rule or "").split())


def in_part(rows: DataFrame, column: str, part: str) -> DataFrame:
    """The same rows; a query that meets one outside a part (a condition in SQL) fails.

    column: a partition column, which is read where rows are written; a filter would also be tried on rows that a join
    below it drops.
    """
    is_in = F.when(F.expr(part), F.col(column)).otherwise(F.raise_error(F.lit(WRONG_PART)).cast("string"))
    return rows.withColumn(column, is_in)


def required(rows: DataFrame, table: Table, *, held: Mapping[str, str]) -> DataFrame:
    """The same rows; a query that meets a null in a column that a table gained and the contract requires fails.

    held: the table's properties: where Delta holds the column's rule, nothing is added.
    """
    gained = [c for c in table.columns if c.for_old_rows is not None and not is_held(held, c.name, c.rule)]
    found = {c.name: F.raise_error(F.lit(f"{_NOT_NULL}: {c.name}")).cast(c.type) for c in gained if c.required}
    return rows.withColumns({name: F.coalesce(name, error) for name, error in found.items()})


def repeated_keys(table: Table, rows: DataFrame) -> list[Finding]:
    """Keys that are there more than once, by one query; none for a table without key.

    Of a few records of the driver the keys are compared there: that starts no job.
    """
    if not table.key:
        return []
    if rows.isLocal():
        keys = rows.select(*table.key).collect()
        return _of_key(table, len(keys) - len(set(keys)))
    per_key = rows.groupBy(*table.key).agg(F.count("*").alias("rows_of_key"))
    return _of_key(table, per_key.agg(_too_many()).collect()[0].rows_too_many)


def broken_rules(table: Table, rows: DataFrame, *, part: str | None = None) -> list[Finding]:
    """All that is wrong with some rows, counted in one query: values, rows outside the part (SQL), keys that repeat."""
    checked = [column for column in table.columns if column.rule is not None]
    is_wrong = F.lit(False) if part is None else ~F.coalesce(F.expr(part), F.lit(False))
    counts = [
        F.count_if(is_wrong).alias("wrong_part"),
        *[
            F.count_if(~column.is_allowed & F.col(column.name).isNotNull()).alias(f"bad_{column.name}")
            for column in checked
        ],
        *[
            F.count_if(F.col(column.name).isNull()).alias(f"null_{column.name}")
            for column in checked
            if column.required
        ],
    ]
    per_key = rows.groupBy(*table.key).agg(F.count("*").alias("rows_of_key"), *counts)
    names = [name for name in per_key.columns if name.startswith(("wrong_", "bad_", "null_")) and name not in table.key]
    totals = per_key.agg(_too_many(), *[F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in names]).collect()[0]
    findings = [
        Finding(kind, column.name, f"{totals[count]} rows; {advice}")
        for column in checked
        for kind, count, advice in (
            ("not null", f"null_{column.name}", "a value is required"),
            ("value", f"bad_{column.name}", f"allowed: {_allowed(column)}"),
        )
        if count in names and totals[count]
    ]
    if totals.wrong_part:
        findings.append(Finding("wrong part", str(part), f"{totals.wrong_part} rows lie outside it"))
    return findings + (_of_key(table, totals.rows_too_many) if table.key else [])


def refusal(message: str) -> Finding | None:
    """What Delta refused, in our words; None where the error is of another kind."""
    for pattern, kind in _REFUSED.items():
        found = re.search(pattern, message, re.DOTALL)
        if found:
            return Finding(kind, found.groupdict().get("what") or "", "nothing was written")
    return None


def _too_many() -> SparkColumn:
    return F.coalesce(F.sum(F.col("rows_of_key") - 1), F.lit(0)).alias("rows_too_many")


def _of_key(table: Table, rows_too_many: int) -> list[Finding]:
    key = ", ".join(table.key)
    return [Finding("key", key, f"{rows_too_many} rows too many: must be unique")] if rows_too_many else []


def _allowed(column: Column) -> str:
    values: Sequence[str] = column.allowed
    return ", ".join(values) if values else f"{column.minimum} or more"
