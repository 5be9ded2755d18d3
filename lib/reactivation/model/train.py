"""Train one model and judge it: sample, fit, calibrate, test out of time, gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding, ModelError
from reactivation.model import evaluate, gate, pipeline
from reactivation.model.comparison import P_CHAMPION, with_champion
from reactivation.model.evaluate import POPULATIONS, Population, Quality
from reactivation.model.examples import (
    KEYS,
    LABEL,
    SPLIT,
    WEIGHT,
    WEIGHT_ALONE,
    Months,
    arranged,
    feature_names,
    plain,
    split,
    with_weight_alone,
)
from reactivation.model.gate import Gate
from reactivation.model.paired import LossDifference
from reactivation.model.pipeline import Fitted
from reactivation.model.score import Scorer, score
from reactivation.model.settings import ModelSettings

USES = ("fit", "validate", "calibrate")


@dataclass(frozen=True)
class Trained:
    """A fitted model with all that the gate stands on.

    rows: training rows by use. sample_share: share of the users that were used. base_rate: share of label 1 among the
    low-active rows of the training months, weighted as the training is. quality: on the test month, by population.
    """

    fitted: Fitted
    rows: dict[str, int]
    sample_share: float
    base_rate: float
    quality: dict[str, Quality]
    against_base_rate: LossDifference
    against_champion: LossDifference | None
    champion_version: str | None
    gate: Gate
    notes: tuple[str, ...]

    @property
    def evidence(self) -> dict[str, Any]:
        """What the decision stands on, as plain values for the ledger."""
        figures = {name: q.figures | ({"reason": q.reason} if q.reason else {}) for name, q in self.quality.items()}
        return {
            "test": figures,
            "rows": self.rows,
            "base_rate_train": self.base_rate,
            "calibration_slope": self.fitted.slope,
            "log_loss_against_base_rate": self.against_base_rate._asdict(),
            "log_loss_against_champion": self.against_champion._asdict() if self.against_champion else None,
            "champion_version": self.champion_version,
            "notes": list(self.notes),
        }

    @property
    def metrics(self) -> dict[str, float]:
        """All figures that are there, by flat names such as `low_activity_auc`."""
        figures = {f"{group}_{name}": value for group, q in self.quality.items() for name, value in q.figures.items()}
        others: dict[str, float | None] = {
            "sample_share": self.sample_share,
            "trees": self.fitted.trees,
            "calibration_slope": self.fitted.slope,
            "calibration_intercept": self.fitted.intercept,
            "base_rate_train": self.base_rate,
            **{f"rows_{use}": count for use, count in self.rows.items()},
        }
        for name, paired in (("base_rate", self.against_base_rate), ("champion", self.against_champion)):
            if paired is not None:
                ends = {"mean": paired.mean, "low": paired.low, "high": paired.high}
                others |= {f"log_loss_against_{name}_{end}": value for end, value in ends.items()}
        return {name: float(value) for name, value in {**figures, **others}.items() if value is not None}


def train(
    examples: DataFrame,
    *,
    months: Months,
    salt: str,
    settings: ModelSettings,
    champion: Scorer | None = None,
    not_compared: str | None = None,
    at_most: int | None = None,
) -> Trained:
    """Train on the training months, judge on the test month; ModelError says why where nothing can be trained.

    examples: see the front door `examples`; months that are not in `months` are not looked at. salt: names the draw of
    sample and split. champion: the present one, judged on the same rows. not_compared: why there is one that cannot be
    given here. at_most: examples there can be, where that is known: where it is not above `max_rows`, nobody counts
    them to draw a sample.
    """
    features, examples = feature_names(examples), plain(examples)
    rows, share = training_rows(examples, months=months, salt=salt, settings=settings, at_most=at_most)
    rows = rows.persist()
    test = examples.where(F.col("cycle") == str(months.test))
    try:
        counts, base_rate = _checked(rows, months, settings)
        fitted = pipeline.fit(rows, features=features, settings=settings)
    finally:
        rows.unpersist()
    return _judged(
        fitted,
        test,
        counts=counts,
        share=share,
        base_rate=base_rate,
        settings=settings,
        champion=champion,
        not_compared=not_compared,
    )


def training_rows(
    examples: DataFrame, *, months: Months, salt: str, settings: ModelSettings, at_most: int | None = None
) -> tuple[DataFrame, float]:
    """Sampled rows of the training months, split and arranged, and the share of the users they are.

    The share is such that about `max_rows` remain. at_most: as in `train`.
    """
    past = examples.where(F.col("cycle").isin([str(month) for month in months.train]))
    rows, share = split(past, share=1.0, salt=salt, settings=settings), 1.0
    count = at_most if at_most is not None and at_most <= settings.max_rows else rows.count()
    if count > settings.max_rows:
        share = settings.max_rows / count
        rows = split(past, share=share, salt=salt, settings=settings)
    return arranged(rows, settings), share


def _checked(rows: DataFrame, months: Months, settings: ModelSettings) -> tuple[dict[str, int], float]:
    """Rows by use, and the base rate of the low-active; ModelError where a use lacks rows or one of the two classes."""
    is_low = F.col("is_low_activity")
    groups = rows.groupBy(SPLIT).agg(
        F.count(LABEL).alias("n"),
        F.sum(LABEL).alias("positives"),
        F.sum(F.when(is_low, F.col(WEIGHT))).alias("weight_low"),
        F.sum(F.when(is_low, F.col(LABEL) * F.col(WEIGHT))).alias("positives_low"),
    )
    found = {row[SPLIT]: row for row in groups.collect()}
    wrong = []
    for use in USES:
        least = 1 if use == "validate" else settings.min_rows
        n, positives = (found[use].n, int(found[use].positives)) if use in found else (0, 0)
        if n < least:
            wrong.append(Finding("too few", use, f"{n} rows, at least {least} are needed"))
        elif use != "validate" and positives in (0, n):
            wrong.append(Finding("one class", use, f"all {n} labels are {int(positives > 0)}: nothing to tell apart"))
    if wrong:
        raise ModelError(f"nothing can be trained on {months.train[0]} to {months.train[-1]}", wrong)
    base_rate = sum(r.positives_low or 0 for r in found.values()) / sum(r.weight_low or 0 for r in found.values())
    return {use: int(found[use].n) for use in USES}, base_rate


def _judged(
    fitted: Fitted,
    test: DataFrame,
    *,
    counts: Mapping[str, int],
    share: float,
    base_rate: float,
    settings: ModelSettings,
    champion: Scorer | None,
    not_compared: str | None,
) -> Trained:
    others = {"base_rate": F.lit(base_rate)}
    if champion is not None:
        test, not_compared = with_champion(test, champion)
    if P_CHAMPION in test.columns:
        others["champion"] = F.col(P_CHAMPION)
    keep = [*KEYS, LABEL, WEIGHT, *(name for name in [P_CHAMPION] if name in test.columns)]
    scored = score(fitted.model, test, features=fitted.features, keep=keep).persist()
    try:
        quality = by_population(scored, settings)
        low = scored.where(POPULATIONS["low_activity"])
        paired = evaluate.against(low, others, confidence=settings.gate.confidence)
    finally:
        scored.unpersist()
    base, rival = paired["base_rate"], paired.get("champion")
    decision = gate.decide(
        test=quality["low_activity"],
        slope=fitted.slope,
        against_base_rate=base,
        against_champion=rival,
        not_compared=not_compared,
        settings=settings.gate,
    )
    return Trained(
        fitted=fitted,
        rows=dict(counts),
        sample_share=share,
        base_rate=base_rate,
        quality=quality,
        against_base_rate=base,
        against_champion=rival,
        champion_version=champion.version if champion else None,
        gate=decision,
        notes=() if not_compared is None else (not_compared,),
    )


def qualities(
    examples: DataFrame, scorer: Scorer, *, settings: ModelSettings, untouched: DataFrame | None = None
) -> dict[str, Quality]:
    """Figures of a model that is there already on examples it has not seen, by population, each user counted once.

    untouched: see `with_weight_alone`; the low-active left alone are the population `untouched`, weighted, with the
    slope of the calibration. None where nobody was drawn.
    """
    keep = [*KEYS, LABEL, WEIGHT]
    scored, others = score(scorer.model, plain(examples), features=scorer.features, keep=keep), {}
    if untouched is not None:
        scored = with_weight_alone(scored, untouched)
        is_alone = F.expr(POPULATIONS["low_activity"]) & F.col(WEIGHT_ALONE).isNotNull()
        others = {"untouched": Population(is_alone, F.col(WEIGHT_ALONE))}
    scored = scored.persist()
    try:
        return by_population(scored, settings, others=others)
    finally:
        scored.unpersist()


def by_population(
    scored: DataFrame, settings: ModelSettings, *, others: Mapping[str, Population] | None = None
) -> dict[str, Quality]:
    """Figures of scored rows, for each of `POPULATIONS` and some others, these with the slope of the calibration.

    Persist the rows: several passes go over them.
    """
    usual = {name: Population(F.expr(who), F.col(WEIGHT)) for name, who in POPULATIONS.items()}
    more = others or {}
    return evaluate.qualities(
        scored, {**usual, **more}, deciles=settings.deciles, bins=settings.calibration_bins, slope_of=[*more]
    )
