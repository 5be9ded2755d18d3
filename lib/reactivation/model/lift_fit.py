"""The model of a lift: pseudo-outcomes by recorded propensities, cross-fitted by user, regressed by boosted trees.

    features and cell ─► one vector ─► trees of the lift ─► straight line of the calibration month ─► `prediction`

One plain PipelineModel, as the other models are. Users are cut into thirds by hash, all months of a user in one of
them: two thirds foretell each other's outcomes, and the last one, unseen by any tree, chooses between the learners.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

from pyspark.ml import PipelineModel, Transformer
from pyspark.ml.feature import SQLTransformer
from pyspark.ml.regression import GBTRegressor
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.frames import checkpointed
from reactivation.model.examples import LABEL, arranged
from reactivation.model.lift_rows import IS_TREATED, POLICY, PROPENSITY, LiftMonths
from reactivation.model.pipeline import PREDICTION, VECTOR, preparation
from reactivation.model.settings import GrowthSettings, ModelSettings

LIFT, PSEUDO, FOLD = "model_lift", "pseudo_outcome", "fold"
CHOOSES = "choose"
FOLDS = ("first", "second", CHOOSES)
DOUBLY_ROBUST, TWO_MODELS = "doubly robust", "two models"
_SIDES = {"touched": 1.0, "held_out": 0.0}
WEIGHTS = {LIFT: 1.0, "model_touched": 1.0, "model_held_out": -1.0}
"""By the prediction of a regressor's trees: what they count for in the lift."""
_DIGITS = 9
"""Of a line; further ones depend on the order in which a cluster adds up rows."""


class Line(NamedTuple):
    """Least squares of pseudo-outcomes on lifts. low, high: of the slope; slope None where all lifts are alike."""

    rows: int
    mean: float
    intercept: float
    slope: float | None
    low: float | None
    high: float | None


class FittedLift(NamedTuple):
    """A fitted pipeline from features and cell to `prediction`, the calibrated lift.

    outcomes: what is expected of users of any month on either side, for their pseudo-outcomes. risks: squared error of
    each learner on the users that no tree has seen; learner: the one with the smaller. calibration: on its month.
    """

    model: PipelineModel
    features: tuple[str, ...]
    outcomes: PipelineModel
    learner: str
    risks: dict[str, float]
    calibration: Line


def pseudo_outcome(outcome: Any, is_treated: Any, propensity: Any, *, touched: Any, held_out: Any) -> Any:
    """An outcome whose mean, among users alike, is their lift, whatever is expected of the two sides.

    That needs the probability of the draw, which is recorded and never estimated; good expectations (touched, held_out:
    what the user would do on either side) only make it less noisy. Columns, numbers or arrays.

    References: Robins, Rotnitzky and Zhao, JASA 89 (1994); Kennedy, Electronic Journal of Statistics 17 (2023).
    """
    own = is_treated * touched + (1 - is_treated) * held_out
    weight = (is_treated - propensity) / (propensity * (1 - propensity))
    return touched - held_out + weight * (outcome - own)


def fold(salt: str) -> Column:
    """Third of the users, for good: `first`, `second` or `choose`."""
    return randomization.draw(randomization.bucket(f"{salt}|lift"), dict.fromkeys(FOLDS, 1 / len(FOLDS)))


def fit(
    rows: DataFrame, *, months: LiftMonths, features: Sequence[str], settings: ModelSettings, confidence: float
) -> FittedLift:
    """Fit on the training months, choose among learners there, calibrate on the month after them.

    rows: of `month_lift`, with the user's `fold`; of other months nothing is looked at.
    """
    read, trees, seed = (*features, POLICY), settings.lift.trees, settings.seed
    past = arranged(rows.where(F.col("cycle").isin([str(month) for month in months.train])), settings)
    prepared_by = PipelineModel([*preparation(past, read, settings)])
    ready = checkpointed(prepared_by.transform(past).select(VECTOR, LABEL, IS_TREATED, PROPENSITY, FOLD))
    halves = [ready.where(F.col(FOLD) == name) for name in FOLDS[:2]]
    with ThreadPoolExecutor(2) as pool:  # small jobs leave cores idle
        expected = list(pool.map(lambda half: _two_models(half, trees, seed), halves))
    both = [stage for half, two in zip(FOLDS, expected, strict=False) for stage in _renamed(two, half)]
    learnt = checkpointed(with_pseudo_outcomes(ready, PipelineModel(both)))
    seen, unseen = learnt.where(F.col(FOLD) != CHOOSES), learnt.where(F.col(FOLD) == CHOOSES)
    risks = {name: _risk(PipelineModel(_LEARNERS[name](seen, trees, seed)).transform(unseen)) for name in _LEARNERS}
    learner = min(risks, key=lambda name: risks[name])
    own = [*prepared_by.stages, *_LEARNERS[learner](learnt, trees, seed)]
    outcomes = PipelineModel([*prepared_by.stages, *both])
    held_back = with_pseudo_outcomes(rows.where(F.col("cycle") == str(months.calibrate)), outcomes)
    found = line(PipelineModel(own).transform(held_back).select(PSEUDO, LIFT), LIFT, confidence=confidence)
    calibrated = f"double('{found.intercept!r}') + double('{found.slope or 0.0!r}') * {LIFT}"
    last = SQLTransformer(statement=f"SELECT *, {calibrated} AS {PREDICTION} FROM __THIS__")
    return FittedLift(PipelineModel([*own, last]), read, outcomes, learner, risks, found)


def with_pseudo_outcomes(rows: DataFrame, outcomes: PipelineModel) -> DataFrame:
    """Add `pseudo_outcome` to rows of any month: of users of a half by the trees of the other one, else by both."""

    def expected(side: str) -> Column:
        first, second = (F.col(f"model_{side}_{half}") for half in FOLDS[:2])
        of_half = F.when(F.col(FOLD) == FOLDS[0], second).when(F.col(FOLD) == FOLDS[1], first)
        return of_half.otherwise((first + second) / 2)

    known = [F.col(name) for name in (LABEL, IS_TREATED, PROPENSITY)]
    found = pseudo_outcome(*known, touched=expected("touched"), held_out=expected("held_out"))
    return outcomes.transform(rows).select(*rows.columns, found.alias(PSEUDO))


def line(rows: DataFrame, of: str, *, confidence: float) -> Line:
    """Line of the pseudo-outcomes on lifts, one row a user; two queries. The slope's interval allows for any variance.

    References: White, Econometrica 48 (1980); MacKinnon and White, Journal of Econometrics 29 (1985), HC1.
    """
    y, x = F.col(PSEUDO), F.col(of)
    first = rows.agg(
        F.count(y).alias("n"),
        F.avg(y).alias("y"),
        F.avg(x).alias("x"),
        F.regr_slope(y, x).alias("slope"),
        F.regr_sxx(y, x).alias("sxx"),
        (F.min(x) < F.max(x)).alias("varies"),
    ).collect()[0]
    if first.n < 3 or not first.varies:
        mean = round(first.y or 0.0, _DIGITS)
        return Line(first.n, mean, mean, None, None, None)
    slope = round(first.slope, _DIGITS)
    intercept = round(first.y - slope * first.x, _DIGITS)
    squares = rows.agg(F.sum(((y - intercept - slope * x) * (x - first.x)) ** 2)).collect()[0][0]
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(squares * first.n / (first.n - 2)) / first.sxx
    return Line(first.n, round(first.y, _DIGITS), intercept, slope, slope - reach, slope + reach)


def _doubly_robust(rows: DataFrame, trees: GrowthSettings, seed: int) -> list[Transformer]:
    return [_regressor(trees, seed, of=PSEUDO, into=LIFT).fit(rows)]


def _two_models(rows: DataFrame, trees: GrowthSettings, seed: int) -> list[Transformer]:
    """What the touched and what the held out do, and the difference."""
    own = {side: rows.where(F.col(IS_TREATED) == is_treated) for side, is_treated in _SIDES.items()}
    fits = [_regressor(trees, seed, of=LABEL, into=f"model_{side}").fit(part) for side, part in own.items()]
    return [*fits, SQLTransformer(statement=f"SELECT *, model_touched - model_held_out AS {LIFT} FROM __THIS__")]


_LEARNERS = {DOUBLY_ROBUST: _doubly_robust, TWO_MODELS: _two_models}


def _renamed(two: Sequence[Transformer], half: str) -> list[Transformer]:
    """The two models of one half, each with a prediction of its own name."""
    fits: Mapping[str, Any] = dict(zip(_SIDES, two, strict=False))
    return [one.copy().setPredictionCol(f"model_{side}_{half}") for side, one in fits.items()]


def _risk(rows: DataFrame) -> float:
    return float(rows.agg(F.avg((F.col(PSEUDO) - F.col(LIFT)) ** 2)).collect()[0][0])


def _regressor(trees: GrowthSettings, seed: int, *, of: str, into: str) -> GBTRegressor:
    return GBTRegressor(
        featuresCol=VECTOR,
        labelCol=of,
        predictionCol=into,
        seed=seed,
        **trees.of_mllib,
    )
