"""Targeting quality of a month: rankings judged among the users whom the random cell picked, by lot."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.contracts.derived import POLICIES
from reactivation.experiment.analysis import Asked, Row
from reactivation.experiment.groups import Group, total
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month
from reactivation.statistics.estimates import whole
from reactivation.statistics.means import Effect
from reactivation.statistics.proportions import Share
from reactivation.statistics.uplift_curves import (
    ALL_THE_SAME,
    RANDOM,
    Tenth,
    better_than_lot,
    curve,
    nothing_varies,
    policy_value,
    quality,
    uplifts,
)

TENTHS = 10
CELL = "random"
_SCORES = ("active", "asset_uplift")


def rankings(scores: DataFrame, features: DataFrame, *, rule_order: str) -> dict[str, DataFrame]:
    """The orders to be judged, by name: both scores of the models, and the bank's own rule. user_id, score."""
    by_model = {f"model_{name}": scores.select("user_id", F.col(f"raw_{name}").alias("score")) for name in _SCORES}
    return {**by_model, "rule_order": features.select("user_id", F.expr(rule_order).alias("score"))}


def tenths(
    outcomes: DataFrame, arms: DataFrame, rankings: Mapping[str, DataFrame], *, metrics: Mapping[str, str]
) -> DataFrame:
    """Cut the random cell's picks into tenths by each ranking, 1 the highest, and count what they did.

    Grain and key: ranking, tenth, touch; some sixty rows. Users of one tenth were touched or held out by lot, whatever
    their score. rankings: by name user_id, score; null last, equals by lot. metrics: boolean columns of `outcomes`.
    """
    picked = arms.where((F.col("policy") == CELL) & F.col("is_selected") & F.col("touch").isin("touched", "holdout"))
    ordered = picked.select("user_id", "touch").join(outcomes.select("user_id", *metrics.values()), "user_id", "inner")
    for name, scores in rankings.items():
        ordered = ordered.join(
            scores.select("user_id", F.col("score").cast("double").alias(f"by_{name}")), "user_id", "left"
        )
    scored = [F.struct(F.lit(name).alias("ranking"), F.col(f"by_{name}").alias("score")) for name in rankings]
    long = ordered.withColumn("one", F.explode(F.array(*scored))).select("*", "one.*")
    by_lot = randomization.hashed("tenths"), F.col("user_id")  # user numbers follow sign-up; rules have many equals
    highest_first = Window.partitionBy("ranking").orderBy(F.desc_nulls_last("score"), *by_lot)
    counts = [
        column
        for name, outcome in metrics.items()
        for column in (
            F.count(outcome).alias(f"known_{name}"),
            F.count_if(F.col(outcome)).alias(f"events_{name}"),
        )
    ]
    cut = long.withColumn("tenth", F.ntile(TENTHS).over(highest_first))
    return cut.groupBy("ranking", "tenth", "touch").agg(F.count("*").alias("users"), *counts)


def targeting(
    rows: Iterable[Mapping[str, Any]],
    groups: Sequence[Group],
    *,
    cycle: Month,
    budget_share: float,
    asked: Asked,
) -> list[Row]:
    """Each ranking on each metric as rows of `targeting`, a ranking by lot beside them, and the policies as they are.

    rows: those of `tenths`. groups: those of the read-out. budget_share: share of the contactable users whom a policy
    really picks. Withheld where the touch effect of the random cell is.
    """
    known, withheld = list(rows), asked.withheld.get(f"touch_{CELL}")
    found = [
        row
        for metric in asked.measured.rates
        for row in (
            *_of_metric(known, metric, budget_share, asked.settings, asked.level.alpha),
            *_of_policies(groups, metric, alpha=asked.level.alpha),
        )
    ]
    place = {"cycle": str(cycle)}
    hidden = {"estimate": None, "low": None, "high": None, "p_value": None, "status": "withheld", "reason": withheld}
    return [{**place, **row, **(hidden if withheld and row["status"] == "estimated" else {})} for row in found]


def _of_metric(
    rows: Sequence[Mapping[str, Any]], metric: str, budget_share: float, settings: ExperimentSettings, alpha: float
) -> Iterator[Row]:
    rankings = {name: _tenths(rows, name, metric) for name in sorted({row["ranking"] for row in rows})}
    for name, cut in rankings.items():
        for tenth, seen in zip(
            cut, uplifts(cut, alpha=alpha, minimum_events=settings.minimum_expected_events), strict=True
        ):
            yield {
                **{"ranking": name, "metric": metric, "part": f"tenth {tenth.number}", "share_touched": None},
                **{"n_treatment": seen.n_treatment, "n_control": seen.n_control, "estimate": seen.difference},
                **{"low": seen.difference_low, "high": seen.difference_high, "p_value": seen.p_value},
                **{"status": seen.status, "reason": seen.reason},
            }
    judged = quality(rankings, alpha=alpha)
    if isinstance(judged, str):
        for name, cut in rankings.items():
            for part in ("auuc", "qini", "value", "better"):
                yield _row(name, metric, part, cut, None, reason=judged)
        return
    for one in judged:
        cut = rankings.get(one.ranking, next(iter(rankings.values())))
        yield _row(one.ranking, metric, "auuc", cut, one.auuc)
        yield _row(one.ranking, metric, "qini", cut, one.qini)
        if one.ranking == RANDOM:
            everybody = policy_value(cut, touched_share=1.0, alpha=alpha)
            yield _row(RANDOM, metric, "value", cut, _scaled(everybody, budget_share), share=budget_share)
            continue
        at_budget = policy_value(cut, touched_share=budget_share, alpha=alpha)
        yield _row(one.ranking, metric, "value", cut, at_budget, share=budget_share)
        more = better_than_lot(cut, touched_share=budget_share, alpha=alpha)
        yield _row(one.ranking, metric, "better", cut, more, share=budget_share)
        for number, (touched, gained) in enumerate(curve(cut, alpha=alpha), start=1):
            yield _row(one.ranking, metric, f"curve {number}", cut, gained, share=touched)


def _of_policies(groups: Sequence[Group], metric: str, *, alpha: float) -> Iterator[Row]:
    """What each policy gains with the users it would really pick, per user, judged among the random cell's picks."""
    random = [group for group in groups if group.policy == CELL and group.is_selected]
    for policy in POLICIES:
        if policy == CELL:
            continue
        cut = [
            Tenth(number, *_sides([group for group in random if (policy in group.picked_by) == is_picked], metric))
            for number, is_picked in ((1, True), (2, False))
        ]
        name, everybody = f"policy {policy}", sum(part.users for part in cut)
        if not all(side.users for part in cut for side in (part.touched, part.holdout)):
            reason: str | None = "nobody touched, or nobody held out, among the picked or the others"
        else:
            reason = nothing_varies(cut)
        if reason is not None:
            yield from (_row(name, metric, part, cut, None, reason=reason) for part in ("value", "better"))
            continue
        share = cut[0].users / everybody
        value = policy_value(cut, touched_share=share, alpha=alpha)
        more = better_than_lot(cut, touched_share=share, alpha=alpha)
        yield _row(name, metric, "value", cut, value, share=share)
        yield _row(name, metric, "better", cut, more, share=share)


def _sides(groups: Sequence[Group], metric: str) -> tuple[int, Share, Share]:
    """Users touched or held out, and both as shares."""
    touched, holdout = (total(g for g in groups if g.touch == touch) for touch in ("touched", "holdout"))
    return int(touched.of("users") + holdout.of("users")), touched.share(metric), holdout.share(metric)


def told(rows: Sequence[Mapping[str, Any]], metric: str, *, alpha: float) -> list[str]:
    """What the rankings are worth on one metric, in sentences."""
    mine = [row for row in rows if row["metric"] == metric]
    by_part = {(row["ranking"], row["part"]): row for row in mine}
    sentences = []
    for name in dict.fromkeys(row["ranking"] for row in mine if row["part"] == "qini" and row["ranking"] != RANDOM):
        qini, value, better = (by_part.get((name, part)) for part in ("qini", "value", "better"))
        if qini is None or value is None or better is None or qini["status"] != "estimated":
            why = qini["reason"] if qini else "there are no rows"
            sentences.append(f"{name}: cannot be judged on {metric}. {str(why).capitalize()}.")
            continue
        users = whole(qini["n_treatment"] + qini["n_control"])
        finds = (
            "finds users who can be moved"
            if qini["low"] > 0
            else (
                "finds those who can be moved less"
                if qini["high"] < 0
                else "is not shown to find users who can be moved"
            )
        )
        sentences.append(
            f"{name} {finds} better than a lot does, judged on {metric} by {users} users: Qini {_points(qini)}. "
            f"Touching the first {value['share_touched']:.0%} gains {_points(value)} of all users, {_points(better)} "
            f"more than as many by lot ({100 * (1 - alpha):.4g}% intervals)."
        )
    for policy in POLICIES:
        value = by_part.get((f"policy {policy}", "value"))
        if value is not None and value["status"] == "estimated":
            users = f"with the {value['share_touched']:.0%} of users that it picks"
            sentences.append(f"The policy {policy} gains {_points(value)} of all users {users}.")
    return sentences


def _tenths(rows: Sequence[Mapping[str, Any]], ranking: str, metric: str) -> list[Tenth]:
    found = {}
    for row in rows:
        if row["ranking"] == ranking:
            share = Share(row[f"events_{metric}"], row[f"known_{metric}"])
            found[row["tenth"], row["touch"]] = (row["users"], share)
    numbers = sorted({number for number, _ in found})
    none = (0, Share(0, 0))
    return [
        Tenth(n, touched[0] + holdout[0], touched[1], holdout[1])
        for n in numbers
        for touched, holdout in [(found.get((n, "touched"), none), found.get((n, "holdout"), none))]
    ]


def _row(
    ranking: str,
    metric: str,
    part: str,
    cut: Sequence[Tenth],
    effect: Effect | None,
    *,
    share: float | None = None,
    reason: str | None = None,
) -> Row:
    if effect is not None and effect.estimate and not effect.standard_error:
        effect, reason = None, ALL_THE_SAME
    numbers = {name: None if effect is None else _plain(getattr(effect, name)) for name in ("estimate", "low", "high")}
    return {
        **{"ranking": ranking, "metric": metric, "part": part, "share_touched": share, **numbers},
        "n_treatment": int(sum(tenth.touched.users for tenth in cut)),
        "n_control": int(sum(tenth.holdout.users for tenth in cut)),
        "p_value": None if effect is None else _plain(effect.p_value),
        "status": "not_estimable" if effect is None else "estimated",
        "reason": reason,
    }


def _scaled(effect: Effect, share: float) -> Effect:
    """A share of the users by lot gains that share of the whole effect."""
    return effect._replace(estimate=share * effect.estimate, low=share * effect.low, high=share * effect.high)


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)


def _points(row: Mapping[str, Any]) -> str:
    point, low, high = (f"{100 * row[name]:+.2f}" for name in ("estimate", "low", "high"))
    return f"{point} points ({low} to {high})"
