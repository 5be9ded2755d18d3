"""Rows of `truth_rollouts`: differences are of two policies that each had everybody."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from reactivation.frames import records
from reactivation_lab.bank import rollouts
from reactivation_lab.bank.tables import METRICS


def effects(policy: str, **values: float) -> list[dict[str, Any]]:
    return [
        {"contrast": f"{part}_{policy}", "metric": metric, "value": value}
        for part, value in values.items()
        for metric in METRICS
    ]


@pytest.mark.numbers
def test_gains_are_of_the_picked_and_policies_of_all() -> None:
    sizes = [{"part": "touch", "users": 50, "spend": 20.0}, {"part": "value", "users": 100, "spend": 22.0}]
    found = {
        "model": rollouts.Rollout(effects("model", touch=0.3, value=0.2), sizes),
        "rule": rollouts.Rollout(effects("rule", touch=0.1, value=0.05), sizes),
        "random": rollouts.Rollout([], sizes),
    }
    rows = {r["contrast"]: r for r in rollouts.rows(found, cycle="2026-05") if r["metric"] == "login"}
    assert (rows["touch_model"]["value"], rows["touch_model"]["users"], rows["touch_model"]["spend"]) == (0.3, 50, 20)
    assert rows["gain_model_vs_rule"]["value"] == pytest.approx(0.2)
    assert rows["policy_model_vs_rule"]["value"] == pytest.approx(0.15)
    assert rows["policy_model_vs_random"]["value"] is None  # not known, and no zero


@pytest.mark.rules
def test_sizes_count_the_contactable_and_what_was_planned_for_them(spark: SparkSession) -> None:
    arms = spark.createDataFrame(
        [(1, True, "touched"), (2, False, "touched"), (3, False, None)],
        "user_id bigint, is_selected boolean, touch string",
    )
    plan = spark.createDataFrame([(1, 0.5), (1, 0.25), (2, 0.0)], "user_id bigint, cost double")
    found = {row["part"]: (row["users"], row["spend"]) for row in records(rollouts.sizes(arms, plan))}
    assert found == {"touch": (1, 0.75), "value": (2, 0.75)}


@pytest.mark.rules
def test_the_sample_holds_what_each_option_adds_to_each_contactable_user(spark: SparkSession) -> None:
    columns = ", ".join(f"p_{m} double, p_{m}_untouched double" for m in METRICS)
    options = spark.createDataFrame(
        [
            (1, "sms", "none", *([0.5, 0.2] * 3)),
            (1, "push", "none", *([0.1, 0.2] * 3)),
            (2, "sms", "none", *([0.9, 0.2] * 3)),
        ],
        f"user_id bigint, channel string, benefit string, {columns}",
    )
    arms = spark.createDataFrame([(1, "model"), (2, "none")], "user_id bigint, policy string")
    (row,) = records(rollouts.sample(options, arms, [("sms", "none"), ("push", "none"), ("call", "none")], salt="s"))
    assert row["user_id"] == 1
    assert [row[f"login_{n}"] for n in range(3)] == [pytest.approx(0.3), pytest.approx(-0.1), None]
