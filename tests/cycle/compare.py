"""Whether two banks hold the same rows, but for run ids, times and version numbers."""

from collections.abc import Sequence

from pyspark.sql import functions as F

from cycle.conftest import Bank
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation_lab.bank import tables as raw

LOGS = ("run_log", "model_ledger")
"""Tables of runs and versions alone."""
VOLATILE = ("active_version", "asset_uplift_version", "run_id", "happened_at", "frozen_json")
"""Columns of run ids, times and version numbers."""
EVERYTHING = (*raw.RAW, *raw.TRUTH, *canonical.ALL, *(table for table in derived.ALL if table.name not in LOGS))


def differences(expected: Bank, found: Bank, *, until: str, tables: Sequence[Table] = EVERYTHING) -> dict[str, object]:
    """By table, what two banks hold of the months up to one, where that is not the same.

    Months that `found` has no rows of are left out: the other bank may have gone on.
    """
    there = [table for table in tables if (expected.root / table.place / table.name).is_dir()]
    assert len(there) >= len(canonical.ALL)
    result: dict[str, object] = {}
    for table in there:
        ours, theirs = (months_of(bank, table, until) for bank in (found, expected))
        if ours != {month: theirs.get(month) for month in ours} or (not ours and theirs):
            result[table.name] = {"found": ours, "expected": theirs}
    return result


def months_of(bank: Bank, table: Table, until: str) -> dict[str, tuple[int, int]]:
    """Rows and the sum of their hashes by month, up to one; of a table that is not cut by months, of all rows."""
    frame = bank.read(table)
    column = next((name for name in ("cycle", "arrival_cycle") if name in table.column_names), None)
    month = F.lit("all") if column is None else F.coalesce(column, F.lit(""))
    row = F.xxhash64(*[c for c in sorted(frame.columns) if c not in VOLATILE]).cast("decimal(38,0)")
    sums = frame.groupBy(month.alias("month")).agg(F.count("*").alias("n"), F.sum(row).alias("total"))
    return {one.month: (int(one.n), int(one.total)) for one in sums.collect() if column is None or one.month <= until}


def files_of(bank: Bank, cycle: str) -> dict[str, bytes]:
    """The cycle's channel files and what lies beside them, by place."""
    files = bank.root.glob(f"exports/{cycle}/**/*.csv")
    return {str(file.relative_to(bank.root)): file.read_bytes() for file in files}
