"""A second place for the bank's first days: jobs sent to a cluster work there, on raw rows of the bank that lived."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cycle.cluster import processes
from cycle.conftest import PROJECT, SMALL, Bank
from reactivation.runtime.store import Store

CYCLE = "2026-05"
LIBRARIES = ("reactivation", "reactivation_lab")


@dataclass(frozen=True)
class Sent:
    """Sends jobs to a cluster, to work on the tables of one project folder, which holds `conf` as a bank has it."""

    cluster: processes.Cluster
    archives: Mapping[str, Path]
    project: Path
    spark: SparkSession

    @property
    def root(self) -> Path:
        return self.project / "build" / "demo"  # as conf says; a relative path of conf starts where conf lies

    def job(self, name: str, *more: str, libraries: tuple[str, ...], losing_at: tuple[str, ...] = ()) -> processes.Done:
        """Run a job; an executor is killed as soon as each of some patterns is found in what the job has printed.

        Models are kept in a place that is named, as on a cluster.
        """
        settings = (*SMALL, f"model.tracking_uri=sqlite:///{self.root}/mlflow.db")
        overrides = [part for setting in settings for part in ("--set", setting)]
        return self.cluster.submit(
            PROJECT / "jobs" / f"{name}.py",
            ["--cycle", CYCLE, "--conf-dir", str(self.project / "conf"), *overrides, *more],
            libraries=[self.archives[name] for name in libraries],
            acts=dict.fromkeys(losing_at, self.cluster.lose_an_executor),
        )

    @property
    def store(self) -> Store:
        return Store(self.spark, str(self.root))


@pytest.fixture(scope="module")
def sent(planned: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    project = tmp_path_factory.mktemp("sent")
    shutil.copytree(PROJECT / "conf", project / "conf")
    folder = tmp_path_factory.mktemp("zips")
    archives = {name: Path(shutil.make_archive(str(folder / name), "zip", PROJECT / "lib", name)) for name in LIBRARIES}
    with processes.started(tmp_path_factory.mktemp("cluster"), workers=2) as cluster:
        result = Sent(cluster, archives, project, planned.spark)
        shutil.copytree(planned.raw_then, result.root)
        yield result
