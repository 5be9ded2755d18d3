"""Targeting quality of a month: rankings judged among the users whom the random cell picked, at random."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.contracts.derived import policies_in
from reactivation.experiment.analysis import AnalysisRequest, Row
from reactivation.experiment.groups import Group, total
from reactivation.experiment.metrics import share
from reactivation.periods import Month
from reactivation.statistics.means import Effect
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import Said, columns, said
from reactivation.statistics.uplift_curves import (
    ALL_THE_SAME,
    RANDOM,
    Decile,
    RankingQuality,
    better_than_lot,
    curve,
    nothing_varies,
    policy_value,
    quality,
    uplifts,
)

DECILES = 10
CELL = "random"
_SCORES = ("active", "asset_uplift")


def rankings(
    scores: DataFrame, features: DataFrame, *, rule_order: str, has_lift: bool = False
) -> dict[str, DataFrame]:
    """The orders to be judged, by name: both scores of the models, and the bank's own rule. user_id, score.

    has_lift: and users' own lifts, as they stood in the scores before the month, whether anything went by them or not.
    """
    columns = {f"model_{name}": f"raw_{name}" for name in _SCORES} | ({"model_lift": "lift_active"} if has_lift else {})
    by_model = {name: scores.select("user_id", F.col(column).alias("score")) for name, column in columns.items()}
    return {**by_model, "rule_order": features.select("user_id", F.expr(rule_order).alias("score"))}


def deciles(
    outcomes: DataFrame, arms: DataFrame, rankings: Mapping[str, DataFrame], *, metrics: Mapping[str, str]
) -> DataFrame:
    """Cut the random cell's picks into deciles by each ranking, 1 the highest, and count what they did.

    Grain and key: ranking, decile, touch; some sixty rows. Users of one decile were touched or held out at random,
    whatever their score. rankings: by name user_id, score; null last, equals at random. metrics: boolean columns of
    `outcomes` by name.
    """
    picked = arms.where((F.col("policy") == CELL) & F.col("is_selected") & F.col("touch").isin("touched", "holdout"))
    ordered = picked.select("user_id", "touch").join(outcomes.select("user_id", *metrics.values()), "user_id", "inner")
    for name, scores in rankings.items():
        ordered = ordered.join(
            scores.select("user_id", F.col("score").cast("double").alias(f"by_{name}")), "user_id", "left"
        )
    scored = [F.struct(F.lit(name).alias("ranking"), F.col(f"by_{name}").alias("score")) for name in rankings]
    long = ordered.withColumn("one", F.explode(F.array(*scored))).select("*", "one.*")
    # User numbers follow sign-up, and rules have many equal scores: ties are broken by a hash. Its salt is older than
    # the word "decile"; another salt would cut other deciles.
    by_lot = randomization.hashed("tenths"), F.col("user_id")
    highest_first = Window.partitionBy("ranking").orderBy(F.desc_nulls_last("score"), *by_lot)
    counts = [
        column
        for name, outcome in metrics.items()
        for column in (
            F.count(outcome).alias(f"known_{name}"),
            F.count_if(F.col(outcome)).alias(f"events_{name}"),
        )
    ]
    cut = long.withColumn("decile", F.ntile(DECILES).over(highest_first))
    return cut.groupBy("ranking", "decile", "touch").agg(F.count("*").alias("users"), *counts)


@dataclass(frozen=True)
class RankedUsers:
    """Users of the random cell's picks, cut by one ranking, and what they did on one metric.

    parts: the deciles, or the users whom a policy picks and the others. alpha: share of false alarms of each interval.
    """

    ranking: str
    metric: str
    parts: Sequence[Decile]
    alpha: float

    def row(self, part: str, effect: Effect | None, *, share: float | None = None, reason: Said | None = None) -> Row:
        """One row of `targeting` over all these users; without an effect it is not estimable, for the reason given."""
        if effect is not None and effect.estimate and not effect.standard_error:
            effect, reason = None, ALL_THE_SAME
        found = {} if effect is None else effect._asdict()
        numbers = {name: _plain(found.get(name)) for name in ("estimate", "low", "high", "p_value")}
        return {
            "ranking": self.ranking,
            "metric": self.metric,
            "part": part,
            "share_touched": share,
            "n_treatment": int(sum(part.touched.users for part in self.parts)),
            "n_control": int(sum(part.holdout.users for part in self.parts)),
            **numbers,
            "status": "not_estimable" if effect is None else "estimated",
            "reason": reason,
        }

    def not_estimable(self, parts: Iterable[str], reason: Said) -> list[Row]:
        """Rows that say why these parts cannot be had."""
        return [self.row(part, None, reason=reason) for part in parts]

    def by_decile(self, *, minimum_events: float) -> Iterator[Row]:
        """The effect within each decile."""
        found = uplifts(self.parts, alpha=self.alpha, minimum_events=minimum_events)
        for decile, seen in zip(self.parts, found, strict=True):
            yield {
                "ranking": self.ranking,
                "metric": self.metric,
                "part": f"tenth {decile.number}",
                "share_touched": None,
                "n_treatment": seen.n_treatment,
                "n_control": seen.n_control,
                "estimate": seen.difference,
                "low": seen.difference_low,
                "high": seen.difference_high,
                "p_value": seen.p_value,
                "status": seen.status,
                "reason": seen.reason,
            }

    def areas(self, found: RankingQuality) -> list[Row]:
        """The area under the uplift curve, and what of it a random ranking would not have (Qini)."""
        return [self.row("auuc", found.auuc), self.row("qini", found.qini)]

    def at_budget(self, budget: float) -> list[Row]:
        """What touching the first `budget` of the users gains, and how much more than touching as many at random."""
        value = policy_value(self.parts, touched_share=budget, alpha=self.alpha)
        more = better_than_lot(self.parts, touched_share=budget, alpha=self.alpha)
        return [self.row("value", value, share=budget), self.row("better", more, share=budget)]

    def by_lot(self, budget: float) -> Row:
        """What touching `budget` of the users at random gains: that share of the whole effect."""
        whole = policy_value(self.parts, touched_share=1.0, alpha=self.alpha)
        gained = whole._replace(estimate=budget * whole.estimate, low=budget * whole.low, high=budget * whole.high)
        return self.row("value", gained, share=budget)

    def curve(self) -> list[Row]:
        """What is gained as decile after decile is touched."""
        found = curve(self.parts, alpha=self.alpha)
        return [
            self.row(f"curve {number}", gain, share=touched) for number, (touched, gain) in enumerate(found, start=1)
        ]


def targeting(
    rows: Iterable[Mapping[str, Any]],
    groups: Sequence[Group],
    *,
    cycle: Month,
    budget_share: float,
    request: AnalysisRequest,
) -> list[Row]:
    """Each ranking on each metric as rows of `targeting`, beside them a random ranking, and the policies as they are.

    rows: those of `deciles`. groups: those of the read-out. budget_share: share of the contactable users whom a policy
    really picks. Withheld where the touch effect of the random cell is.
    """
    known, alpha = list(rows), request.level.alpha
    found: list[Row] = []
    for metric in request.specs.shares:
        names = sorted({row["ranking"] for row in known})
        ranked = [RankedUsers(name, metric.name, _deciles(known, name, metric.name), alpha) for name in names]
        found += _of_rankings(ranked, budget_share, minimum_events=request.settings.minimum_expected_events)
        found += _of_policies(groups, metric.name, alpha=alpha)
    place, withheld = {"cycle": str(cycle)}, request.withheld.get(f"touch_{CELL}")
    hidden = {"estimate": None, "low": None, "high": None, "p_value": None, "status": "withheld", "reason": withheld}
    shown = [{**place, **row, **(hidden if withheld and row["status"] == "estimated" else {})} for row in found]
    return [{**row, "reason": row["reason"] and str(row["reason"]), **columns(row["reason"])} for row in shown]


def _of_rankings(ranked: Sequence[RankedUsers], budget: float, *, minimum_events: float) -> Iterator[Row]:
    """Rows of all rankings on one metric: deciles, areas, what a budget gains, curves; and of a random ranking."""
    for one in ranked:
        yield from one.by_decile(minimum_events=minimum_events)
    judged = quality({one.ranking: one.parts for one in ranked}, alpha=ranked[0].alpha if ranked else 0.0)
    if isinstance(judged, str):
        for one in ranked:
            yield from one.not_estimable(("auuc", "qini", "value", "better"), judged)
        return
    for one, found in zip(ranked, judged[:-1], strict=True):
        yield from (*one.areas(found), *one.at_budget(budget), *one.curve())
    lot = RankedUsers(RANDOM, ranked[0].metric, ranked[0].parts, ranked[0].alpha)
    yield from (*lot.areas(judged[-1]), lot.by_lot(budget))


def _of_policies(groups: Sequence[Group], metric: str, *, alpha: float) -> Iterator[Row]:
    """What each policy gains with the users it would really pick, per user, judged among the random cell's picks."""
    random = [group for group in groups if group.policy == CELL and group.is_selected]
    for policy in policies_in({group.policy for group in groups}):
        if policy == CELL:
            continue
        picked = [group for group in random if policy in group.picked_by]
        others = [group for group in random if policy not in group.picked_by]
        cut = [_part(1, picked, metric), _part(2, others, metric)]
        ranked = RankedUsers(f"policy {policy}", metric, cut, alpha)
        if not all(side.users for part in cut for side in (part.touched, part.holdout)):
            told = "nobody touched, or nobody held out, among the picked or the others"
            reason: Said | None = said("empty_parts", told)
        else:
            reason = nothing_varies(cut)
        if reason is not None:
            yield from ranked.not_estimable(("value", "better"), reason)
        else:
            yield from ranked.at_budget(cut[0].users / (cut[0].users + cut[1].users))


def _part(number: int, groups: Sequence[Group], metric: str) -> Decile:
    """Users touched or held out, and both as shares."""
    touched, holdout = (total(group for group in groups if group.touch == touch) for touch in ("touched", "holdout"))
    users = int(touched.of("users") + holdout.of("users"))
    return Decile(number, users, share(touched, metric), share(holdout, metric))


def _deciles(rows: Sequence[Mapping[str, Any]], ranking: str, metric: str) -> list[Decile]:
    """The deciles of one ranking on one metric, the highest first."""
    found: dict[int, dict[str, tuple[int, Share]]] = {}
    for row in rows:
        if row["ranking"] == ranking:
            counted = (row["users"], Share(row[f"events_{metric}"], row[f"known_{metric}"]))
            found.setdefault(row["decile"], {})[row["touch"]] = counted
    none = (0, Share(0, 0))
    return [
        Decile(number, touched[0] + holdout[0], touched[1], holdout[1])
        for number, sides in sorted(found.items())
        for touched, holdout in [(sides.get("touched", none), sides.get("holdout", none))]
    ]


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)
