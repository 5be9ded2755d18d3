"""Rows of `truth_rollouts`: each policy with all users of a month, and the best plan of one contact per user."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation_lab.bank.effects import PAIRS
from reactivation_lab.bank.oracle_policy import best
from reactivation_lab.bank.tables import METRICS

SAMPLE_USERS = 2_000
Rows = list[dict[str, Any]]
Offers = Sequence[tuple[str, str]]


class Rollout(NamedTuple):
    """What one policy did with all users: rows of `truth_effects` of its own month, and of `sizes`."""

    effects: Sequence[Mapping[str, Any]]
    sizes: Sequence[Mapping[str, Any]]


def sizes(arms: DataFrame, wave_plan: DataFrame) -> DataFrame:
    """Users and spend, of the picked (`touch`) and of all contactable users (`value`). Key: part. Two rows."""
    spent = wave_plan.groupBy("user_id").agg(F.sum("cost").cast("double").alias("spend"))
    part = F.explode(F.array_compact(F.array(F.lit("value"), F.when(F.col("is_selected"), "touch"))))
    return (
        arms.where(F.col("touch") == "touched")
        .select("user_id", part.alias("part"))
        .join(spent, "user_id", "left")
        .groupBy("part")
        .agg(F.count("*").alias("users"), F.coalesce(F.sum("spend"), F.lit(0.0)).alias("spend"))
    )


def rows(found: Mapping[str, Rollout], *, cycle: str) -> Rows:
    """touch_<policy>, value_<policy>, and the differences of model and another: gain_*, policy_*."""
    single: dict[tuple[str, str], dict[str, Any]] = {}
    for policy, rollout in found.items():
        of_part = {size["part"]: size for size in rollout.sizes}
        values = {(row["contrast"], row["metric"]): row["value"] for row in rollout.effects}
        for part, size in of_part.items():
            contrast = f"{part}_{policy}"
            for metric in METRICS:
                single[contrast, metric] = {
                    "cycle": cycle,
                    "contrast": contrast,
                    "metric": metric,
                    "value": values.get((contrast, metric)),
                    "users": size["users"],
                    "spend": size["spend"],
                }
    differences = [
        {
            "cycle": cycle,
            "contrast": contrast,
            "metric": metric,
            "value": _less(single.get((one, metric)), single.get((other, metric))),
            "users": None,
            "spend": None,
        }
        for contrast, (one, other) in PAIRS.items()
        for metric in METRICS
    ]
    return [*single.values(), *differences]


def sample(options: DataFrame, arms: DataFrame, offers: Offers, *, salt: str) -> DataFrame:
    """Contactable users of whom each option was tried, by hash some `SAMPLE_USERS` of them, in the order of user_id.

    Columns: user_id, and <metric>_<number of the offer>: what the option adds to the true probability.
    """
    open_to_contact = arms.where(F.col("policy") != "none").select("user_id")
    known = options.join(open_to_contact, "user_id", "left_semi")
    users = known.select("user_id").distinct().count()
    kept = known.where(randomization.is_within(randomization.bucket(salt), min(1.0, SAMPLE_USERS / max(users, 1))))
    return by_user(kept, offers).orderBy("user_id")


def by_user(options: DataFrame, offers: Offers, *, metrics: Sequence[str] = METRICS) -> DataFrame:
    """What each option adds to each user's true probability. Grain: user_id; <metric>_<number of the offer>.

    options: of `truth_options`, of one cycle.
    """
    added = [
        F.max(F.when((F.col("channel") == channel) & (F.col("benefit") == benefit), _rise(metric))).alias(
            f"{metric}_{number}"
        )
        for metric in metrics
        for number, (channel, benefit) in enumerate(offers)
    ]
    return options.groupBy("user_id").agg(*added)


def best_rows(
    users: Sequence[Mapping[str, Any]],
    *,
    costs: Mapping[tuple[str, str], float],
    capacity: Mapping[str, float],
    budget: float,
    cycle: str,
) -> Rows:
    """value_best per metric: mean rise per contactable user under the best plan; users: of the sample it is found on.

    users: rows of `sample`, made for the offers that costs name. capacity, budget: per contactable user, of all waves
    together. spend: of the sample.
    """
    found = []
    for metric in METRICS if users else ():
        gains = np.array([[row[f"{metric}_{n}"] for n in range(len(costs))] for row in users], dtype=float)
        plan = best(gains, options=list(costs), costs=costs, capacity=capacity, budget=budget)
        found.append(
            {
                "cycle": cycle,
                "contrast": "value_best",
                "metric": metric,
                "value": plan.value,
                "users": len(users),
                "spend": plan.spend * len(users),
            }
        )
    return found


def _rise(metric: str) -> Any:
    return F.col(f"p_{metric}") - F.col(f"p_{metric}_untouched")


def _less(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float | None:
    if one is None or other is None or one["value"] is None or other["value"] is None:
        return None
    return float(one["value"] - other["value"])
