"""Train one model and judge it: sample, fit, calibrate, test out of time, gate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.model import evaluate, fitting, gate
from reactivation.model.comparison import P_CHAMPION, with_champion
from reactivation.model.evaluate import POPULATIONS, Population, Quality
from reactivation.model.examples import (
    KEYS,
    LABEL,
    WEIGHT,
    WEIGHT_ALONE,
    Months,
    feature_names,
    plain,
    with_weight_alone,
)
from reactivation.model.gate import Gate
from reactivation.model.paired import LossDifference
from reactivation.model.pipeline import Fitted
from reactivation.model.score import Scorer, score
from reactivation.model.settings import ModelSettings
from reactivation.periods import Month


@dataclass(frozen=True)
class Trained:
    """A fitted model with all that the gate stands on.

    rows: training rows by use. sample_share: share of the users that were used. base_rate: share of label 1 among the
    low-active rows of the training months, weighted as the training is. quality: on the test month, by population.
    refitted: the same recipe on `refit_months`, the test month among them, where conf asks for it and the gate was
    passed; nothing of it is judged.
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
    refitted: Fitted | None = None
    refit_months: tuple[Month, ...] = ()

    @property
    def served(self) -> Fitted:
        """The fit that scores users."""
        return self.refitted or self.fitted

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
            **({"refit_months": [str(month) for month in self.refit_months]} if self.refitted else {}),
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
    how: dict[str, Any] = {"features": features, "salt": salt, "settings": settings, "at_most": at_most}
    fitted, share, counts, base_rate = fitting.fitted(examples, months=months, **how)
    test = examples.where(F.col("cycle") == str(months.test))
    judged = _judged(
        fitted,
        test,
        counts=counts,
        share=share,
        base_rate=base_rate,
        settings=settings,
        champion=champion,
        not_compared=not_compared,
    )
    if not settings.refit or not judged.gate.is_ready:
        return judged
    newest = Months(months.all[-settings.train_months :], months.test)
    refitted, *_ = fitting.fitted(examples, months=newest, **how)
    if refitted.slope <= 0:
        return replace(judged, notes=(*judged.notes, "not refitted: with the test month its calibration has no slope"))
    return replace(judged, refitted=refitted, refit_months=newest.train)


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
