"""Train one model and judge it: sample, fit, calibrate, test out of time, gate."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.model import evaluate, fitting, gate
from reactivation.model.card_settings import CardSettings
from reactivation.model.comparison import P_CHAMPION, with_champion
from reactivation.model.evaluate import POPULATIONS
from reactivation.model.examples import (
    KEYS,
    LABEL,
    WEIGHT,
    Months,
    chosen_features,
    plain,
)
from reactivation.model.pipeline import Fitted
from reactivation.model.populations import by_population
from reactivation.model.score import Scorer, score
from reactivation.model.score_table import PREFIX, ScoreTable, group_columns, score_table
from reactivation.model.settings import ModelSettings
from reactivation.model.trained import Trained


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
    rivals: Mapping[str, int] = gate.NONE_BEFORE,
) -> Trained:
    """Train on the training months, judge on the test month; ModelError says why where nothing can be trained.

    examples: see the front door `examples`; months that are not in `months` are not looked at. salt: names the draw of
    sample and split. champion: the present one, judged on the same rows. not_compared: why there is one that cannot be
    given here. at_most: examples there can be, where that is known: where it is not above `max_rows`, nobody counts
    them to draw a sample. card: counts the test month by group as well, one query more. facts: user_id and what is
    known beside the features of users of the test month, for its groups. rivals: by test month, versions of other
    recipes than the champion's that it has judged already.
    """
    features, examples = chosen_features(examples, settings), plain(examples)
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
        counted=None if card is None else _Counted(card, facts),
        rivals=rivals.get(str(months.test), 0),
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
    counted: _Counted | None,
    rivals: int,
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
    is_refit = champion is None or champion.is_refitted_by(fitted.model, fitted.features)
    decision = gate.decide(
        test=quality["low_activity"],
        slope=fitted.slope,
        against_base_rate=base,
        against_champion=rival,
        not_compared=not_compared,
        recipe=gate.Recipe.of(is_refit=is_refit, rivals=rivals),
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
