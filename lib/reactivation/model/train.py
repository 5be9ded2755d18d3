"""Train one model and judge it: sample, fit, calibrate, test out of time, gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding, ModelError
from reactivation.frames import checkpointed
from reactivation.model import evaluate, gate, pipeline
from reactivation.model.evaluate import POPULATIONS, Quality
from reactivation.model.examples import (
    KEYS,
    LABEL,
    SPLIT,
    WEIGHT,
    Months,
    arranged,
    feature_names,
    left_alone,
    plain,
    split,
)
from reactivation.model.gate import Gate
from reactivation.model.paired import Paired
from reactivation.model.pipeline import Fitted
from reactivation.model.score import Scorer, missing_features, score
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
    against_base_rate: Paired
    against_champion: Paired | None
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
    examples: DataFrame, *, months: Months, salt: str, settings: ModelSettings, champion: Scorer | None = None
) -> Trained:
    """Train on the training months, judge on the test month; ModelError says why where nothing can be trained.

    examples: see the front door `examples`; months that are not in `months` are not looked at. salt: names the draw of
    sample and split. champion: the present one, judged on the same rows.
    """
    features, examples = feature_names(examples), plain(examples)
    rows, share = training_rows(examples, months=months, salt=salt, settings=settings)
    rows = rows.persist()
    test = examples.where(F.col("cycle") == str(months.test))
    try:
        counts, base_rate = _checked(rows, months, settings)
        fitted = pipeline.fit(rows, features=features, settings=settings)
    finally:
        rows.unpersist()
    return _judged(fitted, test, counts=counts, share=share, base_rate=base_rate, settings=settings, champion=champion)


def training_rows(
    examples: DataFrame, *, months: Months, salt: str, settings: ModelSettings
) -> tuple[DataFrame, float]:
    """Sampled rows of the training months, split and arranged, and the share of the users they are."""
    past = examples.where(F.col("cycle").isin([str(month) for month in months.train]))
    rows, share = _sampled(past, salt, settings)
    return arranged(rows, settings), share


def _sampled(past: DataFrame, salt: str, settings: ModelSettings) -> tuple[DataFrame, float]:
    """Training rows with their use, and the share of users kept so that about `max_rows` remain."""
    whole = split(past, share=1.0, salt=salt, settings=settings)
    count = whole.count()
    share = min(1.0, settings.max_rows / count) if count else 1.0
    return (whole, 1.0) if share == 1.0 else (split(past, share=share, salt=salt, settings=settings), share)


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
) -> Trained:
    keep = [*KEYS, LABEL, WEIGHT]
    scored = score(fitted.model, test, features=fitted.features, keep=keep).persist()
    try:
        quality = by_population(scored, settings)
        low = scored.where(POPULATIONS["low_activity"])
        level = settings.gate.confidence
        base = evaluate.against_base_rate(low, base_rate=base_rate, confidence=level)
        other, notes = _champions(champion, test, keep)
        rival = evaluate.against(low, other, confidence=level) if other is not None else None
    finally:
        scored.unpersist()
    decision = gate.decide(
        test=quality["low_activity"],
        slope=fitted.slope,
        against_base_rate=base,
        against_champion=rival,
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
        notes=tuple(notes),
    )


def qualities(
    examples: DataFrame, scorer: Scorer, *, settings: ModelSettings, untouched: DataFrame | None = None
) -> dict[str, Quality]:
    """Figures of a model that is there already on examples it has not seen, by population, each user counted once.

    untouched: see `left_alone`; the low-active left alone are the population `untouched`, weighted, with the slope of
    the calibration. None where nobody was drawn.
    """
    scored = score(scorer.model, plain(examples), features=scorer.features, keep=[*KEYS, LABEL, WEIGHT]).persist()
    try:
        found = by_population(scored, settings)
        if untouched is not None:
            alone = checkpointed(left_alone(scored.where(POPULATIONS["low_activity"]), untouched))
            found["untouched"] = evaluate.quality(
                alone, deciles=settings.deciles, bins=settings.calibration_bins, with_slope=True
            )
        return found
    finally:
        scored.unpersist()


def by_population(scored: DataFrame, settings: ModelSettings) -> dict[str, Quality]:
    """Figures of scored rows, for each of `POPULATIONS`. Persist the rows: several passes go over them."""
    return {
        name: evaluate.quality(scored.where(who), deciles=settings.deciles, bins=settings.calibration_bins)
        for name, who in POPULATIONS.items()
    }


def _champions(champion: Scorer | None, test: DataFrame, keep: Sequence[str]) -> tuple[DataFrame | None, list[str]]:
    """The champion's scores of the same rows; none where there is no champion, or where it lacks features by now."""
    if champion is None:
        return None, []
    missing = missing_features(test, champion.features)
    if missing:
        named = f"{', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
        return None, [f"champion {champion.version} cannot score these rows any more: they lack {named}"]
    return score(champion.model, test, features=champion.features, keep=keep), []
