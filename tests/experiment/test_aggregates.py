"""The month's aggregation on Spark against a straight computation, and what its sums become."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import Column, Row, SparkSession
from pyspark.sql import functions as F

from experiment.asked import settings_for, specs_for
from reactivation import experiment, randomization
from reactivation.experiment import aggregates
from reactivation.experiment.groups import Group, by_arm, split_by, total
from reactivation.experiment.metrics import share
from reactivation.experiment.settings import Mean

SPECS = specs_for(
    settings_for(
        metrics={
            "active": {"outcome": "is_active", "minimum_effect": 0.01},
            "asset_uplift": {"outcome": "has_asset_uplift", "minimum_effect": 0.01},
        },
        guardrails={"opt_out": {"outcome": "opted_out", "margin": 0.002}},
        means={
            "active_days": Mean(outcome="active_days", lowest=0, highest=3, minimum_effect=0.1),
            "asset_change": Mean(outcome="asset_change", lowest=-50, highest=50, minimum_effect=1),
        },
        covariates=("login_days_1m", "raw_active"),
    ),
    weeks=2,
)
METRICS = {metric.name: metric for metric in SPECS.compared}
ACTIVE = SPECS.shares[0]
LOST = 5


def bank(
    spark: SparkSession, users: int, specs: experiment.MetricSpecs | None = None, **unlike: Column
) -> dict[str, Any]:
    """Users of two cells with outcomes, one of them lost on the way; a third have no balance, some no score."""
    table = spark.range(users).select(
        F.col("id").alias("user_id"),
        F.lit("2026-06").alias("cycle"),
        randomization.draw(randomization.bucket("cell", "id"), {"model": 0.5, "rule": 0.3, "none": 0.2}).alias(
            "policy"
        ),
        *[
            randomization.is_within(randomization.bucket(p, "id"), 0.4).alias(f"picked_by_{p}")
            for p in ("model", "rule", "random")
        ],
        F.lit(None).cast("boolean").alias("picked_by_challenger"),  # a month without that cell
        randomization.draw(randomization.bucket("touch", "id"), {"touched": 0.7, "holdout": 0.3}).alias("touch"),
        randomization.draw(randomization.bucket("branch", "id"), {"B1": 0.6, "B2": 0.4}).alias("branch"),
        randomization.draw(randomization.bucket("tier", "id"), {"high_potential": 0.5, "low_potential": 0.5}).alias(
            "tier"
        ),
        F.when(F.col("id") % 11 > 0, (randomization.bucket("score", "id") / 777).cast("double")).alias("raw_active"),
        (randomization.bucket("days", "id") % 4).cast("double").alias("login_days_1m"),
        (randomization.bucket("act", "id") % 5).alias("active_days"),
    )
    known = table.withColumns(
        {
            "is_selected": F.when(F.col("policy") == "model", F.col("picked_by_model")).otherwise(
                F.col("picked_by_rule")
            ),
            "is_active": F.col("active_days") > 0,
            "active_weeks": F.col("active_days") % 4,
            "asset_change": F.when(
                F.col("user_id") % 3 > 0, (randomization.bucket("money") / 50 - 100).cast("decimal(18,2)")
            ),
            "opted_out": F.col("user_id") % 17 == 0,
            "contacts_delivered": F.when(F.col("touch") == "touched", F.col("user_id") % 3).otherwise(0),
            "outside_contacts": F.col("user_id") % 2,
            "spend": F.lit(Decimal("0.25")),
            "contact_cost": F.lit(Decimal("0.10")),
            "delivered_cost": (F.col("user_id") % 3).cast("decimal(18,2)"),
            "benefits_redeemed": F.when(F.col("user_id") % 7 == 0, 2).otherwise(0).cast("decimal(18,2)"),
        }
    )
    known = known.withColumns({"has_asset_uplift": F.col("asset_change") > 0, **unlike})
    placed = aggregates.placed(
        known,
        tiers=known,
        master=known,
        features=known.select("user_id", "login_days_1m"),
        scores=known.select("user_id", "raw_active"),
        specs=SPECS,
    )
    drop = [*aggregates.KEY, "login_days_1m", "raw_active"]
    outcomes = known.where(F.col("user_id") != LOST).drop(*drop)
    rows = experiment.aggregate(outcomes, placed, specs=specs or SPECS).collect()
    return {"groups": experiment.groups([row.asDict() for row in rows]), "rows": known.collect(), "columns": rows}


@pytest.mark.rules
def test_what_is_spent_is_what_was_delivered_where_that_was_registered(spark: SparkSession) -> None:
    found = bank(spark, 300, specs=replace(SPECS, spend_counted="delivered"))
    kept = [row for row in found["rows"] if row.user_id != LOST]
    spent = total(found["groups"]).of("cost")
    assert spent == sum(row.delivered_cost + row.benefits_redeemed for row in kept)


@pytest.mark.rules
@pytest.mark.parametrize(
    ("spend_counted", "lacks", "unknown"),
    [
        ("delivered", "benefits_redeemed", 299),
        ("planned", "benefits_redeemed", 299),
        ("delivered", "delivered_cost", 299),
        ("planned", "delivered_cost", 0),  # contacts count as they were planned
    ],
)
def test_users_whose_cost_nobody_knows_are_counted_and_cost_not_nothing(
    spark: SparkSession, spend_counted: str, lacks: str, unknown: int
) -> None:
    nothing = {lacks: F.lit(None).cast("decimal(18,2)")}
    whole = total(bank(spark, 300, replace(SPECS, spend_counted=spend_counted), **nothing)["groups"])
    assert (whole.of("users"), whole.of("cost_unknown")) == (299, unknown)  # one was lost


@pytest.mark.rules
def test_aggregates_equal_a_straight_computation(spark: SparkSession) -> None:
    found = bank(spark, 3_000)
    groups, straight = found["groups"], found["rows"]
    arms = by_arm(groups)
    keys = {(row.policy, row.is_selected, row.touch) for row in straight}
    assert {(g.policy, g.is_selected, g.touch) for g in arms} == keys
    for arm in arms:
        mine = [r for r in straight if (r.policy, r.is_selected, r.touch) == (arm.policy, arm.is_selected, arm.touch)]
        kept = [row for row in mine if row.user_id != LOST]
        assert (arm.assigned, arm.users) == (len(mine), len(kept))
        compare(arm, kept)
    whole, parts = total(groups), [total(members) for members in split_by(groups, lambda g: g.stratum).values()]
    assert len(parts) == 4
    assert {name: sum(part.sums[name] for part in parts) for name in whole.sums} == whole.sums  # type: ignore[misc]


def compare(arm: Group, rows: list[Row]) -> None:
    totals = arm.totals
    assert share(totals, "active") == (sum(r.is_active for r in rows), len(rows))
    assert share(totals, "opt_out") == (sum(r.opted_out for r in rows), len(rows))
    assert totals.of("events", "week", 2) == sum(r.active_weeks >= 2 for r in rows)
    reached = [r for r in rows if r.contacts_delivered]
    assert ACTIVE.received(totals)[2:] == (len(reached), sum(r.is_active for r in reached))
    costs = [Decimal("0.10") + r.benefits_redeemed for r in rows]
    spent = ACTIVE.spending(totals)
    assert (spent.cost, spent.cost_squares) == pytest.approx((float(sum(costs)), float(sum(c * c for c in costs))))
    of_active = sum(c for c, r in zip(costs, rows, strict=True) if r.is_active)
    assert spent.cost_of_events == pytest.approx(float(of_active))
    for metric, value in (
        ("active", lambda r: float(r.is_active)),
        ("active_days", lambda r: min(r.active_days, 3)),
        (
            "asset_change",
            lambda r: r.asset_change if r.asset_change is None else min(max(float(r.asset_change), -50), 50),
        ),
        ("asset_uplift", lambda r: r.has_asset_uplift),
    ):
        known = [(float(value(r)), *covariates(r)) for r in rows if value(r) is not None]
        joint = METRICS[metric].joint(totals, SPECS.adjusters)
        assert joint is not None
        assert joint.n == len(known)
        assert joint.means == pytest.approx(np.mean(known, axis=0), rel=1e-9, abs=1e-9)
        centred = np.array(known) - np.mean(known, axis=0)
        assert joint.products == pytest.approx(centred.T @ centred, rel=1e-9, abs=1e-6)


def covariates(row: Row) -> tuple[float, float, float]:
    """To three decimals; all 0 where one is missing."""
    if row.raw_active is None:
        return 0.0, 0.0, 1.0
    return row.login_days_1m, float(Decimal(row.raw_active).quantize(Decimal("0.001"), "ROUND_HALF_UP")), 0.0


@pytest.mark.rules
def test_only_the_largest_branches_keep_their_name(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregates, "MOST_BRANCHES", 1)
    groups = bank(spark, 200)["groups"]
    assert {group.branch for group in groups} == {"B1", aggregates.OTHER_BRANCHES}
    assert total(groups).of("assigned") == 200


@pytest.mark.numbers
def test_a_covariate_that_the_region_lacks_is_left_out() -> None:
    asked_for = settings_for(
        covariates=["login_days_1m", "raw_active"],
        metrics={"active": {"outcome": "is_active", "minimum_effect": 0.01}},
    )
    window = experiment.window_of({"outcome_window": ["2026-06-08", "2026-07-01"]})
    found = experiment.MetricSpecs.of(asked_for, window=window, columns=["raw_active"])
    assert (found.covariates, found.adjusters, found.weeks) == (("raw_active",), ("raw_active", "is_missing"), 4)
    assert asked_for.follow_up(window).end == date(2026, 6, 22)
