"""Where chance puts everybody, and whom each policy picks."""

from typing import Any

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign import ArmSalts, CampaignSettings
from reactivation.campaign.assignment import arms
from reactivation.contracts import derived
from reactivation.errors import SettingsError

pytestmark = pytest.mark.rules

USERS = 600


def salts(cycle: str) -> ArmSalts:
    month = {
        purpose: randomization.salt("here", "now", cycle, purpose) for purpose in ("cell", "touch", "order", "ties")
    }
    return ArmSalts(long_holdout=randomization.salt("here", "now", "2026-01", "long_holdout"), **month)


def bank(spark: SparkSession, turn: int = 0) -> tuple[DataFrame, DataFrame, DataFrame, DataFrame]:
    """Scores, tiers, features and contactable of 600 users; `turn` hands the scores round, changing nothing else.

    Every sixth user is not contactable; half of all are high-potential; of the facts, most are ties.
    """
    scored = F.pmod(F.col("user_id") + 6 * turn, F.lit(USERS))
    users = spark.range(USERS).select(F.col("id").alias("user_id"), F.lit("2026-06").alias("cycle"))
    tier = F.when(scored >= USERS // 2, "high_potential").otherwise("low_potential")
    return (
        users.withColumn("raw_active", scored / 10),
        users.withColumn("tier", tier),
        users.withColumns(
            {"transaction_own_count_3m": F.floor(F.pmod(F.xxhash64("user_id"), 10) / 4), "is_low_activity": F.lit(True)}
        ),
        users.withColumn("is_contactable", F.col("user_id") % 6 != 0),
    )


def assigned(tables: tuple[DataFrame, ...], settings: CampaignSettings, cycle: str = "2026-06") -> list[Any]:
    scores, tiers, features, contactable = tables
    found = arms.assign(
        scores, tiers, features, contactable, cycle=cycle, settings=settings.arms, salts=salts(cycle), gains={}
    )
    assert not derived.ARMS.differences(found.schema)
    return sorted(found.collect(), key=lambda row: row.user_id)


@pytest.fixture(scope="module")
def june(spark: SparkSession, settings: CampaignSettings) -> list[Any]:
    return assigned(bank(spark), settings)


def test_who_has_no_score_is_in_no_cell_and_in_no_order(spark: SparkSession, settings: CampaignSettings) -> None:
    scores, tiers, features, contactable = bank(spark)
    is_profiled = F.col("user_id") % 5 != 0
    found = assigned((scores.where(is_profiled), tiers.where(is_profiled), features, contactable), settings)
    assert [row.user_id for row in found] == list(range(USERS))
    refused = [row for row in found if row.user_id % 5 == 0]
    assert {(row.policy, row.touch, row.policy_rank, row.is_selected) for row in refused} == {
        ("none", None, None, False)
    }
    assert not any(row.picked_by_model or row.picked_by_rule or row.picked_by_random for row in refused)


def test_every_user_is_in_one_cell_and_each_policy_picks_as_many(june: list[Any]) -> None:
    found = june
    assert [row.user_id for row in found] == list(range(USERS))
    assert all((row.policy == "none") == (row.user_id % 6 == 0) == (row.touch is None) for row in found)
    # Of 500 contactable users each policy picks 30 %, over all cells.
    for policy in ("model", "rule", "random"):
        picked = [row for row in found if row[f"picked_by_{policy}"]]
        assert len(picked) == 150
        assert all(row.policy != "none" for row in picked)
        own = [row for row in found if row.policy == policy]
        assert all(row.is_selected == row[f"picked_by_{policy}"] for row in own)
        assert all(row.is_selected == (row.policy_rank is not None and row.policy_rank <= 150) for row in own)
    assert not any(row.is_selected for row in found if row.policy == "none")


def test_each_policy_has_its_own_order(spark: SparkSession, june: list[Any]) -> None:
    facts = {row.user_id: row.transaction_own_count_3m for row in bank(spark)[2].collect()}
    found = june
    by_policy = {
        policy: sorted((row for row in found if row.policy == policy and row.policy_rank), key=lambda r: r.policy_rank)
        for policy in ("model", "rule", "random")
    }
    model = [row.user_id for row in by_policy["model"]]
    assert model == sorted(model, reverse=True)  # the higher number has the higher score
    assert min(model) >= USERS // 2  # only high-potential users are ranked
    rule = [facts[row.user_id] for row in by_policy["rule"]]
    assert rule == sorted(rule, reverse=True)
    random = [row.user_id for row in by_policy["random"]]
    assert random != sorted(random)
    assert len({row.policy_rank for row in by_policy["random"]}) == len(random)


def test_the_picked_share_falls_for_all_where_the_model_has_too_few(
    spark: SparkSession, settings: CampaignSettings
) -> None:
    scores, tiers, features, contactable = bank(spark)
    few = tiers.withColumn("tier", F.when(F.col("user_id") < 49, "high_potential").otherwise("natural_converter"))
    found = assigned((scores, few, features, contactable), settings)
    assert {p: sum(row[f"picked_by_{p}"] for row in found) for p in ("model", "rule", "random")} == {
        "model": 40,
        "rule": 40,
        "random": 40,
    }


def test_cells_of_facts_do_not_notice_what_the_model_says(
    spark: SparkSession, settings: CampaignSettings, june: list[Any]
) -> None:
    before, after = june, assigned(bank(spark, 37), settings)
    of_facts = [(a, b) for a, b in zip(before, after, strict=True) if a.policy != "model"]
    names = ("policy", "policy_rank", "is_selected", "touch", "picked_by_rule", "picked_by_random")
    assert all(a[name] == b[name] for a, b in of_facts for name in names)
    assert before != after
    assert [row.policy for row in before] == [row.policy for row in after]


def test_shares_are_as_conf_says_and_the_long_holdout_stays(
    spark: SparkSession, settings: CampaignSettings, june: list[Any]
) -> None:
    july = assigned(bank(spark), settings, "2026-07")
    drawn = [row for row in june if row.touch]
    assert sum(row.policy == "model" for row in drawn) / 500 == pytest.approx(0.5, abs=0.07)
    assert sum(row.touch == "holdout" for row in drawn) / 500 == pytest.approx(0.2, abs=0.05)
    long = [{row.user_id for row in month if row.touch == "long_holdout"} for month in (june, july)]
    assert len(long[0]) / 500 == pytest.approx(0.05, abs=0.03)
    assert long[0] == long[1]
    assert [row.touch for row in june] != [row.touch for row in july]
    sizes = arms.sizes(spark.createDataFrame(june, derived.ARMS.schema))
    assert sum(n for name, n in sizes.items() if ".all." in name) == 500
    assert sizes["model.selected.touched"] == sum(
        r.is_selected and r.touch == "touched" for r in june if r.policy == "model"
    )


@pytest.mark.parametrize(
    ("order", "said"),
    [("transaction_own_count_9m", "not resolved"), ("'by ' || user_id", "found: string; write a number")],
)
def test_an_order_that_is_no_number_names_its_key(
    spark: SparkSession, conf: dict[str, Any], order: str, said: str
) -> None:
    conf["arms"]["rule_order"] = order
    with pytest.raises(SettingsError, match=rf"campaign\.arms\.rule_order(.|\n)*{said}"):
        assigned(bank(spark), CampaignSettings.model_validate(conf))


def test_by_users_own_lifts_the_model_picks_who_gains_most(spark: SparkSession, settings: CampaignSettings) -> None:
    """Where lifts are known raw decides among equals alone; where none is, everything stays as without them."""
    scores, *others = bank(spark)
    by_raw = assigned((scores, *others), settings)
    candidates = [user for user in range(USERS // 2, USERS) if user % 6]

    def picked(lift: Column) -> list[int]:
        rows = assigned((scores.withColumn("lift_active", lift), *others), settings)
        return [row.user_id for row in rows if row.picked_by_model]

    most = sum(row.picked_by_model for row in by_raw)
    assert picked(-F.col("raw_active") / 100) == candidates[:most]
    assert picked(F.lit(0.1)) == candidates[-most:] == [row.user_id for row in by_raw if row.picked_by_model]
    unknown = scores.withColumn("lift_active", F.lit(None).cast("double"))
    assert assigned((unknown, *others), settings) == by_raw
