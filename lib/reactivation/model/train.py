"""Train one model and judge it: sample, fit, calibrate, test out of time, gate."""

from collections.abc import Mapping
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding, ModelError
from reactivation.model import evaluate, gate, pipeline
from reactivation.model.card_settings import CardSettings
from reactivation.model.comparison import P_CHAMPION, with_champion
from reactivation.model.evaluate import POPULATIONS
from reactivation.model.examples import (
    KEYS,
    LABEL,
    SPLIT,
    WEIGHT,
    Months,
    arranged,
    chosen_features,
    plain,
    split,
)
from reactivation.model.pipeline import Fitted
from reactivation.model.populations import by_population
from reactivation.model.score import Scorer, score
from reactivation.model.score_table import PREFIX, ScoreTable, group_columns, score_table
from reactivation.model.settings import ModelSettings
from reactivation.model.trained import Trained

USES = ("fit", "validate", "calibrate")


class _Counted(NamedTuple):
    """How the test month is counted for a card. facts: as in `train`."""

    card: CardSettings
    facts: DataFrame | None

    def sources(self, test: DataFrame) -> list[str]:
        """Columns of the test month that part users, to be kept beside their scores."""
        return [group.column for group in self.card.groups.values() if group.column in test.columns]

    def of(self, scored: DataFrame) -> ScoreTable:
        """The counts. What is known beside the features is joined to scores, which are narrow."""
        if self.facts is not None:
            news = [name for name in self.facts.columns if name not in scored.columns]
            scored = scored.join(self.facts.select("user_id", *news), "user_id", "left")
        parts = {f"{PREFIX}{name}": column for name, column in group_columns(scored, self.card.groups).items()}
        missing = [name for name in self.card.groups if f"{PREFIX}{name}" not in parts]
        rows = scored.withColumns(parts)
        return score_table(rows, dimensions=list(parts), missing=missing, most=self.card.most_groups)


def train(
    examples: DataFrame,
    *,
    months: Months,
    salt: str,
    settings: ModelSettings,
    champion: Scorer | None = None,
    not_compared: str | None = None,
    at_most: int | None = None,
    card: CardSettings | None = None,
    facts: DataFrame | None = None,
) -> Trained:
    """Train on the training months, judge on the test month; ModelError says why where nothing can be trained.

    examples: see the front door `examples`; months that are not in `months` are not looked at. salt: names the draw of
    sample and split. champion: the present one, judged on the same rows. not_compared: why there is one that cannot be
    given here. at_most: examples there can be, where that is known: where it is not above `max_rows`, nobody counts
    them to draw a sample. card: counts the test month by group as well, one query more. facts: user_id and what is
    known beside the features of users of the test month, for its groups.
    """
    features, examples = chosen_features(examples, settings), plain(examples)
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
        counted=None if card is None else _Counted(card, facts),
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
    counted: _Counted | None,
) -> Trained:
    others = {"base_rate": F.lit(base_rate)}
    if champion is not None:
        test, not_compared = with_champion(test, champion)
    if P_CHAMPION in test.columns:
        others["champion"] = F.col(P_CHAMPION)
    beside = [*(name for name in [P_CHAMPION] if name in test.columns), *(counted.sources(test) if counted else [])]
    keep = list(dict.fromkeys([*KEYS, LABEL, WEIGHT, *beside]))
    scored = score(fitted.model, test, features=fitted.features, keep=keep).persist()
    try:
        quality = by_population(scored, settings)
        low = scored.where(POPULATIONS["low_activity"])
        paired = evaluate.against(low, others, confidence=settings.gate.confidence)
        table = None if counted is None else counted.of(scored)
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
        counts=table,
    )
