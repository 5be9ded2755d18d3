"""A fourth cell for another whole policy: who is drawn into it, whom it picks, and how its part of a wave is filled."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from campaign.test_arms import bank, salts
from campaign.test_waves import CELLS, LEARNT, Result, crowd, terms
from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.assignment import arms
from reactivation.campaign.planning.capacity import RemainingCapacity, of_cells
from reactivation.campaign.planning.forecast import Forecast, require_equal
from reactivation.campaign.planning.gains import WaveGains
from reactivation.campaign.release import frozen
from reactivation.campaign.tiers import untouched
from reactivation.contracts import derived
from reactivation.errors import PlanError
from reactivation.pipelines import assign_tiers

pytestmark = pytest.mark.rules

POLICY = {"order": "propensity", "allocation": "order", "lift": "tier"}
SHARES = {"model": 0.5, "rule": 0.25, "random": 0.15, "challenger": 0.1}
"""The challenger's users are the last of those who are in the random cell without it."""
BEFORE = -108515703322792546603
"""Sum of the hashes of the arms that `bank` had before there was a challenger's cell (release 0.2.0)."""
PLANNED_BEFORE = (
    "f58720883b35fcc4a0c8fb1849a7811e1cb47cb93edb611dc7273af8733013b5",
    "af8b4ca99fbc582079d12b93076ad5726eff3a288f63664ebc43bf424c819646",
)
"""Digests of two plans of `crowd` with explorers, made then: by the options' order, and by prices."""
FOUR = {"model": 4, "rule": 0, "random": 0, "challenger": 4}


def with_challenger(conf: dict[str, Any], **policy: Any) -> dict[str, Any]:
    return {**conf, "arms": {**conf["arms"], "cells": SHARES}, "challenger": {**POLICY, **policy}}


def assigned(spark: SparkSession, conf: dict[str, Any], order: DataFrame | None = None) -> DataFrame:
    settings = CampaignSettings.model_validate(conf)
    how: dict[str, Any] = {"settings": settings.arms, "salts": salts("2026-06"), "gains": {}}
    return arms.assign(*bank(spark), cycle="2026-06", challenger=order, **how)


def ordered(spark: SparkSession, conf: dict[str, Any]) -> DataFrame:
    scores, _, features, _ = bank(spark)
    policy = CampaignSettings.model_validate(conf).challenger
    assert policy is not None
    lift = F.when(F.col("user_id") >= 580, F.col("user_id") / 1000)
    return arms.by_challenger(features, scores.withColumn("lift_active", lift), policy)


def test_without_the_cell_everybody_is_where_he_was_before_there_was_one(
    spark: SparkSession, conf: dict[str, Any]
) -> None:
    absent = assigned(spark, {**conf, "challenger": None})
    at_zero = assigned(spark, {**conf, "arms": {**conf["arms"], "cells": {**conf["arms"]["cells"], "challenger": 0}}})
    assert [int(row["hash"]) for row in frozen.fingerprints({"arms": absent}).collect()] == [BEFORE]
    assert [int(row["hash"]) for row in frozen.fingerprints({"arms": at_zero}).collect()] == [BEFORE]
    assert absent.where("picked_by_challenger is not null or policy = 'challenger'").isEmpty()
    assert list(arms.cell_sizes(absent)) == ["model", "rule", "random", "none"]
    assert not [name for name in arms.sizes(absent) if "challenger" in name]


def test_without_the_cell_a_wave_is_planned_as_before_there_was_one(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"] |= {"exploration_share": 0.3, "capacity_per_1000_users": {"push": 500, "sms": 60}}
    worth = terms()._replace(active_user=Decimal(100))
    found = [
        Result(crowd(facts, 0), conf, CELLS).digest,
        Result(crowd(facts, 0), conf, CELLS, gains=LEARNT, terms=worth).digest,
    ]
    assert tuple(found) == PLANNED_BEFORE


def test_its_users_are_drawn_as_the_others_and_nobody_else_moves(spark: SparkSession, conf: dict[str, Any]) -> None:
    before = {row.user_id: row for row in assigned(spark, conf).collect()}
    four = with_challenger(conf)
    found = {row.user_id: row for row in assigned(spark, four, ordered(spark, four)).collect()}
    moved = [user for user, row in found.items() if row.policy != before[user].policy]
    assert {before[user].policy for user in moved} == {"random"}
    assert {row.policy for row in found.values()} == {"model", "rule", "random", "challenger", "none"}
    assert sorted(moved) == sorted(user for user, row in found.items() if row.policy == "challenger")
    assert 30 <= len(moved) <= 70  # a tenth of 500
    for name in ("touch", "picked_by_model", "picked_by_rule", "picked_by_random"):
        assert [row[name] for row in found.values()] == [before[user][name] for user in found]
    picks = [sum(row[f"picked_by_{p}"] for row in found.values()) for p in derived.ALL_POLICIES]
    assert picks == [150] * 4  # three tenths of all contactable users, in each policy
    assert all(row.is_selected == row.picked_by_challenger for row in found.values() if row.policy == "challenger")


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("propensity", [599, 598, 597]),  # the highest scores; every sixth user is not contactable
        ("-raw_active", [301, 302, 303]),  # candidates are of high potential, whatever the order says of others
        ("lift", [599, 598, 597]),
        ("raw_active - 1000 * transaction_own_count_3m", None),
    ],
)
def test_it_orders_the_models_candidates_its_own_way(
    spark: SparkSession, conf: dict[str, Any], order: str, first: list[int] | None
) -> None:
    four = with_challenger(conf, order=order)
    four["arms"] = {**four["arms"], "cells": {**SHARES, "random": 0.05, "challenger": 0.2}, "selected_share": 0.006}
    found = assigned(spark, four, ordered(spark, four)).collect()
    picked = sorted((row.user_id for row in found if row.picked_by_challenger), reverse=order != "-raw_active")
    assert picked == first if first else len(picked) == 3
    assert all(user >= 300 and user % 6 for user in picked)
    assert not [r for r in found if r.policy == "challenger" and r.user_id < 300 and r.policy_rank is not None]


def test_an_order_that_has_a_value_for_nobody_is_refused(spark: SparkSession, conf: dict[str, Any]) -> None:
    scores, _, features, _ = bank(spark)
    policy = CampaignSettings.model_validate(with_challenger(conf, order="lift")).challenger
    assert policy is not None
    nobody = arms.by_challenger(features, scores.withColumn("lift_active", F.lit(None).cast("double")), policy)
    with pytest.raises(PlanError, match=r"(?s)orders nobody.*campaign.challenger.order.*`lift`"):
        assign_tiers.require_an_order(nobody, policy.order)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"challenger": None}, "go together"),
        ({"cells": {"model": 0.5, "rule": 0.25, "random": 0.25}}, "go together"),
        ({"cells": {"model": 0.5, "rule": 0.4, "challenger": 0.1}}, "must give model, rule, random"),
        ({"challenger": {**POLICY, "allocation": "greedy"}}, "'prices' or 'order'"),
        ({"challenger": {"order": "lift"}}, "allocation"),
    ],
)
def test_the_cell_and_its_policy_are_said_together(conf: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    four = with_challenger(conf) | {name: value for name, value in changes.items() if name != "cells"}
    four["arms"] = {**four["arms"], "cells": changes.get("cells", SHARES)}
    with pytest.raises(ValidationError, match=message):
        CampaignSettings.model_validate(four)


def test_its_conditions_are_the_models_unless_it_has_its_own(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["qualifies"]["model"] = "p_active > 0.5"
    conf["waves"]["W1"].pop("guidance")
    known = facts(
        ["user_id", "policy", "policy_rank", "p_active"],
        [(i, policy, i, 0.2 * (i % 4)) for i, policy in enumerate(["model"] * 4 + ["challenger"] * 4)],
    )
    assert Result(known, with_challenger(conf), FOUR).of("push") == [3, 7]
    wave = CampaignSettings.model_validate(with_challenger(conf)).waves["W1"]
    assert [wave.qualifies_in(cell) for cell in ("challenger", "rule", "none")] == ["p_active > 0.5", "true", None]
    conf["waves"]["W1"]["qualifies"]["challenger"] = "raw_active = 0 and p_active > 0.3"
    assert Result(known, with_challenger(conf), FOUR).of("push") == [3, 6, 7]


def test_each_limit_is_split_by_the_sizes_of_the_cells(conf: dict[str, Any]) -> None:
    settings = CampaignSettings.model_validate(with_challenger(conf))
    cells = {"model": 500, "rule": 200, "random": 200, "challenger": 100, "none": 0}
    found = of_cells(settings.waves["W1"], cells, settings.arms)
    assert {cell: (part.contacts["sms"], part.cents) for cell, part in found.items()} == {
        "model": (500, 500_000),
        "rule": (200, 200_000),
        "random": (200, 200_000),
        "challenger": (100, 100_000),
    }


def test_whom_it_says_little_of_gets_nothing_that_costs_and_its_guidance_is_from_its_own_part(
    facts: Any, conf: dict[str, Any]
) -> None:
    conf["waves"]["W1"]["capacity_per_1000_users"] = {"push": 250, "sms": 1000}  # a push for each of the two cells
    people = [
        (1, "challenger", True, "high_potential"),
        (2, "challenger", False, "low_potential"),
        (3, "challenger", False, "high_potential"),
        (4, "challenger", False, "natural_converter"),
        (5, "model", False, "low_potential"),
        (6, "model", False, "natural_converter"),
        (7, "model", False, "low_potential"),
        (8, "challenger", True, "low_potential"),  # would be a fault of the arms
    ]
    rows = [(user, cell, user, picked, tier, user not in (1, 8)) for user, cell, picked, tier in people]
    known = facts(["user_id", "policy", "policy_rank", "is_selected", "tier", "can_push"], rows)
    conf["waves"]["W1"]["qualifies"]["model"] = "true"
    found = Result(known, with_challenger(conf), {"model": 3, "rule": 0, "random": 0, "challenger": 5})
    assert found.of("sms") == [1]  # 1 and 8 cannot get a push, and 8 nothing that costs
    assert len({2, 3} & set(found.of("push"))) == 1  # a push each: guidance of one cell takes none from the other
    assert len({5, 7} & set(found.of("push"))) == 1
    assert len(found.rows) == 3  # no natural converter
    assert {found.limits[cell, "capacity_push"]["used"] for cell in ("model", "challenger")} == {1}


def test_each_cell_goes_by_prices_or_by_order_as_its_policy_says(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["capacity_per_1000_users"] = {"push": 1000, "sms": 500}
    people = [(i, cell, i) for i, cell in enumerate(["model"] * 4 + ["challenger"] * 4, start=1)]
    known = facts(["user_id", "policy", "policy_rank"], people)
    worth = terms()._replace(active_user=Decimal(100))
    by_order = Result(known, with_challenger(conf), FOUR, gains=LEARNT, terms=worth)
    # by the order of the gains the SMS goes to the first of the challenger's order, who is 5
    assert [user for user in by_order.of("sms") if user > 4] == [5, 6]
    assert by_order.limits["challenger", "capacity_sms"]["shadow_price"] is None
    assert by_order.limits["model", "capacity_sms"]["shadow_price"] > 0
    both = Result(known, with_challenger(conf, allocation="prices"), FOUR, gains=LEARNT, terms=worth)
    mine = [{u: row for u, row in found.rows.items() if row.policy == "model"} for found in (by_order, both)]
    assert mine[0] == mine[1]
    assert (
        both.limits["challenger", "capacity_sms"]["shadow_price"]
        == by_order.limits["model", "capacity_sms"]["shadow_price"]
    )
    assert both.limits["challenger", "capacity_sms"]["used"] == 2
    alone = Result(known, {**with_challenger(conf, allocation="prices"), "allocation": "order"}, FOUR, LEARNT, worth)
    assert alone.limits["model", "capacity_sms"]["shadow_price"] is None
    assert alone.limits["challenger", "capacity_sms"]["shadow_price"] > 0
    assert [user for user in alone.of("sms") if user <= 4] == [1, 2]


def test_users_own_lifts_are_reckoned_with_in_its_cell_alone(facts: Any, conf: dict[str, Any]) -> None:
    people = [(1, "model", 1, 0.2), (2, "challenger", 2, 0.2), (3, "challenger", 3, None)]
    known = facts(["user_id", "policy", "policy_rank", "lift_active"], people)
    gains = WaveGains(options=(0.05, 0.05), guidance={}, order=(0, 1), mean=0.05, contacts_per_user=2.0)
    found = Result(known, with_challenger(conf, lift="user"), FOUR, gains=gains)
    assert {user: row.expected_gain for user, row in found.rows.items()} == {1: 0.05, 2: pytest.approx(0.1), 3: 0.05}
    tier = Result(known, with_challenger(conf), FOUR, gains=gains)
    assert {row.expected_gain for row in tier.rows.values()} == {0.05}


def test_whom_its_cell_may_guide_is_not_untouched_and_old_months_without_the_column_weigh_as_before(rows: Rows) -> None:
    names = ["user_id", "cycle", "policy", "picked_by_challenger", "is_selected", "touch"]
    people = [
        (1, "2026-05", "challenger", True, True, "touched"),
        (2, "2026-05", "challenger", False, False, "touched"),  # may be guided
        (3, "2026-05", "model", True, False, "holdout"),
        (4, "2026-04", "rule", None, False, "touched"),
        (5, "2026-04", "rule", None, True, "touched"),
    ]
    tiers = rows(derived.TIERS_TABLE, ["user_id", "cycle", "tier"], [(p[0], p[1], "low_potential") for p in people])
    found = {row.user_id: row for row in untouched.marked(rows(derived.ARMS, names, people), tiers).collect()}
    assert {user: row.is_untouched for user, row in found.items()} == {1: False, 2: False, 3: True, 4: True, 5: False}
    # 1 and 3 the challenger would pick: one of two is untouched; so is one of the old month's two
    assert {user: row.weight_untouched for user, row in found.items()} == {1: None, 2: None, 3: 2.0, 4: 2.0, 5: None}


def test_where_it_cannot_spend_its_part_the_month_is_not_registered(conf: dict[str, Any]) -> None:
    settings, part = CampaignSettings.model_validate(with_challenger(conf)), RemainingCapacity({"sms": 600}, 100_000)
    found = [
        Forecast("W1", cell, 1_000, contacts, {"sms": contacts}, contacts * 155, contacts * 155**2, part)
        for cell, contacts in {"model": 600.0, "rule": 600.0, "random": 600.0, "challenger": 60.0}.items()
    ]
    with pytest.raises(PlanError, match="cannot spend alike") as error:
        require_equal(found, settings.waves, cycle="2026-06", tolerance=0.1)
    cell, wave = error.value.findings
    assert (cell.what, wave.what) == ("cell challenger", "campaign.waves.W1.qualifies.challenger")
    assert wave.advice.startswith("60 users are left by `tier = 'high_potential'`")
