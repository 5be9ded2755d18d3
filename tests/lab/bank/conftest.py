"""A quarter of a small bank; and few rows through large expressions, which are interpreted sooner than compiled."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.lab.bank.bank import settings, simulated

from reactivation.periods import Month
from reactivation_lab import bank as simulator

QUARTER_USERS = 2_000

_INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@pytest.fixture(autouse=True, scope="module")
def interpreted(request: pytest.FixtureRequest) -> Iterator[None]:
    if "numbers" in {mark.name for mark in request.node.iter_markers()}:
        yield
        return
    spark: SparkSession = request.getfixturevalue("spark")
    before = {key: spark.conf.get(key, None) for key in _INTERPRETED}
    for key, value in _INTERPRETED.items():
        spark.conf.set(key, value)
    yield
    for key, value in before.items():
        spark.conf.unset(key) if value is None else spark.conf.set(key, value)


@pytest.fixture(scope="session")
def quarter(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    """Three months of two thousand users, as stored."""
    bank = settings(users=QUARTER_USERS)
    months = [(Month.parse("2026-02") + n).window for n in range(3)]
    folder: Path = tmp_path_factory.mktemp("quarter")
    frames = simulated(simulator.people(spark, settings=bank), bank, segments=months)
    for name, frame in frames.items():
        frame.write.parquet(str(folder / name))
    return {name: spark.read.parquet(str(folder / name)) for name in frames}
