"""Fingerprints of what a released wave rests on: scores, tiers, bands and arms of the cycle stay as they were."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding
from reactivation.frames import union_all

_LATER = ("lift_active", "active_uplift_version", "picked_by_challenger")
"""Columns that came when months had been frozen: where they are null, the fingerprint is the one that was noted."""
Fingerprints = dict[str, dict[str, Any]]
"""By table: rows, hash, and the version of the table at that time."""


def fingerprints(tables: Mapping[str, DataFrame]) -> DataFrame:
    """Rows and the sum of their hashes by table: equal for equal rows in any order. One query."""
    return (
        union_all([_hashed(name, rows) for name, rows in tables.items()])
        .groupBy("table")
        .agg(F.count("row").alias("rows"), F.coalesce(F.sum("row"), F.lit(0)).cast("string").alias("hash"))
    )


def _hashed(name: str, rows: DataFrame) -> DataFrame:
    """One row per row. The hash skips nulls, so where they stand is part of it.

    On reasons of scores nothing rests, nor on a reason in another language: 0.1.0 had neither.
    """
    columns = sorted(name for name in rows.columns if not name.startswith(("reasons_", "reason_")))
    may_be_null = [F.col(column).isNull() for column in columns if column not in _LATER]
    nulls = F.concat_ws("", *[is_null.cast("int").cast("string") for is_null in may_be_null])
    return rows.select(F.lit(name).alias("table"), F.xxhash64(*columns, nulls).cast("decimal(20,0)").alias("row"))


def of_rows(rows: Iterable[Mapping[str, Any]], versions: Mapping[str, int], tables: Iterable[str]) -> Fingerprints:
    """What is noted of some tables. rows: of `fingerprints`; a table without rows has none there."""
    found = {row["table"]: row for row in rows}
    return {
        name: {
            "rows": found[name]["rows"] if name in found else 0,
            "hash": found[name]["hash"] if name in found else "0",
            "version": versions.get(name),
        }
        for name in tables
    }


def read(text: str | None) -> Fingerprints:
    """What was noted as JSON; none where nothing was."""
    return dict(json.loads(text)) if text else {}


def differences(then: Fingerprints, now: Fingerprints) -> list[Finding]:
    """Tables that are no longer what they were; those not noted then, or not asked for now, are not compared."""
    return [
        Finding("differs", name, f"{then[name]['rows']} rows then, {now[name]['rows']} now, and not the same rows")
        if then[name]["rows"] == now[name]["rows"]
        else Finding("differs", name, f"{then[name]['rows']} rows then, {now[name]['rows']} now")
        for name in now
        if name in then and any(then[name][part] != now[name][part] for part in ("rows", "hash"))
    ]
