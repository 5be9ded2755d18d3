"""Run: all that one job of one cycle may touch, with the checks of `flow` on every read and write."""

import time
import uuid
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession

import reactivation
from reactivation import randomization
from reactivation.contracts import derived
from reactivation.contracts.flow import Step
from reactivation.contracts.table import Table
from reactivation.frames import of_records
from reactivation.periods import Calendar, Month
from reactivation.runtime import console, run_log
from reactivation.runtime.input_fingerprint import made_of, note_made_of
from reactivation.runtime.principal import principal
from reactivation.runtime.session import changed
from reactivation.runtime.snapshot import Parts
from reactivation.runtime.store import Store, Written, resolved
from reactivation.settings import Loaded, Settings


@dataclass(frozen=True)
class Run:
    """One job of one cycle: its settings, its time, and the tables it may read and write.

    as_of: the day it runs as of, where one was given; None leaves the job its default.
    project: folder that holds `conf`; relative paths of conf start there.
    args: further arguments that a job declares beside the common ones.
    """

    spark: SparkSession
    loaded: Loaded
    step: Step
    env: str
    region: str
    scenario: str
    cycle: Month
    project: Path
    as_of: date | None = None
    wave: str | None = None
    force: bool = False
    args: Namespace = field(default_factory=Namespace)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _written: list[tuple[str, Written, float]] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def settings_hash(self) -> str:
        return self.loaded.hash

    @property
    def settings_yaml(self) -> str:
        return self.loaded.yaml

    @property
    def calendar(self) -> Calendar:
        return self.settings.calendar

    @property
    def root(self) -> str:
        return self.resolve(self.settings.paths.root)

    @property
    def exports(self) -> str:
        return self.resolve(self.settings.paths.exports)

    @property
    def reports(self) -> str:
        return self.resolve(self.settings.paths.reports)

    @cached_property
    def store(self) -> Store:
        """The tables under the run's root, each opened once."""
        return Store(self.spark, self.root, writer=f"{self.step.job} (cycle {self.cycle}, run {self.run_id})")

    @cached_property
    def contact_store(self) -> Store:
        """Where the contact ledger lies, which scenarios of one bank may share."""
        root = self.resolve(self.settings.paths.contact_ledger)
        return self.store if root == self.root else Store(self.spark, root, writer=f"{self.step.job} ({self.region})")

    @property
    def principal(self) -> str:
        """The account under which the platform runs the job."""
        return principal(self.spark)

    def _home(self, table: Table) -> Store:
        return self.contact_store if table.name == derived.CONTACT_LEDGER.name else self.store

    def resolve(self, path: str) -> str:
        """A path of conf as Spark takes it; see `store.resolved`."""
        return resolved(path, project=self.project, root=self.root if "{root}" in path else "")

    def has(self, table: Table) -> bool:
        """True where the table has been created."""
        return self._home(table).has(table)

    def read(self, table: Table, where: Column | None = None) -> DataFrame:
        """Open a table, its columns checked; NotReady names the job that writes it."""
        self.step.check_read(table)
        frame = self._home(table).read(table)
        return frame if where is None else frame.where(where)

    def read_present(self, tables: Iterable[Table]) -> dict[str, DataFrame]:
        """Those of the tables that are there, by name: what a region does not have is simply missing."""
        return {table.name: self.read(table) for table in tables if self.has(table)}

    def write(self, table: Table, frame: DataFrame, *, once: str | None = None, **parts: str | Sequence[str]) -> int:
        """Replace this run's part of a table, rows checked against the contract; returns the rows written.

        The part is given by the table's partition columns: `cycle` and `wave` are the run's own unless named. once: see
        `Store.replace`.
        """
        self.step.check_write(table)
        own = {"cycle": str(self.cycle), "wave": self.wave}
        chosen: dict[str, str | Sequence[str]] = {}
        for column in table.partition_by:
            value = parts.get(column, own.get(column))
            if value is None:
                raise ValueError(f"`{table.name}` is partitioned by {column}: say which")
            chosen[column] = value
        return self._log(table, time.monotonic(), self._home(table).replace(table, frame, chosen, once=once))

    def made_of(self, table: Table) -> dict[str, str]:
        """Of what each part of a table was made, as it was noted."""
        self.step.check_read(table)
        return made_of(self.store, table)

    def note_made_of(self, table: Table, parts: Mapping[str, str]) -> None:
        """Note of what some parts were made, once they are written."""
        self.step.check_write(table)
        note_made_of(self.store, table, parts)

    def write_together(
        self, writes: Iterable[tuple[Table, DataFrame, Parts | None]], *, once: str | None = None
    ) -> list[int]:
        """Write to several tables, some at a time: small writes mostly wait for each other.

        Each is (table, rows, the parts to name as in `write`), or None for the parts where rows are added. once: see
        `Store.replace`.
        """

        def write(table: Table, rows: DataFrame, parts: Parts | None) -> int:
            return self.append(table, rows, once=once) if parts is None else self.write(table, rows, once=once, **parts)

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda each: write(*each), writes))

    def append(self, table: Table, frame: DataFrame, *, once: str | None = None) -> int:
        """Add rows to a table that grows: see `Store.append`."""
        self.step.check_write(table)
        return self._log(table, time.monotonic(), self.store.append(table, frame, once=once))

    def held(self, table: Table, *, upon: int | None) -> AbstractContextManager[bool]:
        """Hold a table on whose version this run's writes rest: see `Store.held`."""
        return self.store.held(table, upon=upon)

    def rows_by(self, table: Table, column: str) -> dict[str, int]:
        """Rows of a table by value of a partition column: see `Store.rows_by`."""
        self.step.check_read(table)
        return self._home(table).rows_by(table, column)

    def rows(self, table: Table, records: Iterable[Mapping[str, Any]]) -> DataFrame:
        """A few records of the driver as a frame of a table's contract."""
        return of_records(self.spark, records, table.schema)

    def salt(self, purpose: str) -> str:
        """The salt of one random choice in this region, scenario and cycle."""
        return randomization.salt(self.region, self.scenario, str(self.cycle), purpose)

    def versions(self, tables: Iterable[Table]) -> dict[str, int]:
        """Delta versions of the tables that are there."""
        return {table.name: self._home(table).version(table) for table in tables if self.has(table)}

    def say(self, text: str, level: int = console.ANSWER) -> None:
        """Tell the person at the terminal how it goes; levels: see `console`."""
        console.say(text, level)

    def show(self, title: str, rows: DataFrame | Iterable[Mapping[str, Any]], level: int = console.ANSWER) -> None:
        """Show a small table."""
        console.show(title, rows, level)

    def done(self) -> set[tuple[str, str | None, date | None]]:
        """Runs that finished under the same settings: see `run_log.done`."""
        if not self.has(derived.RUN_LOG):
            return set()
        return run_log.done(self.store.read(derived.RUN_LOG), cycle=str(self.cycle), settings_hash=self.settings_hash)

    def finished_at(self, step: Step) -> int | None:
        """When a step of this cycle was last done, in milliseconds since 1970; None: it never was."""
        log = self.store.read(derived.RUN_LOG) if self.has(derived.RUN_LOG) else None
        return None if log is None else run_log.finished_at(log, cycle=str(self.cycle), step=step)

    def at(self, step: Step, **changes: Any) -> "Run":
        """The same region, settings and session for another job."""
        fresh: dict[str, Any] = {"run_id": uuid.uuid4().hex[:12], "_written": [], "_started": time.monotonic()}
        return replace(self, step=step, **{**fresh, **changes})

    def under(self, **parts: Any) -> "Run":
        """The same run, its other settings as they are: parts of conf replaced, such as by what was registered."""
        return replace(self, loaded=replace(self.loaded, settings=self.settings.model_copy(update=parts)))

    def own_queries(self) -> AbstractContextManager[None]:
        """What is different for Spark's queries while this job runs, by conf (`runtime.jobs`)."""
        return changed(self.spark, self.settings.runtime.jobs.get(self.step.job, {}))

    @property
    def rows_written(self) -> int:
        """Rows of all tables that this run has written so far."""
        return sum(written.rows for _, written, _ in self._written)

    def finish(self) -> None:
        """Note in `run_log` what this run wrote, and that it is done."""
        common = {
            "run_id": self.run_id,
            "job": self.step.job,
            "cycle": str(self.cycle),
            "wave": self.wave,
            "as_of": self.as_of,
            "settings_hash": self.settings_hash,
            "code_version": reactivation.__version__,
            "finished_at": datetime.now(UTC),
            "principal": self.principal,
        }
        rows = run_log.rows_of(common, self._written, seconds=time.monotonic() - self._started)
        self.store.append(derived.RUN_LOG, self.rows(derived.RUN_LOG, rows))

    def _log(self, table: Table, started: float, written: Written) -> int:
        self._written.append((table.name, written, seconds := time.monotonic() - started))
        self.say(f"    {table.name:<18} {written.rows:>12,} rows  {seconds:6.1f} s".replace(",", " "), console.DETAIL)
        return written.rows


Job = Callable[[Run], None]
"""What a job does with its run."""
