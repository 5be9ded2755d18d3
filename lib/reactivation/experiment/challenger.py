"""A challenger against what stands: its order in the random cell, and its whole policy in a cell of its own.

An order is asked whether it would have moved more users. Only in the random cell everybody had the same probability of
being picked, whatever the orders say. Orders are those that stood before each month, so no challenger is chosen by its
results; those that are judged together share the false alarms.
"""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy.stats import norm

from reactivation import randomization
from reactivation.experiment.contrasts import CHALLENGED
from reactivation.experiment.primary_estimator import ALL, SEGMENTS
from reactivation.experiment.settings import ExperimentSettings
from reactivation.frames import by_value
from reactivation.statistics.estimates import whole
from reactivation.statistics.verdicts import WORSE, users_to_settle

CELL = "random"
_BY_SCORE: Mapping[str, str] = {"lift": "lift_active", "propensity": "raw_active"}
CHALLENGERS = ("rule", *_BY_SCORE)
_PER_USER = ("a", "b", "n")
KEEP, BETTER = "keep the champion", "better than the champion"


def picks(arms: DataFrame, scores: DataFrame, tiers: DataFrame) -> DataFrame:
    """The random cell's picks, touched or held out, with whom each order would pick among them.

    Grain and key: cycle, user_id. is_champion: whom the policy `model` picks. by_rule: whom the policy `rule` does,
    about as many. by_lift, by_propensity: as many as the champion, the highest scores first, those of high potential
    before others, equals by hash; null in a month whose scores do not have it. The three tables hold the same cycles.
    """
    drawn = (F.col("policy") == CELL) & F.col("is_selected") & F.col("touch").isin("touched", "holdout")
    key = ["cycle", "user_id"]
    known = (
        arms.where(drawn)
        .select(
            *key,
            (F.col("touch") == "touched").alias("is_touched"),
            F.col("picked_by_model").alias("is_champion"),
            F.col("picked_by_rule").alias("by_rule"),
        )
        .join(scores.select(*key, *_BY_SCORE.values()), key, "left")
        .join(tiers.select(*key, (F.col("tier") == "high_potential").alias("is_high")), key, "left")
    )
    month, by_lot = Window.partitionBy("cycle"), (randomization.hashed("challenger"), F.col("user_id"))
    picked = F.count_if("is_champion").over(month)
    for name, score in _BY_SCORE.items():
        first = month.orderBy(F.desc_nulls_last("is_high"), F.desc_nulls_last(score), *by_lot)
        is_scored = F.count(score).over(month) > 0
        known = known.withColumn(f"by_{name}", F.when(is_scored, F.row_number().over(first) <= picked))
    return known.select(*key, "is_touched", "is_champion", *[f"by_{name}" for name in CHALLENGERS])


def sums(picked: DataFrame, outcomes: DataFrame, *, outcome: str, propensities: Mapping[str, float]) -> DataFrame:
    """Sums over users, whose months are one cluster, for `compared`. Grain and key: challenger.

    picked: of `picks`. propensities: by cycle P(open to contact) as registered. Users whom both orders pick, or
    neither, have no part in the difference. A user whose outcome is not known is left out.
    """
    each = F.explode(
        F.array(*[F.struct(F.lit(n).alias("challenger"), F.col(f"by_{n}").alias("theirs")) for n in CHALLENGERS])
    )
    e = by_value(F.col("cycle"), propensities).cast("double")
    weight = F.when(F.col("is_touched"), 1 / e).otherwise(-1 / (1 - e))
    sign = F.col("theirs").cast("int") - F.col("is_champion").cast("int")
    rows = (
        picked.join(outcomes.select("cycle", "user_id", F.col(outcome).cast("double").alias("y")), ["cycle", "user_id"])
        .select("*", each.alias("one"))
        .select("*", "one.*")
        .where(F.col("theirs").isNotNull() & F.col("y").isNotNull() & e.isNotNull())
        .withColumns({"b": sign * weight, "differs": sign != 0})
    )
    per_user = rows.groupBy("challenger", "user_id").agg(
        F.sum(F.col("b") * F.col("y")).alias("a"),
        F.sum("b").alias("b"),
        F.count("*").cast("double").alias("n"),
        F.count_if("is_champion").alias("picked"),
        F.count_if("differs").alias("differ"),
        F.sum(F.when(F.col("differs"), F.col("y"))).alias("y"),
    )
    totals = [F.sum(name).alias(name) for name in (*_PER_USER, "picked", "differ", "y")]
    products = [F.sum(F.col(i) * F.col(j)).alias(f"{i}{j}") for i in _PER_USER for j in _PER_USER if i <= j]
    return per_user.groupBy("challenger").agg(F.count("*").alias("users"), *totals, *products)


def compared(row: Mapping[str, Any], *, alpha: float, challengers: int, power: float) -> dict[str, Any]:
    """Users moved per user picked, the challenger's order less the champion's, with a verdict.

    row: of `sums`. The mean of sign · (T/e - (1 - T)/(1 - e)) · (y - c), c being the mean outcome of those of whom the
    orders differ, which takes noise away and no bias in; its variance with users as clusters. alpha: of all challengers
    together; each has its part (Bonferroni). users_needed: user-months picked at random that would show a difference as
    large as this with that power; None where none is seen. Nobody to differ about: no difference, exactly.

    References: Horvitz and Thompson, JASA 47 (1952); Liang and Zeger, Biometrika 73 (1986).
    """
    found = {"challenger": row["challenger"], "user_months": int(row["n"]), "differ": int(row["differ"])}
    unknown = dict.fromkeys(("difference", "low", "high", "users_needed"))
    if not row["differ"] or row["users"] < 2 or not row["picked"]:
        return {**found, **unknown, "verdict": f"{KEEP}: both orders pick the same users"}
    n, c, groups = row["n"], row["y"] / row["differ"], row["users"]
    mean = (row["a"] - c * row["b"]) / n
    squares = row["aa"] - 2 * c * row["ab"] + c * c * row["bb"] - 2 * mean * (row["an"] - c * row["bn"])
    error = sqrt(max(squares + mean * mean * row["nn"], 0.0) * groups / (groups - 1)) / n
    z, scale = float(norm.isf(alpha / challengers / 2)), n / row["picked"]
    low, high = (mean - z * error) * scale, (mean + z * error) * scale
    needed = ceil(n * ((z + float(norm.ppf(power))) * error / mean) ** 2) if mean > 0 else None
    numbers = {"difference": mean * scale, "low": low, "high": high, "users_needed": needed}
    return {**found, **numbers, "verdict": BETTER if low > 0 else KEEP}


def of_month(readout: Sequence[Mapping[str, Any]], settings: ExperimentSettings) -> dict[str, Any]:
    """What a settled month says of the challenger's whole policy; empty where the month had no such cell.

    readout: rows of one cycle. settings: as registered. The row is that of the primary metric by the registered
    estimator, at the level that its family leaves it. code: `better` where its interval lies above 0; `harm` where it
    does, but a guardrail against the champion is broken; `keep`; `unknown` where nothing is estimated. users_needed: of
    both cells, that would show the registered minimum with that power; None where the month has shown that the
    challenger is not better by as much.
    """
    own = {(row["metric"], row["segment"]): row for row in readout if row["contrast"] == CHALLENGED.name}
    row = own.get((settings.primary_metric, SEGMENTS[settings.headline]))
    if row is None:
        return {}
    users, ends = (row["n_treatment"], row["n_control"]), (row["difference_low"], row["difference_high"])
    found = {"metric": row["metric"], "challenger": users[0], "champion": users[1], "difference": row["difference"]}
    found |= {"low": ends[0], "high": ends[1], "alpha": row["alpha"], "users_needed": None}
    if row["status"] != "estimated":
        return {**found, "code": "unknown", "verdict": f"{KEEP}: {row['reason']}"}
    if row["difference_low"] > 0:
        broken = [name for name in settings.guardrails if own.get((name, ALL), {}).get("verdict") == WORSE]
        says = f"{KEEP}: {', '.join(broken)} is broken" if broken else BETTER
        return {**found, "code": "harm" if broken else "better", "verdict": says}
    minimum = settings.metrics[settings.primary_metric].minimum_effect
    if row["difference_high"] >= minimum:
        half, level = (ends[1] - ends[0]) / 2, {"alpha": row["alpha"], "power": settings.power}
        found["users_needed"] = ceil(users_to_settle(sum(users), half, minimum, **level).users)
    return {**found, "code": "keep", "verdict": KEEP}


def told(found: Mapping[str, Any]) -> str:
    """What `of_month` found, in a sentence."""
    if found["difference"] is None:
        return f"{found['verdict']}."
    points = [f"{100 * found[name]:+.2f}" for name in ("difference", "low", "high")]
    seen = (
        f"{found['metric']} {points[0]} points ({100 * (1 - found['alpha']):.4g}% interval {points[1]} to {points[2]})"
    )
    needed = found["users_needed"]
    settles = f" About {whole(needed)} users of the two cells would settle it." if needed else ""
    return f"{found['verdict'].capitalize()}: {seen}, everybody of one cell against everybody of the other.{settles}"
