"""Which rules of a table's contract some rows break: by a look at them, or by what Delta said when it refused them."""

import re
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.table import Table
from reactivation.errors import Finding

_REFUSED = {
    r"NOT NULL constraint violated for column: (?P<what>[\w.]+)": "not null",
    r"DELTA_REPLACE_WHERE_MISMATCH.*?constraint '(?P<what>.+?)'": "wrong part",
}


def broken_rules(table: Table, rows: DataFrame) -> list[Finding]:
    """Keys that are there twice and values that are not allowed, counted in one query; none for a table without key."""
    if not table.key:
        return []
    checked = [c for c in table.columns if c.allowed or c.minimum is not None]
    bad = [F.count_if(~column.is_allowed).alias(f"bad_{column.name}") for column in checked]
    per_key = rows.groupBy(*table.key).agg(F.count("*").alias("rows_of_key"), *bad)
    totals = per_key.agg(
        F.coalesce(F.sum(F.col("rows_of_key") - 1), F.lit(0)).alias("rows_too_many"),
        *[F.coalesce(F.sum(f"bad_{column.name}"), F.lit(0)).alias(column.name) for column in checked],
    ).collect()[0]
    findings = [
        Finding(
            "value", column.name, f"{totals[column.name]} rows; allowed: {_allowed(column.allowed, column.minimum)}"
        )
        for column in checked
        if totals[column.name]
    ]
    if totals.rows_too_many:
        findings.append(Finding("key", ", ".join(table.key), f"{totals.rows_too_many} rows too many: must be unique"))
    return findings


def refusal(message: str) -> Finding | None:
    """What Delta refused, in our words; None where the error is of another kind."""
    for pattern, kind in _REFUSED.items():
        found = re.search(pattern, message, re.DOTALL)
        if found:
            return Finding(kind, found["what"], "nothing was written")
    return None


def _allowed(values: Sequence[str], minimum: int | None) -> str:
    return ", ".join(values) if values else f"{minimum} or more"
