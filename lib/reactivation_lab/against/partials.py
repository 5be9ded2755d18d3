"""The partials (`activity`) of a large bank's month, warm, and the same aggregates by DuckDB from the same files."""

import json
import shutil
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from reactivation_lab.against import deltalog
from reactivation_lab.against.bench import HELPERS, Done, Place, Step, arguments
from reactivation_lab.against.eventlog import Log
from reactivation_lab.against.helpers.one_session import bring
from reactivation_lab.against.process import Ran
from reactivation_lab.against.tree import Unavailable

OBSERVED_ON, MONTH = "2026-05-01", "2026-04"
REPETITIONS = 3
SOURCES = (
    "logins",
    "function_uses",
    "transactions",
    "asset_snapshots",
    "benefit_events",
    "contacts",
    "outside_contacts",
)
_MADE = "made"


def partials(place: Place, *, users: int) -> dict[str, Any]:
    """Ingest one month, then build its features four times in one session; the first time does not count.

    Of each build the write of `activity` is measured: the aggregates are computed while they are written. What the job
    does from its start to that write's end is told beside it.
    """
    bring(_raw(place, users), place.root / "raw")
    given = _given(place, place.root, users)
    plan = [Step("ingest", "ingest_sources", (*given, "--as-of", OBSERVED_ON))]
    plan += [Step(f"build {n}", "build_features", (*given, "--force")) for n in range(REPETITIONS + 1)]
    ran, done = place.session(plan)
    log = place.log()
    each = [_of_build(place, step, ran, log) for step in done if step.name.startswith("build")]
    keep_canonical(place, users)
    names = ("seconds", "cpu_seconds", "others", "seconds_to_write", "cpu_seconds_to_write", "jobs")
    return {
        "users": users,
        "rows": sum(rows_of(place.root / "warehouse" / source) for source in SOURCES),
        **{name: round(median(build[name] for build in each[1:]), 2) for name in names},
        "each": each,
    }


def duckdb(place: Place, *, users: int, path: Path | None = None) -> dict[str, Any]:
    """The same by DuckDB, on the live files that the other commit's ingest wrote, written to Parquet as well.

    path: folder in which DuckDB lies, where it is not among the other packages.
    """
    warehouse = canonical(place, users)
    if not (warehouse / _MADE).is_file():
        raise Unavailable("the canonical tables are not there: run the row for the other commit first")
    conf = yaml.safe_load((place.tree.folder / "conf/regions/sandbox.yml").read_text(encoding="utf-8"))
    files = {}
    for source in SOURCES:
        live = deltalog.live_files(warehouse / source)
        files[source] = [str(file.path) for file in live if dict(file.partition)["arrival_cycle"] == MONTH]
    job = {"files": files, "activity": conf["activity"], "repetitions": REPETITIONS + 1, "out": "partials.parquet"}
    (place.folder / "duckdb.json").write_text(json.dumps(job), encoding="utf-8")
    place.python(str(HELPERS / "duckdb_partials.py"), "duckdb.json", "duckdb-done.json", log="duckdb", path=path)
    said = json.loads((place.folder / "duckdb-done.json").read_text(encoding="utf-8"))
    if "reason" in said:
        raise Unavailable(said["reason"])
    spark = rows_of(warehouse / "activity")
    if said["rows"] != spark:
        raise Unavailable(f"DuckDB made {said['rows']} rows where Spark made {spark}")
    each = said["each"][1:]
    middle = {name: round(median(run[name] for run in each), 3) for name in ("seconds", "cpu_seconds")}
    return {"users": users, "version": said["version"], **middle, "each": said["each"]}


def rows_of(table: Path) -> int:
    """Rows of a table's newest version, by the statistics in its log."""
    return sum(file.rows for file in deltalog.live_files(table))


def canonical(place: Place, users: int) -> Path:
    """Where the other commit's canonical tables and its `activity` are kept for DuckDB."""
    return place.shared / f"bank-{users}" / "warehouse"


def keep_canonical(place: Place, users: int) -> None:
    """Keep what this tree ingested, if nobody has before."""
    kept = canonical(place, users)
    if not (kept / _MADE).is_file():
        shutil.rmtree(kept, ignore_errors=True)
        for table in (*SOURCES, "activity"):
            bring(place.root / "warehouse" / table, kept / table)
        (kept / _MADE).touch()


def _raw(place: Place, users: int) -> Path:
    """Let the bank live its month once, by the code of the tree that comes first."""
    shared = place.shared / f"bank-{users}"
    if not (shared / _MADE).is_file():
        bank = place.folder / "bank"
        place.job("simulate_bank", *_given(place, bank, users), "--as-of", OBSERVED_ON)
        shutil.rmtree(shared / "raw", ignore_errors=True)
        bring(bank / "raw", shared / "raw")
        (shared / _MADE).touch()
    return shared / "raw"


def _given(place: Place, root: Path, users: int) -> tuple[str, ...]:
    settings = {"sandbox.users": users, "sandbox.history_months": 1}
    return arguments(place.tree, root, env="benchmark", settings=settings)


def _of_build(place: Place, step: Done, ran: Ran, log: Log) -> dict[str, Any]:
    target = str(place.root / "warehouse" / "activity")
    writes = [w for w in log.writes if w.is_to(target) and step.began <= w.began < step.ended]
    if not writes:
        raise Unavailable("the event log tells of no write of `activity`")
    began, ended = min(write.began for write in writes), max(write.ended for write in writes)
    return {
        **ran.cost(began, ended),
        "seconds_to_write": round(ended - step.began, 2),
        "cpu_seconds_to_write": round(ran.cpu_between(step.began, ended), 2),
        "jobs": log.jobs_between(began, ended),
        "whole_job_seconds": round(step.seconds, 2),
        "whole_job_cpu_seconds": round(ran.cpu_between(step.began, step.ended), 2),
    }
