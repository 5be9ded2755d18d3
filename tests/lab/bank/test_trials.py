"""Small months side by side: each seed's users are its own, each policy picks its share, and the sums add up."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import SHANGHAI, UPLIFT, settings

from reactivation.contracts.derived import POLICIES
from reactivation.frames import checkpointed
from reactivation.periods import Month, Window
from reactivation_lab.bank import trials

pytestmark = pytest.mark.rules

SEEDS, USERS = 6, 300
JUNE = Month.parse("2026-06")


@pytest.fixture(scope="module")
def picked(spark: SparkSession) -> DataFrame:
    banks = trials.banks(spark, seeds=SEEDS, users=USERS, settings=settings())
    asleep = trials.sleepers(checkpointed(banks), month=JUNE, first_wave=date(2026, 6, 5), settings=settings())
    outcome = Window(date(2026, 6, 5), JUNE.window.end)
    found = trials.outcomes(asleep, outcome=outcome, calendar=SHANGHAI, uplift=UPLIFT, settings=settings())
    return checkpointed(trials.picked(found, 0.4))


def test_about_half_of_each_seed_sleep_and_each_policy_picks_its_share_of_them(picked: DataFrame) -> None:
    sizes = picked.groupBy("seed").agg(
        F.count("*").alias("users"), *[F.count_if(f"picked_by_{p}").alias(p) for p in POLICIES]
    )
    rows = sizes.collect()
    assert sorted(row.seed for row in rows) == list(range(SEEDS))
    for row in rows:
        assert 0.35 < row.users / USERS < 0.6
        assert {row[p] for p in POLICIES} == {int(row.users * 0.4)}
    assert picked.groupBy("user_id").count().where("count > 1").isEmpty()


def test_the_sums_tell_both_worlds_and_the_truth(picked: DataFrame) -> None:
    cell = F.element_at(F.array(*[F.lit(p) for p in POLICIES]), F.pmod("user_id", F.lit(3)).cast("int") + 1)
    touch = F.when(F.col("user_id") % 2 == 0, "touched").otherwise("holdout")
    drawn = picked.withColumns({"policy": cell, "touch": touch, "is_selected": F.col("picked_by_rule")})
    sums = trials.counted(drawn).agg(
        F.sum("users"),
        F.sum("events__login__unmoved"),
        F.sum("events__login__moved"),
        F.sum("rise__login"),
        F.sum("rise__login__model"),
    )
    contacted = "picked_by_rule and user_id % 2 = 0"
    straight = picked.selectExpr(
        "count(*)",
        "count_if(login_untouched)",
        f"count_if(if({contacted}, login_planned, login_untouched))",
        "sum(p_login_planned - p_login_untouched)",
        "sum(if(picked_by_model, p_login_planned - p_login_untouched, 0))",
    )
    assert tuple(sums.collect()[0]) == pytest.approx(tuple(straight.collect()[0]), rel=1e-9)


def test_the_model_finds_who_comes_anyway_and_the_rule_does_not(picked: DataFrame) -> None:
    rates = picked.selectExpr(*[f"avg(if(picked_by_{p}, p_login_untouched, null)) as {p}" for p in POLICIES]).collect()[
        0
    ]
    assert rates.model > rates.random + 0.05
    assert abs(rates.rule - rates.random) < 0.08
