"""A small bank that lives through a cycle and into the next, once for all tests of this folder."""

import contextlib
import fcntl
import importlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import cli
from reactivation.contracts import canonical, derived, flow
from reactivation.contracts.table import Table
from reactivation.pipelines import run_cycle
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store
from reactivation_lab.bank import tables as simulated
from reactivation_lab.hook import HOOK

PROJECT = Path(__file__).parent.parent.parent
USERS = 2500  # with 600 the gate refuses both models
CYCLE = "2026-05"
FIRST_WAVE_ON = "2026-05-06"  # the 5th is a holiday
SMALL = (
    f"sandbox.users={USERS}",
    "sandbox.history_months=5",
    "features.min_history_months=2",
    "model.trees.max_iter=8",
    "experiment.interim_look_days=[19]",  # the day of a wave: both take the same ingest
)


@dataclass(frozen=True)
class Bank:
    """The tables of one root, and a way to run jobs on it.

    said: what the log of its cycle says. shown: what a person saw meanwhile. then: its tables' Delta versions at the
    moment that a fixture tells of.
    """

    spark: SparkSession
    root: Path
    said: str = ""
    shown: str = ""
    then: Mapping[str, int] = field(default_factory=dict)

    def job(self, name: str, cycle: str, *more: str) -> int:
        """Run a job as the command line does, on this bank; returns its exit code."""
        argv = [*self.arguments(cycle), *more]
        if name == HOOK.step.job:
            return cli.execute(HOOK.run, f"{name}.py", argv, step=HOOK.step)
        module = importlib.import_module(f"reactivation.pipelines.{name}")
        run = module.with_hook(lambda: HOOK) if module is run_cycle else module.run
        return cli.execute(run, f"{name}.py", argv, arguments=getattr(module, "add_arguments", None))

    def open(self, step: flow.Step, cycle: str) -> Run:
        """The run that a job gets, to ask what the job would know."""
        return cli.open_run(cli.parser(step.job, "").parse_args(self.arguments(cycle)), step=step)

    def arguments(self, cycle: str) -> list[str]:
        """What a job is called with here."""
        settings = (f"paths.root={self.root}", *SMALL)
        overrides = [part for setting in settings for part in ("--set", setting)]
        return ["--cycle", cycle, "--conf-dir", str(PROJECT / "conf"), *overrides]

    def read(self, table: Table, cycle: str | None = None) -> DataFrame:
        """A table, or one cycle of it."""
        frame = Store(self.spark, str(self.root)).read(table)
        return frame if cycle is None else frame.where(F.col("cycle") == cycle)

    @property
    def raw_then(self) -> Path:
        """Where the simulated tables lie as they were at the moment of `then`."""
        return self.root.parent / "raw_then"

    def read_then(self, table: Table) -> DataFrame:
        """A table as it was at the moment of `then`."""
        place = Store(self.spark, str(self.root)).place(table)
        return self.spark.read.format("delta").option("versionAsOf", self.then[table.name]).load(place)

    def fingerprint(self, table: Table, cycle: str) -> tuple[int, int]:
        """Of one cycle's rows; see `fingerprint`."""
        return fingerprint(self.read(table, cycle))


def fingerprint(frame: DataFrame) -> tuple[int, int]:
    """Rows and the sum of their hashes: equal for equal rows in any order, bit for bit."""
    row = F.xxhash64(*sorted(frame.columns)).cast("decimal(38,0)")
    found = frame.agg(F.count("*").alias("n"), F.coalesce(F.sum(row), F.lit(0)).alias("total")).collect()[0]
    return int(found.n), int(found.total)


@contextlib.contextmanager
def shared(factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of all processes of one call of pytest, in which one is at a time."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "lived"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope="session")
def planned(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The cycle 2026-05 from raw tables to its first wave; `then` is the end of that day, `bank` lives on.

    Lived by the process that asks first. `raw_then` keeps the simulated tables as they were, `copy_of_planned` beside
    its root all of them, with the models.
    """
    with shared(tmp_path_factory) as folder:
        note = folder / "planned.json"
        if not note.exists():
            told = _live_to_the_first_wave(Bank(spark, folder / "bank"))
            shutil.copytree(folder / "bank", folder / "copy_of_planned")
            note.write_text(json.dumps(told), encoding="utf-8")
        return Bank(spark, folder / "bank", **json.loads(note.read_text(encoding="utf-8")))


def _live_to_the_first_wave(bank: Bank) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert bank.job("run_cycle", CYCLE, "--as-of", FIRST_WAVE_ON) == 0
    store = Store(bank.spark, str(bank.root))
    for table in (*simulated.RAW, simulated.TRUTH_SEGMENTS):  # these say which days the bank has lived
        if store.has(table):
            shutil.copytree(store.place(table), Store(bank.spark, str(bank.raw_then)).place(table))
    tables = [table for table in (*canonical.ALL, *derived.ALL) if store.has(table)]
    return {"shown": shown.getvalue(), "then": {table.name: store.version(table) for table in tables}}


@pytest.fixture(scope="session")
def bank(planned: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The cycle 2026-05 up to its read-out, and 2026-06 as far as it is due on its observation date.

    Lived by the process that asks first; `copy_of_bank` beside its root is how it was then.
    """
    with shared(tmp_path_factory) as folder:
        note = folder / "bank.json"
        if not note.exists():
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                assert planned.job("run_cycle", CYCLE) == 0
            told = {"shown": planned.shown + shown.getvalue(), "said": log_of(planned, CYCLE)}
            assert planned.job("run_cycle", "2026-06", "--as-of", "2026-06-01") == 0
            shutil.copytree(planned.root, folder / "copy_of_bank")
            note.write_text(json.dumps(told), encoding="utf-8")
        return replace(planned, **json.loads(note.read_text(encoding="utf-8")))


def log_of(bank: Bank, cycle: str) -> str:
    """All that `run_cycle` has said of a cycle."""
    return (bank.root / "logs" / cycle / "run_cycle.log").read_text(encoding="utf-8")
