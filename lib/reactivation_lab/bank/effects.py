"""True effects of a month from the users' true probabilities, and how well a perfect model would rank.

Rows of a cell's own users stand for the whole population, of which chance made the cell a sample: no outcome's noise is
in them, only that of who was drawn. `jobs/lab/simulate_policies.py` runs each policy on the whole population instead.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation_lab.bank import exact_sums
from reactivation_lab.bank.tables import METRICS

_BINS = 20_000
PAIRS = {
    f"{name}_model_vs_{other}": (f"{part}_model", f"{part}_{other}")
    for name, part in (("gain", "touch"), ("policy", "value"))
    for other in ("rule", "random")
} | {"policy_challenger_vs_model": ("value_challenger", "value_model")}
"""Contrasts that are the difference of two others."""


def aggregate(potentials: DataFrame, arms: DataFrame | None) -> DataFrame:
    """Mean rise of each metric by cell, pick and touch, of everybody and of the contacted: a dozen rows (see `rises`).

    arms: `arms` of the same cycle; None before there are any.
    """
    rises = [(exact_sums.total(F.col(f"rise_{metric}")) / F.count("*")).alias(metric) for metric in METRICS]
    nobody = F.lit(None).cast("string")
    groups = [F.lit("everybody"), F.when(F.col("contacts") > 0, F.lit("contacted"))]
    known = potentials.withColumns(dict.fromkeys(("touched_pick", "touched_other", "open_to_contact"), nobody))
    if arms is not None:
        is_touched = F.col("touch") == "touched"
        of_arms = arms.select(
            "user_id",
            F.when(is_touched & F.col("is_selected"), F.concat(F.lit("touch_"), "policy")).alias("touched_pick"),
            F.when(is_touched & ~F.col("is_selected") & (F.col("policy") == "model"), F.lit("guide_model")).alias(
                "touched_other"
            ),
            F.when(is_touched, F.concat(F.lit("value_"), "policy")).alias("open_to_contact"),
        )
        known = potentials.join(of_arms, "user_id", "left")
        groups += [F.col("touched_pick"), F.col("touched_other"), F.col("open_to_contact")]
    group = F.explode(F.array_compact(F.array(*groups)))
    return known.withColumn("contrast", group).groupBy("contrast").agg(F.count("*").alias("users"), *rises)


def effects(means: Sequence[Mapping[str, Any]], *, cycle: str) -> list[dict[str, Any]]:
    """Rows of `truth_effects` from those of `aggregate`.

    touch_<policy>: among the cell's picks open to contact. guide_model: among the users open to contact whom the
    model's cell does not pick. value_<policy>: among all of the cell's users open to
    contact, against no campaign at all. gain_* and policy_*: differences of two of these, as in `readout`.
    """
    found = {row["contrast"]: row for row in means}
    single = [(contrast, metric, found[contrast][metric]) for contrast in sorted(found) for metric in METRICS]
    double = [
        (contrast, metric, found[one][metric] - found[other][metric])
        for contrast, (one, other) in PAIRS.items()
        if one in found and other in found
        for metric in METRICS
    ]
    return [
        {"cycle": cycle, "contrast": contrast, "metric": metric, "value": value}
        for contrast, metric, value in (*single, *double)
    ]


def ranked(potentials: DataFrame, low_active: DataFrame | None) -> DataFrame:
    """Expected events and others by true probability, in bins: population, metric, bin, events, others, users.

    low_active: user_id of the low-active users; None: they are not known, and only `all` is counted.
    """
    marked = potentials.withColumn("populations", F.array(F.lit("all")))
    if low_active is not None:
        is_low = low_active.select("user_id", F.lit(True).alias("is_low"))
        both = F.when(F.col("is_low"), F.array(F.lit("all"), F.lit("low_active"))).otherwise(F.array(F.lit("all")))
        marked = potentials.join(is_low, "user_id", "left").withColumn("populations", both)
    metric = F.explode(F.array(*[_probability(m) for m in METRICS]))
    rows = marked.select(F.explode("populations").alias("population"), metric.alias("one")).select(
        "population", "one.*"
    )
    return (
        rows.withColumn("bin", F.floor(F.col("p") * _BINS).cast("int"))
        .groupBy("population", "metric", "bin")
        .agg(
            exact_sums.total(F.col("p")).alias("events"),
            exact_sums.total(1 - F.col("p")).alias("others"),
            F.count("*").alias("users"),
        )
    )


def oracle(bins: Sequence[Mapping[str, Any]], *, cycle: str) -> list[dict[str, Any]]:
    """Rows of `truth_oracle`: the AUC that the true probabilities themselves are expected to reach.

    Of a random pair of a user with the event and one without, the probability that the first has the larger one; ties
    count half, users of one bin (1/20 000 wide) are ties.
    """
    rows = []
    for population, metric in sorted({(row["population"], row["metric"]) for row in bins}):
        own = sorted(
            (r for r in bins if (r["population"], r["metric"]) == (population, metric)), key=lambda r: r["bin"]
        )
        events, others = [r["events"] for r in own], [r["others"] for r in own]
        below = [0.0, *accumulate(others)]
        won = sum(e * (b + o / 2) for e, b, o in zip(events, below[:-1], others, strict=True))
        pairs = sum(events) * below[-1]
        users = sum(r["users"] for r in own)
        rows.append(
            {
                "cycle": cycle,
                "population": population,
                "metric": metric,
                "users": users,
                "rate": sum(events) / users,
                "auc": won / pairs if pairs else None,
            }
        )
    return rows


def _probability(metric: str) -> Column:
    return F.struct(F.lit(metric).alias("metric"), F.col(f"p_{metric}_untouched").alias("p"))
