"""The rows that are measured, and what of each goes into the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reactivation_lab.against import demo, ingest, others, partials, readout
from reactivation_lab.against.bench import Place
from reactivation_lab.against.results import Result, Results, value
from reactivation_lab.against.table import Figure
from reactivation_lab.against.tree import HERE, REV, Tree

SHORT_SECONDS = 300.0
SHORT_RUNS = 3
DUCKDB = "duckdb"


@dataclass(frozen=True)
class Row:
    """One measurement.

    measure: runs it once. default: it is run without being asked for by name. size: name of the number that is asked
    for, which it takes as `argument`. sides: where it runs. within: the measurement whose runs hold one of this as
    well, and under which name. repeats: it repeats by itself what it measures, so one pair is enough.
    """

    name: str
    measure: Callable[..., dict[str, Any]]
    default: bool = True
    size: str | None = None
    argument: str | None = None
    repeats: bool = False
    sides: tuple[str, ...] = (REV, HERE)
    within: tuple[str, str] | None = None


ROWS = {
    row.name: row
    for row in (
        Row("demo", demo.may_and_june),
        Row("may", demo.may, within=("demo", "may")),
        Row("readout", readout.readout),
        Row("ingest", ingest.ingest, size="copies", argument="copies", repeats=True),
        Row("partials", partials.partials, size="users", argument="users", repeats=True),
        Row(DUCKDB, partials.duckdb, size="users", argument="users", repeats=True, sides=(REV,)),
        Row("features", others.features, default=False, size="features_users", argument="users"),
        Row("test", others.test, default=False),
    )
}
FIGURES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("May", "s", "may", ("seconds",)),
    ("May", "CPU s", "may", ("cpu_seconds",)),
    ("May", "Spark SQL executions", "may", ("queries",)),
    ("May", "Spark jobs", "may", ("jobs",)),
    ("May", "Delta commits", "may", ("commits",)),
    ("May and June", "s", "demo", ("seconds",)),
    ("May and June", "CPU s", "demo", ("cpu_seconds",)),
    ("May and June", "Spark SQL executions", "demo", ("queries",)),
    ("May and June", "Spark jobs", "demo", ("jobs",)),
    ("May and June", "Delta commits", "demo", ("commits",)),
    ("the last wave's day in June, warm", "s", "demo", ("wave_day", "seconds")),
    ("the last wave's day in June, warm", "CPU s", "demo", ("wave_day", "cpu_seconds")),
    ("the last wave's day in June, warm", "Spark SQL executions", "demo", ("wave_day", "queries")),
    ("the last wave's day in June, warm", "Spark jobs", "demo", ("wave_day", "jobs")),
    ("ingest of the demo's sixth month, {size} times, warm", "raw rows", "ingest", ("rows",)),
    ("ingest of the demo's sixth month, {size} times, warm", "s", "ingest", ("seconds",)),
    ("ingest of the demo's sixth month, {size} times, warm", "CPU µs a row", "ingest", ("cpu_us_per_row",)),
    ("ingest of the demo's sixth month, {size} times, warm", "Spark jobs", "ingest", ("jobs",)),
    ("partials of {size} users, written, warm", "canonical rows", "partials", ("rows",)),
    ("partials of {size} users, written, warm", "s", "partials", ("seconds",)),
    ("partials of {size} users, written, warm", "CPU s", "partials", ("cpu_seconds",)),
    ("the same from the job's start", "s", "partials", ("seconds_to_write",)),
    ("the same from the job's start", "CPU s", "partials", ("cpu_seconds_to_write",)),
    ("features of {size} users, six months", "s", "features", ("seconds",)),
    ("features of {size} users, six months", "CPU s", "features", ("cpu_seconds",)),
    ("`analyze_experiment`, 126 000 rows", "s", "readout", ("seconds",)),
    ("`analyze_experiment`, 126 000 rows", "CPU s", "readout", ("cpu_seconds",)),
    ("`make test`", "s", "test", ("seconds",)),
    ("`make test`", "CPU s", "test", ("cpu_seconds",)),
)


@dataclass(frozen=True)
class Asked:
    """What one call is to measure: both trees, sizes by their names, and where everything lies."""

    trees: dict[str, Tree]
    sizes: dict[str, int]
    folder: Path
    results: Results

    def size(self, row: Row) -> int | None:
        return self.sizes[row.size] if row.size else None

    def runs(self, row: Row, side: str) -> list[Result]:
        """The runs that gave figures, the one within another measurement first."""
        tree = self.trees[side]
        own = self.results.of(row.name, side, tree.code, self.size(row))
        if row.within is None:
            return own
        kind, part = row.within
        outer = self.results.of(kind, side, tree.code, self.size(ROWS[kind]))
        return [Result(**{**vars(r), "values": r.values[part]}) for r in outer] + own

    def reason(self, row: Row, side: str) -> str | None:
        """Why a side has no figures; None where it has some, or where nobody has tried."""
        if self.runs(row, side):
            return None
        outer = ROWS[row.within[0]] if row.within else row
        tried = [self.results.reason(r.name, side, self.trees[side].code, self.size(r)) for r in (row, outer)]
        return next((why for why in tried if why), None)

    def place(self, row: Row, side: str) -> Place:
        return Place(self.trees[side], self.folder / "runs" / f"{row.name}-{side}", self.folder / "shared")

    def wanted(self, row: Row) -> int:
        """Three runs where each side's first lasts below five minutes, else one."""
        firsts = [value(self.runs(row, side), "seconds")[:1] for side in row.sides]
        seconds = [first[0] for first in firsts if first]
        return SHORT_RUNS if seconds and max(seconds) < SHORT_SECONDS and not row.repeats else 1


def figures(asked: Asked) -> Iterator[Figure]:
    """All lines of the table for which there is a figure or a reason."""
    for what, unit, name, path in FIGURES:
        row = ROWS[name]
        rev, here = asked.runs(row, REV), asked.runs(row, HERE)
        reasons = [f"{side}: {why}" for side in (REV, HERE) if (why := asked.reason(row, side))]
        if rev or here or reasons:
            size = f"{asked.size(row):,}".replace(",", " ") if row.size else ""
            values = tuple(value(rev, *path)), tuple(value(here, *path))
            loads, others = (_load(rev), _load(here)), (_others(rev, *path[:-1]), _others(here, *path[:-1]))
            yield Figure(what.format(size=size), unit, *values, loads, others, "; ".join(reasons))
    yield from _yardstick(asked)


def _yardstick(asked: Asked) -> Iterator[Figure]:
    """DuckDB against both sides: its figures stand in their columns as what they are divided by."""
    row, spark = ROWS[DUCKDB], ROWS["partials"]
    duck = asked.runs(row, REV)
    why = asked.reason(row, REV)
    if why:
        yield Figure("DuckDB, same files and aggregates", "s", (), (), note=why)
    for name, unit in (("seconds", "s"), ("cpu_seconds", "CPU s")) if duck else ():
        of_duck = value(duck, name)[0]
        rev, here = (tuple(v / of_duck for v in value(asked.runs(spark, side), name)) for side in (REV, HERE))
        note = f"DuckDB {duck[0].values['version']}: {of_duck:.2f} {unit}, load {_load(duck):.1f}"
        yield Figure(f"partials as multiples of DuckDB's {unit}", "×", rev, here, note=note)


def _load(runs: list[Result]) -> float | None:
    return max((max(run.load) for run in runs), default=None)


def _others(runs: list[Result], *inside: str) -> float | None:
    return max(value(runs, *inside, "others"), default=None)
