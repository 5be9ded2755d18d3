"""The made month keeps its tables' contracts, and the read-out of it agrees with the plain way and finds nothing."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from experiment.asked import settings_for
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.periods import Window
from reactivation.runtime import plans
from reactivation.runtime.store import Store
from reactivation_lab.benchmarks import plain_readout, synthetic_month

pytestmark = pytest.mark.edges

USERS, CYCLE = 3_000, "2026-05"
SHARES = {"cells": {"model": 0.7, "rule": 0.15, "random": 0.15}, "holdout": 0.1, "long_holdout": 0.02}
METRICS = {"login": {"outcome": "logged_in", "minimum_effect": 0.01}}
MEANS = {"active_days": {"outcome": "active_days", "lowest": 0, "highest": 31, "minimum_effect": 0.1}}


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[str, DataFrame]]:
    store = Store(spark, str(tmp_path_factory.mktemp("month")), writer="a test")
    frames = synthetic_month.tables(spark, users=USERS, cycle=CYCLE, picked=0.3, shares=SHARES)
    for table, frame in frames:
        store.replace(table, frame, {name: synthetic_month.PARTS[name] or CYCLE for name in table.partition_by})
    return store, {table.name: store.read(table) for table, _ in frames}


def test_sleepers_have_all_tables_and_the_bank_has_more_users(made: tuple[Store, dict[str, DataFrame]]) -> None:
    counts = {name: frame.count() for name, frame in made[1].items()}
    bank = round(USERS * 7 / 3.37)
    assert counts == {**dict.fromkeys(("arms", "tiers", "scores", "outcomes"), USERS), "users": bank, "features": bank}


def test_one_scan_of_outcomes_gives_the_sums_of_every_single_query(made: tuple[Store, dict[str, DataFrame]]) -> None:
    store, now = made
    settings = settings_for(metrics=METRICS, means=MEANS, covariates=("login_days_1m", "raw_active"))
    columns = now["features"].columns + now["scores"].columns
    specs = experiment.MetricSpecs.of(settings, window=Window(date(2026, 5, 5), date(2026, 6, 1)), columns=columns)
    placed = experiment.placed(
        now["arms"],
        tiers=now["tiers"],
        master=now["users"].select("user_id", "branch"),
        features=now["features"],
        scores=now["scores"],
        specs=specs,
    )
    frame = experiment.aggregate(now["outcomes"], placed, specs=specs)
    assert plans.scans(frame, store.place(derived.OUTCOMES)) == 1
    groups = experiment.groups([row.asDict() for row in frame.collect()])
    for contrast in experiment.among(derived.POLICIES):
        sides = [(side.policies, side.is_selected, side.touches) for side in contrast.sides]
        plain = plain_readout.one_contrast(
            now["arms"], now["outcomes"], sides=sides, columns=["logged_in", "active_days"]
        )
        rows = {row.side: row for row in plain.collect()}
        for place, side in enumerate(contrast.sides):
            sums, row = experiment.total(side.members(groups)), rows[place]
            assert (sums.of("assigned"), sums.of("known", "login")) == (row.users, row.known_logged_in)
            assert sums.of("events", "login") == row.sum_logged_in
            assert sums.of("squares", "active_days") == row.squares_active_days


def test_a_frame_that_reads_a_table_twice_is_refused(made: tuple[Store, dict[str, DataFrame]]) -> None:
    store, now = made
    place = store.place(derived.OUTCOMES)
    twice = now["outcomes"].join(now["outcomes"].groupBy("is_active").agg(F.count("*").alias("n")), "is_active")
    assert plans.scans(twice, place) == 2
    with pytest.raises(AssertionError, match="would be read 2 times"):
        plans.require_one_scan(twice, place)
