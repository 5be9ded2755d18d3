"""A month on a cluster that loses executors leaves the rows that plain `python` leaves.

The tests stand in the order of the month: each goes on where the one before it ended.
"""

from collections.abc import Sequence

import pytest
from pyspark.sql import SparkSession

from cluster.conftest import FIRST_WAVE_ON, OBSERVED_ON, Driver, Place
from cluster.processes import Done
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table

pytestmark = pytest.mark.cycle

INGESTED = (*canonical.ALL, derived.QUARANTINE, derived.INGEST_COUNTS)
PLANNED = (
    derived.SCORES,
    derived.TIER_BANDS,
    derived.TIERS_TABLE,
    derived.ARMS,
    derived.WAVE_PLAN,
    derived.WAVE_WATERFALL,
)


@pytest.fixture(scope="module")
def ingested(driver: Driver) -> list[Done]:
    """The history's ingest, one executor killed once the first table is written, and again where it says so."""
    return insisted(driver, "ingest_sources", "--as-of", OBSERVED_ON, loses_at=r"^    \w+ +[\d ]+ rows")


@pytest.fixture(scope="module")
def built(driver: Driver, ingested: list[Done]) -> list[Done]:
    """The features, one executor killed once the months' aggregates are written."""
    return insisted(driver, "build_features", loses_at=r"^    activity ")


def insisted(driver: Driver, job: str, *more: str, loses_at: str) -> list[Done]:
    """Run a job that loses an executor; where it ends in words, run it again."""
    done = [driver.job(job, *more, loses_at=loses_at)]
    if done[0].code == 2 and "run the same command again" in done[0].err:
        done.append(driver.job(job, *more))
    return done


def assert_same(spark: SparkSession, places: tuple[Place, Place], tables: Sequence[Table]) -> None:
    plain, sent = ({table.name: place.fingerprint(spark, table) for table in tables} for place in places)
    assert sent == plain
    assert all(
        rows for name, (rows, _) in plain.items() if name not in {"contacts", "quarantine"}
    )  # nobody was contacted before the first wave


def test_an_ingest_that_loses_an_executor_keeps_the_same_rows(
    driver: Driver, ingested: list[Done], built: list[Done], spark: SparkSession
) -> None:
    assert ingested[-1].code == 0, ingested[-1].err[-5000:]
    assert built[-1].code == 0, built[-1].err[-5000:]
    assert len(driver.cluster.lost) == 2


def test_the_month_goes_on_by_spark_submit_to_the_same_plan(
    driver: Driver, built: list[Done], places: tuple[Place, Place], spark: SparkSession
) -> None:
    """`run_cycle` finds the two jobs done, takes the lab from its zip, trains, scores and plans the first wave."""
    done = driver.job("run_cycle", "--as-of", FIRST_WAVE_ON)
    assert done.code == 0, done.err[-5000:]
    for job in ("ingest_sources", "build_features"):
        assert f"{job} as of {OBSERVED_ON}: done already" in done.out
    assert_same(spark, places, INGESTED)
    assert_same(spark, places, (derived.ACTIVITY, derived.FEATURES, derived.LABELS))
    assert_same(spark, places, PLANNED)


def test_a_wave_alone_is_planned_again_to_the_same_rows(
    driver: Driver, built: list[Done], places: tuple[Place, Place], spark: SparkSession
) -> None:
    done = driver.job("plan_wave", "--as-of", FIRST_WAVE_ON, "--wave", "W1")
    assert done.code == 0, done.err[-5000:]
    assert_same(spark, places, PLANNED)


def test_drivers_leave_nothing_in_their_folders(driver: Driver, built: list[Done]) -> None:
    """What a driver writes beside itself is lost with its machine."""
    folders = driver.cluster.folder.glob("driver-*")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]  # Spark makes an empty folder
    left = {file.name for file in files if file.name != "stderr.txt"}
    assert left == {"ingest_sources.py", "build_features.py", "run_cycle.py", "plan_wave.py"}
