"""The command: which rows, which sides; runs what is missing, then writes the table."""

import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reactivation_lab.against import table
from reactivation_lab.against.results import Result, Results
from reactivation_lab.against.rows import DUCKDB, ROWS, Asked, Row, figures
from reactivation_lab.against.tree import HERE, REV, Unavailable, short, working_tree, worktree

_SIZES = {"copies": 12, "users": 500_000, "features_users": 1_000_000}
_ABOUT = (
    "Medians. runs, load (the highest of the last minute, own work included) and others (share of the processors that "
    "other programs had meanwhile, at the worst run) are those of the one and the other side. May lasts until "
    "its last job is done; with June it lasts until the process has ended. CPU seconds are user and system time of all "
    "processes: Python, Spark's JVM with compiler and garbage collector, workers."
)


def parser() -> ArgumentParser:
    """What the command takes."""
    result = ArgumentParser(prog="benchmark_against.py", description=__doc__)
    result.add_argument("--rev", required=True, help="commit to compare with")
    default = [row.name for row in ROWS.values() if row.default]
    result.add_argument("--rows", nargs="+", choices=list(ROWS), default=default, help=f"default: {' '.join(default)}")
    result.add_argument("--sides", nargs="+", choices=[REV, HERE], default=[REV, HERE])
    result.add_argument("--copies", type=int, default=_SIZES["copies"], help="of the demo's bank, in row ingest")
    result.add_argument("--users", type=int, default=_SIZES["users"], help="of the bank in rows partials and duckdb")
    result.add_argument("--features-users", type=int, default=_SIZES["features_users"], help="in row features")
    result.add_argument("--duckdb", type=Path, metavar="DIR", help="where DuckDB is, if not among the other packages")
    result.add_argument("--retry", action="store_true", help="run again what could not run")
    result.add_argument("--keep", action="store_true", help="leave tables and event logs where they are")
    result.add_argument("--table", action="store_true", help="run nothing, write the table alone")
    return result


def main(argv: Sequence[str]) -> None:
    """Run what is missing, row by row and both sides in turn, and write the table after each run."""
    args = parser().parse_args(argv)
    project = Path(__file__).resolve().parents[3]
    folder = project / "build" / "against" / short(project, args.rev)
    trees = {REV: worktree(project, args.rev, folder / "worktree"), HERE: working_tree(project)}
    sizes = {name: getattr(args, name) for name in _SIZES}
    asked = Asked(trees, sizes, folder, Results(folder / "results.jsonl"))
    for name in [] if args.table else args.rows:
        _measure(asked, ROWS[name], args)
    print(write_table(asked, args.rev))


def write_table(asked: Asked, rev: str) -> str:
    """The Markdown table of all that is known, also as a file."""
    text = f"{table.markdown(figures(asked), rev=f'`{rev}`')}\n\n{_ABOUT}\n"
    (asked.folder / "table.md").write_text(text, encoding="utf-8")
    return text


def _measure(asked: Asked, row: Row, args: Namespace) -> None:
    """One pair of runs, and two more where it was short."""
    sides = [side for side in row.sides if side in args.sides]
    number = 1
    while number <= asked.wanted(row):
        for side in sides:
            if len(asked.runs(row, side)) >= number or (asked.reason(row, side) and not args.retry):
                continue
            _run(asked, row, side, number, args)
            write_table(asked, args.rev)
        number += 1


def _run(asked: Asked, row: Row, side: str, number: int, args: Namespace) -> None:
    place, size = asked.place(row, side), asked.size(row)
    shutil.rmtree(place.folder, ignore_errors=True)
    place.folder.mkdir(parents=True)
    place.shared.mkdir(parents=True, exist_ok=True)
    before, values, reason = os.getloadavg()[0], {}, None
    print(f"{_now()} {row.name}, {side}, run {number}: load {before:.1f}", flush=True)
    try:
        given: dict[str, Any] = {row.argument: size} if row.argument else {}
        given |= {"path": args.duckdb} if row.name == DUCKDB else {}
        values = row.measure(place, **given)
    except Unavailable as error:
        reason = str(error)
    load = (before, max([before, *place.loads]))
    asked.results.add(Result(row.name, side, asked.trees[side].code, number, _now(), load, size, reason, values))
    told = reason or ", ".join(f"{k} {v}" for k, v in values.items() if isinstance(v, int | float))
    print(f"{_now()} {row.name}, {side}, run {number}: {told}", flush=True)
    if not (args.keep or reason):
        shutil.rmtree(place.folder)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
