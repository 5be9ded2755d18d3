"""The populations that a model is judged on, and its figures on examples it has not seen."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.model import evaluate
from reactivation.model.evaluate import POPULATIONS, Population, Quality
from reactivation.model.examples import KEYS, LABEL, WEIGHT, WEIGHT_ALONE, plain, with_weight_alone
from reactivation.model.score import Scorer, score
from reactivation.model.settings import ModelSettings


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
