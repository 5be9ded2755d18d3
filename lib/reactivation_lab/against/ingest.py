"""Ingest of six million raw rows: the demo's bank twelve times under new users, its sixth month of history, warm."""

import shutil
from pathlib import Path
from statistics import median
from typing import Any

from reactivation_lab.against import deltalog
from reactivation_lab.against.bench import HELPERS, Place, Step, arguments
from reactivation_lab.against.helpers.one_session import bring
from reactivation_lab.against.tree import Unavailable

MONTH_ENDS = ("2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")
NEWEST = "2026-04"
REPETITIONS = 3
_MADE = "made"


def prepare(place: Place, copies: int) -> Path:
    """Make the raw tables once, by the code of the tree that comes first; both trees ingest the same rows."""
    bank, shared = place.shared / "demo-bank", place.shared / f"demo-bank-times-{copies}"
    if not (bank / _MADE).is_file():
        place.job("simulate_bank", *arguments(place.tree, bank, env="local"), "--as-of", MONTH_ENDS[-1])
        (bank / _MADE).touch()
    if not (shared / _MADE).is_file():
        shutil.rmtree(shared, ignore_errors=True)
        place.python(str(HELPERS / "repeat_raw.py"), str(bank / "raw"), str(shared / "raw"), str(copies), log="repeat")
        (shared / _MADE).touch()
    return shared / "raw"


def ingest(place: Place, *, copies: int = 12) -> dict[str, Any]:
    """Five months one after the other warm the session up; then the sixth three times, each on a root of its own.

    A month's raw rows are there only when it is ingested: its commits are brought into place before.
    """
    raw = prepare(place, copies)
    tables = sorted(path.name for path in raw.iterdir())
    for table in tables:
        bring(raw / table, place.root / "raw" / table)
        shutil.rmtree(place.root / "raw" / table / "_delta_log")
    plan = [
        Step(day, "ingest_sources", _as_of(place, place.root, day), _commits(raw, place.root, tables, number))
        for number, day in enumerate(MONTH_ENDS[:-1])
    ]
    last = len(MONTH_ENDS) - 1
    for repetition in range(1, REPETITIONS + 1):
        root = place.folder / f"root-{repetition}"
        links = ((place.root, root), *_commits(raw, root, tables, last))
        plan.append(Step(f"measured {repetition}", "ingest_sources", _as_of(place, root, MONTH_ENDS[-1]), links))
    ran, done = place.session(plan)
    log, rows = place.log(), rows_in(place.folder / "root-1")
    measured = [step for step in done if step.name.startswith("measured")]
    costs = [ran.cost(step.began, step.ended) for step in measured]
    middle = {name: median(cost[name] for cost in costs) for name in costs[0]}
    return {
        "rows": rows,
        **middle,
        "cpu_us_per_row": round(middle["cpu_seconds"] / rows * 1e6, 2),
        "queries": median(log.queries_between(step.began, step.ended) for step in measured),
        "jobs": median(log.jobs_between(step.began, step.ended) for step in measured),
        "each": [{"step": step.name, **ran.cost(step.began, step.ended)} for step in done],
    }


def rows_in(root: Path) -> int:
    """Raw rows that arrived in the newest month, by the ingest's own counts."""
    counts = deltalog.read(root / "warehouse" / "ingest_counts", ["cycle", "rows_in"])
    rows = sum(count["rows_in"] for count in counts if count["cycle"] == NEWEST)
    if not rows:
        raise Unavailable(f"no row arrived in {NEWEST}")
    return int(rows)


def _as_of(place: Place, root: Path, day: str) -> tuple[str, ...]:
    return (*arguments(place.tree, root, env="benchmark"), "--as-of", day)


def _commits(raw: Path, root: Path, tables: list[str], number: int) -> tuple[tuple[Path, Path], ...]:
    """The raw tables' commits of one month, as Delta wrote them, from where they all are to where the ingest looks."""
    names = [f"_delta_log/{number:020d}.{kind}" for kind in ("crc", "json")]
    return tuple((raw / table / name, root / "raw" / table / name) for table in tables for name in names)
