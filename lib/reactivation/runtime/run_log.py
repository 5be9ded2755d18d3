"""What `run_log` says: which jobs were done, and when; and the rows that a finished run adds."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.flow import INGEST, PLAN, RELEASE, Step
from reactivation.runtime.store import Written

WHOLE = "-"
"""In the place of a table: the run as a whole."""


def done(log: DataFrame, *, cycle: str, settings_hash: str) -> set[tuple[str, str | None, date | None]]:
    """Runs that finished under the same settings: (job, wave, as_of).

    Those of this cycle, and of other cycles the ingests: rows that one of them took, none has to take again. A wave is
    done under whatever settings: it was planned, or released.
    """
    is_ours = (F.col("cycle") == cycle) | (F.col("job") == INGEST.job)
    counts = (F.col("settings_hash") == settings_hash) | F.col("job").isin(PLAN.job, RELEASE.job)
    finished = log.where(is_ours & counts & (F.col("table") == WHOLE))
    return {(row.job, row.wave, row.as_of) for row in finished.select("job", "wave", "as_of").distinct().collect()}


def finished_at(log: DataFrame, *, cycle: str, step: Step) -> int | None:
    """When a step of a cycle was last done, in milliseconds since 1970; None: it never was."""
    is_it = (F.col("cycle") == cycle) & (F.col("job") == step.job) & (F.col("table") == WHOLE)
    last = log.where(is_it).agg(F.max(F.unix_millis("finished_at")).alias("at")).collect()[0].at
    return None if last is None else int(last)


def overview(log: DataFrame) -> DataFrame:
    """Finished runs by cycle and job: how many, their seconds and rows, and when the last one was done."""
    return (
        log.where(F.col("table") == WHOLE)
        .groupBy("cycle", "job")
        .agg(
            F.count("*").alias("runs"),
            F.round(F.sum("seconds"), 1).alias("seconds"),
            F.sum("rows").alias("rows"),
            F.max("finished_at").alias("last"),
        )
        .orderBy("cycle", "last")
    )


def rows_of(
    common: Mapping[str, Any], written: Iterable[tuple[str, Written, float]], *, seconds: float
) -> list[dict[str, Any]]:
    """Rows of a finished run: one per table written, and one for the whole. written: (table, what, seconds)."""
    each = list(written)
    whole = (WHOLE, (sum(what.rows for _, what, _ in each), None), seconds)
    return [
        {**common, "table": name, "rows": rows, "delta_version": version, "seconds": took}
        for name, (rows, version), took in (*each, whole)
    ]
