"""One tiny bank in two places: jobs of plain `python` work in one, jobs sent to a cluster in the other."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cluster import processes
from reactivation import cli
from reactivation.contracts.table import Table
from reactivation.pipelines import run_cycle
from reactivation.runtime.store import Store
from reactivation_lab import steps
from reactivation_lab.hook import HOOK
from reactivation_lab.pipelines import simulate_bank

CHECKOUT = Path(__file__).parents[2]
CYCLE, OBSERVED_ON, FIRST_WAVE_ON = "2026-05", "2026-05-01", "2026-05-05"
TINY = (
    "sandbox.users=2500",  # of 600 the gate refuses both models
    "sandbox.history_months=5",
    "sources.max_bad_share=0.5",
    "features.min_history_months=2",
    "model.trees.max_iter=8",
)


@dataclass(frozen=True)
class Place:
    """A folder with `conf` as a bank has it, and what jobs wrote under the root that conf names."""

    project: Path

    @property
    def root(self) -> Path:
        return self.project / "build" / "demo"  # a relative path of conf starts at the folder that holds conf

    def arguments(self, *more: str) -> list[str]:
        """What a job is called with here; models are kept in a place that is named, as on a cluster."""
        settings = (*TINY, f"model.tracking_uri=sqlite:///{self.root}/mlflow.db")
        overrides = [part for setting in settings for part in ("--set", setting)]
        return ["--cycle", CYCLE, "--conf-dir", str(self.project / "conf"), *overrides, *more]

    def fingerprint(self, spark: SparkSession, table: Table) -> tuple[int, int]:
        """Rows of a table and the sum of their hashes: equal for equal rows in any order, bit for bit."""
        frame = Store(spark, str(self.root)).read(table)
        row = F.xxhash64(*sorted(frame.columns)).cast("decimal(38,0)")
        found = frame.agg(F.count("*").alias("n"), F.coalesce(F.sum(row), F.lit(0)).alias("total")).collect()[0]
        return int(found.n), int(found.total)


@dataclass(frozen=True)
class Driver:
    """Sends jobs to a cluster, with both libraries as zips, to work in one place."""

    cluster: processes.Cluster
    libraries: list[Path]
    place: Place

    def job(self, name: str, *more: str, loses_at: str | None = None) -> processes.Done:
        """Run a job. loses_at: an executor is killed when the job first prints a line in which this is found."""
        acts = {} if loses_at is None else {loses_at: self.cluster.lose_an_executor}
        file = CHECKOUT / "jobs" / f"{name}.py"
        return self.cluster.submit(file, self.place.arguments(*more), libraries=self.libraries, at_lines=acts)


@pytest.fixture(scope="module")
def places(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """(plain, sent): a bank before its cycle, twice; plain `python` has planned the first wave on the first."""
    plain, sent = (Place(tmp_path_factory.mktemp(name)) for name in ("plain", "sent"))
    for place in (plain, sent):
        shutil.copytree(CHECKOUT / "conf", place.project / "conf")
    history = plain.arguments("--as-of", OBSERVED_ON)
    assert cli.execute(simulate_bank.run, "simulate_bank.py", history, step=steps.SIMULATE) == 0
    shutil.copytree(plain.root, sent.root)
    month, until = run_cycle.with_hook(lambda: HOOK), plain.arguments("--as-of", FIRST_WAVE_ON)
    assert cli.execute(month, "run_cycle.py", until, arguments=run_cycle.add_arguments) == 0
    return plain, sent


@pytest.fixture(scope="module")
def driver(places: tuple[Place, Place], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("zips")
    names = ("reactivation", "reactivation_lab")
    libraries = [Path(shutil.make_archive(str(folder / name), "zip", CHECKOUT / "lib", name)) for name in names]
    with processes.started(tmp_path_factory.mktemp("cluster"), workers=2) as cluster:
        yield Driver(cluster, libraries, places[1])
