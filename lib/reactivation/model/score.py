"""A fitted model over features: one raw score and one probability per row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.ml import PipelineModel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError
from reactivation.model.lift_rows import POLICY, SERVED_CELL
from reactivation.model.pipeline import PREDICTION, probability, raw_score
from reactivation.model.reasons import explained, with_reasons
from reactivation.model.settings import HYPERPARAMETERS

LEARNT = "lift"
"""Column of a user's learnt lift."""
UPLIFT = "active_uplift"
"""Its model, by which `scores` names version and reasons."""


@dataclass(frozen=True)
class Scorer:
    """A model that is there already: its registered version, its pipeline, and the features of its signature.

    judged_on: the month by which its gate judged it; None: not known, or not asked for. calibration_reach: of a lift,
    how far the interval of its calibration's slope reaches to either side, as a share of the slope.
    """

    version: str
    model: PipelineModel
    features: tuple[str, ...]
    judged_on: str | None = None
    calibration_reach: float = 0.0

    def is_refitted_by(self, model: PipelineModel, features: Iterable[str]) -> bool:
        """True where another model's trees read the same features and grew by the same hyperparameters."""
        return set(features) == set(self.features) and _growth(model) == _growth(self.model)


def _growth(model: PipelineModel) -> set[tuple[Any, ...]]:
    """The hyperparameters of each kind of boosted trees in a pipeline."""
    boosted = [stage for stage in model.stages if stage.hasParam("maxIter") and stage.hasParam("maxDepth")]
    return {tuple(stage.getOrDefault(name) for name in HYPERPARAMETERS) for stage in boosted}


def score_users(
    features: DataFrame, scorers: Mapping[str, Scorer | None], *, reasons: bool, lift: Scorer | None = None
) -> DataFrame:
    """Rows of `scores` for the rows of features; of a model that is not there (None), score and version are null.

    Grain and key: cycle, user_id. The models look at the same rows one after the other, so nothing is joined. reasons:
    say what moved each score and lift; else reasons are null. lift: says how much each would be moved as a user of the
    cell `model`; without it `lift_active` is null.
    """
    scored, given = features, {target: scorer for target, scorer in scorers.items() if scorer is not None}
    every = given if lift is None else {**given, UPLIFT: lift}
    models = {target: explained(scorer.model) for target, scorer in every.items()} if reasons else {}
    for target, scorer in given.items():
        beside = models[target].beside(target) if reasons else []
        scored = score(scorer.model, scored, features=scorer.features, keep=scored.columns, beside=beside)
        scored = scored.withColumnsRenamed({"raw": f"raw_{target}", "p": f"p_{target}"})
        scored = scored.withColumn(f"{target}_version", F.lit(scorer.version))
    if lift is not None:
        read = scored.withColumn(POLICY, F.lit(SERVED_CELL))
        beside = models[UPLIFT].beside(UPLIFT) if reasons else []
        scored = lifts(lift.model, read, features=lift.features, keep=scored.columns, beside=beside)
        named = {"lift_active": F.col(LEARNT), f"{UPLIFT}_version": F.lit(lift.version)}
        scored = scored.withColumns(named).drop(LEARNT)
    if models:
        scored = with_reasons(scored.drop(*[n for n in features.columns if n not in derived.SCORES.key]), models)
    missing = [name for name in derived.SCORES.column_names if name not in scored.columns]
    return derived.SCORES.select(scored.withColumns({name: F.lit(None) for name in missing}))


def score(
    model: PipelineModel,
    rows: DataFrame,
    *,
    features: Sequence[str],
    keep: Sequence[str],
    beside: Sequence[Column] = (),
) -> DataFrame:
    """The columns to keep, and `raw` (log-odds by the trees; ranks) and `p` (calibrated probability).

    features: what the model was fitted on, by its own signature; ModelError lists those that the rows lack. beside:
    what else of the pipeline's columns is kept.
    """
    found = _transformed(model, rows, features=features, keep=keep)
    return found.select(*keep, raw_score(), probability(), *beside)


def lifts(
    model: PipelineModel,
    rows: DataFrame,
    *,
    features: Sequence[str],
    keep: Sequence[str],
    beside: Sequence[Column] = (),
) -> DataFrame:
    """The columns to keep, and `lift`: what a month open to contact adds to the user's P(active), calibrated.

    rows: with the cell, which such a model reads as well. beside: as for `score`.
    """
    found = _transformed(model, rows, features=features, keep=keep)
    return found.select(*keep, F.col(PREDICTION).alias(LEARNT), *beside)


def _transformed(model: PipelineModel, rows: DataFrame, *, features: Sequence[str], keep: Sequence[str]) -> DataFrame:
    missing = missing_features(rows, features)
    if missing:
        advice = "this model was trained with it: build the features as then, or train and approve a new version"
        raise ModelError(
            f"the model needs {len(missing)} features that are not there",
            [Finding("missing", n, advice) for n in missing],
        )
    return model.transform(rows.select(*dict.fromkeys([*keep, *features])))


def missing_features(rows: DataFrame, features: Sequence[str]) -> list[str]:
    """Features that the rows do not have."""
    return [name for name in features if name not in rows.columns]
