"""Ways to fill the model's cell: what a plan moves in truth, at equal spend, and bank by bank against the order."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy import stats

from reactivation.campaign import CampaignSettings, PlannedWave, Terms
from reactivation.campaign.planning import capacity, waves
from reactivation.campaign.planning.gains import WaveGains
from reactivation_lab.comparisons import allocations_by_truth as ways
from reactivation_lab.comparisons.allocations_by_truth import TrueGains, WaveByWay, Way

CELLS = {"model": 6}
USERS = "user_id bigint, rank bigint, options_mask int, lift_active double, rise_0 double, rise_1 double"
SIX = [
    # rank is the model's order; bit 0: push/none, bit 1: sms/gift
    (1, 1, 0b11, 0.10, 0.01, 0.02),
    (2, 2, 0b11, 0.10, 0.00, -0.50),  # a contact does harm
    (3, 3, 0b11, 0.40, 0.05, 0.40),
    (4, 4, 0b11, 0.30, 0.05, 0.30),
    (5, 5, 0b01, 0.90, 0.05, 0.90),  # no phone: the best rise cannot be had
    (6, 6, 0b11, 0.05, 0.02, 0.10),
]


@pytest.fixture
def users(spark: SparkSession) -> DataFrame:
    """Six users of the model's cell as `eligibility` gives them, with the truth beside them."""
    fixed = {
        "policy": "'model'",
        "queue": "'model'",
        "tier": "'high_potential'",
        "reason": "cast(null as string)",
        "rank_bucket": "cast(rank as int)",
        "by_chance": "user_id",
        "exploration_bucket": "9999",
        "option_bucket": "9999",
        "is_barred_unread": "false",
    }
    return spark.createDataFrame(SIX, USERS).selectExpr("*", *[f"{how} as {name}" for name, how in fixed.items()])


def planned(
    users: DataFrame, conf: dict[str, Any], gains: WaveGains, *, active_user: int | None, budget: str, **limits: int
) -> PlannedWave:
    """The wave of `conf`, push/none or sms/gift at 1.55, within a budget and contacts of the six users' cell."""
    per_1000 = {"push": 0, "sms": 0, **limits}
    wave = conf["waves"]["W1"]
    wave["capacity_per_1000_users"] = {channel: contacts * 1000 / 6 + 0.01 for channel, contacts in per_1000.items()}
    wave["budget_cny_per_1000_users"] = Decimal(budget) * 1000 / 6 + Decimal("0.01")
    settings = ways.without_draws(CampaignSettings.model_validate(conf))
    terms = None if active_user is None else Terms(Decimal(active_user))
    how: dict[str, Any] = {"name": "W1", "cycle": "2026-06", "send_on": date(2026, 6, 5), "cells": CELLS}
    return waves.plan(users, wave=settings.waves["W1"], settings=settings, gains=gains, terms=terms, **how)


def got(plan: PlannedWave) -> dict[int, str]:
    return {row.user_id: row.option for row in plan.decided.where("reason = 'planned'").collect()}


LEARNT = WaveGains((0.04, 0.16), {}, (1, 0), 0.10, contacts_per_user=1.0)


@pytest.mark.rules
def test_a_plan_moves_the_sum_of_the_rises_of_what_each_user_gets(
    spark: SparkSession, users: DataFrame, settings: CampaignSettings
) -> None:
    options = capacity.priced_options(settings.waves["W1"], settings)
    rows = [
        (1, "planned", "push/none"),
        (3, "planned", "sms/gift"),
        (2, "planned", "sms/gift"),
        (4, "below_price", None),
        (6, "no_capacity", "sms/gift"),
    ]
    decided = spark.createDataFrame(rows, "user_id bigint, reason string, option string")
    [found] = ways.outcome(decided, users, options).collect()
    assert found.contacts == 3
    assert found.spend == pytest.approx(2 * 1.55)
    assert found.moved == pytest.approx(0.01 + 0.40 - 0.50)
    [nothing] = ways.outcome(decided.where("false"), users, options).collect()
    assert tuple(nothing) == (0, 0.0, 0.0)


@pytest.mark.rules
def test_who_has_come_since_the_first_wave_cannot_be_moved_any_more(spark: SparkSession, users: DataFrame) -> None:
    added = users.selectExpr("user_id", "rise_0 as login_0", "rise_1 as login_1")
    since = spark.createDataFrame([(1, 0), (3, 2)], "user_id bigint, login_days_to_date int")
    found = {row.user_id: (row.rise_0, row.rise_1) for row in ways.rises(added, since, options=2).collect()}
    assert found == {1: (0.01, 0.02), 2: (0.0, -0.5), 3: (0.0, 0.0), 4: (0.05, 0.3), 5: (0.05, 0.9), 6: (0.02, 0.1)}
    first = {row.user_id: row.rise_1 for row in ways.rises(added, None, options=2).collect()}
    assert first[3] == 0.4
    [counted] = ways.counted(users.withColumn("lift_active", F.expr("if(user_id > 4, null, lift_active)"))).collect()
    assert tuple(counted) == (6, 4)


@pytest.mark.rules
def test_each_way_fills_the_same_room_by_what_it_knows(users: DataFrame, conf: dict[str, Any]) -> None:
    room: dict[str, Any] = {"budget": "3.10", "sms": 2, "push": 1}
    by_order = planned(users, conf, LEARNT, active_user=None, **room)
    assert got(by_order) == {1: "sms/gift", 2: "sms/gift", 3: "push/none"}
    by_lifts = planned(users, conf, LEARNT, active_user=10_000, **room)
    assert got(by_lifts) == {3: "sms/gift", 4: "sms/gift", 5: "push/none"}
    by_tiers = planned(users.drop("lift_active"), conf, LEARNT, active_user=10_000, **room)
    assert sorted(got(by_tiers).values()) == ["push/none", "sms/gift", "sms/gift"]
    best = planned(users, conf, TrueGains.of(2), active_user=10_000, **room)
    assert got(best) == {3: "sms/gift", 4: "sms/gift", 5: "push/none"}
    roomy = planned(users, conf, TrueGains.of(2), active_user=10_000, budget="100", sms=6, push=6)
    assert got(roomy) == {1: "sms/gift", 3: "sms/gift", 4: "sms/gift", 5: "push/none", 6: "sms/gift"}
    # at the registered worth of an active user, a rise of 0.02 does not pay for 1.55
    registered = planned(users, conf, TrueGains.of(2), active_user=20, budget="100", sms=6, push=6)
    assert got(registered) == {1: "push/none", 3: "sms/gift", 4: "sms/gift", 5: "push/none", 6: "sms/gift"}


@pytest.mark.rules
def test_equal_spend_is_what_the_order_spent(users: DataFrame, conf: dict[str, Any]) -> None:
    by_order = planned(users, conf, LEARNT, active_user=None, budget="100", sms=2, push=6)
    wave = ways.at_spend(CampaignSettings.model_validate(conf).waves["W1"], by_order.limits)
    assert float(wave.budget_cny_per_1000_users) * 6 / 1000 == pytest.approx(3.10, abs=0.01)
    assert wave.capacity_per_1000_users == CampaignSettings.model_validate(conf).waves["W1"].capacity_per_1000_users
    rows = [{"policy": "model", "limit": "budget", "capacity": 0.0, "used": 0.0}]
    assert ways.at_spend(wave, rows) == wave


def test_nobody_is_drawn_and_lifts_are_among_the_facts(settings: CampaignSettings) -> None:
    bare = ways.without_draws(settings)
    assert ({wave.exploration_share for wave in bare.waves.values()}, bare.lift) == ({0.0}, "user")


MOVED = {0: {"order": 4.0, "tier": 5.0, "best": 8.0}, 1: {"order": 2.0, "tier": 2.2}, 2: {"order": 5.0, "tier": 7.0}}


def record(seed: int, way: Way, wave: str, moved: float, spend: float = 100.0) -> WaveByWay:
    common: dict[str, Any] = {"bank_users": 9, "cycle": "2026-07", "active_user": 1e4, "users": 9, "contacts": 9}
    fixed = {"settings_hash": "x", "code_version": "1", "is_priced": way == "best" or wave == "W1"}
    return WaveByWay(seed=seed, way=way, wave=wave, moved=moved, spend=spend, **common, **fixed)


@pytest.mark.numbers
def test_ratios_are_paired_by_bank_with_students_interval() -> None:
    records = [
        record(seed, way, wave, moved / 2)  # type: ignore[arg-type]
        for seed, of in MOVED.items()
        for way, moved in of.items()
        for wave in ("W1", "W2")
    ]
    order, tier, best = ways.compared(records)
    ratios = [5.0 / 4.0, 2.2 / 2.0, 7.0 / 5.0]
    ends = stats.ttest_1samp(ratios, 1).confidence_interval(0.95)
    assert (tier.banks, tier.waves, tier.priced, tier.ratio) == (3, 6, 3, pytest.approx(1.25))
    assert (tier.low, tier.high) == pytest.approx((ends.low, ends.high))
    assert tier.moved == pytest.approx(1000 * (5.0 + 2.2 + 7.0) / 3 / 200)
    assert (order.ratio, order.low, order.high) == (1.0, None, None)
    assert (best.banks, best.ratio, best.in_order, best.low) == (1, 2.0, 20.0, None)  # one bank has no interval


@pytest.mark.numbers
def test_a_way_is_held_against_the_order_on_the_waves_that_both_filled() -> None:
    records = [record(0, "order", "W1", 1.0), record(0, "order", "W2", 9.0), record(0, "user", "W2", 12.0, 120.0)]
    records.append(record(0, "user", "W3", 50.0))
    _, user = ways.compared(records)
    assert (user.waves, user.in_order, user.moved) == (1, 90.0, 100.0)
    assert (user.ratio, user.more) == pytest.approx((100 / 90, 12 / 9))
    free = [record(0, "order", "W4", 1.0, 0.0), record(0, "best", "W4", 2.0, 0.0)]
    assert ways.compared(free) == []
