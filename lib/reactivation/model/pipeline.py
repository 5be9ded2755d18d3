"""The model itself: one plain MLlib PipelineModel from feature columns to a calibrated probability.

    texts to numbers ─► nulls to a sentinel ─► one vector ─► boosted trees ─► their margin ─► logistic calibration

There are no Python stages, so it loads wherever Spark does and scores without Python workers. Column names follow
`model_…`, so that they meet no feature.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.ml import PipelineModel, Transformer
from pyspark.ml.classification import GBTClassifier
from pyspark.ml.feature import SQLTransformer, StringIndexer, VectorAssembler, VectorSlicer
from pyspark.ml.functions import vector_to_array
from pyspark.ml.regression import GeneralizedLinearRegression
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, NumericType, StringType

from reactivation.errors import Finding, ModelError
from reactivation.frames import checkpointed
from reactivation.model.examples import LABEL, SPLIT, WEIGHT
from reactivation.model.settings import ModelSettings, TreeSettings

MARGIN = "model_margin"
PREDICTION = "prediction"
VECTOR = "model_vector"
IS_VALIDATION = "model_is_validation"
_RAW = "model_raw"


class Fitted(NamedTuple):
    """A fitted pipeline and what is worth knowing of it.

    features: columns it reads, in order. slope, intercept: of the calibration, on the margin; a slope that is not
    above 0 would turn the order round. importances: share of each feature in the trees' gain, largest first.
    """

    model: PipelineModel
    features: tuple[str, ...]
    slope: float
    intercept: float
    trees: int
    importances: dict[str, float]


def fit(rows: DataFrame, *, features: Sequence[str], settings: ModelSettings) -> Fitted:
    """Grow the trees on the `fit` rows, stop by the `validate` rows, calibrate on the `calibrate` rows.

    rows: arranged examples with `label`, `weight` and `split`; they should be persisted, since MLlib often passes over
    them. Those that calibrate get their margin once: the regression passes over it at each of its steps.
    """
    ready, prepared_by = prepared(rows, features=features, settings=settings)
    held_back = rows.where(_is_calibrate())
    trees = _classifier(settings.trees, settings.seed).fit(ready.select(VECTOR, LABEL, WEIGHT, IS_VALIDATION))
    margin = VectorSlicer(inputCol=_RAW, outputCol=MARGIN, indices=[1])
    uncalibrated = PipelineModel([*prepared_by.stages, trees, margin])
    if not any(tree.numNodes > 1 for tree in trees.trees):
        raise ModelError(
            "the trees found nothing to split on",
            [
                Finding(
                    "no signal",
                    f"{len(features)} features",
                    "check that the features vary, or lower min_instances_per_node",
                )
            ],
        )
    margins = checkpointed(uncalibrated.transform(held_back).select(MARGIN, LABEL, WEIGHT))
    calibration = GeneralizedLinearRegression(
        family="binomial",
        link="logit",
        featuresCol=MARGIN,
        labelCol=LABEL,
        weightCol=WEIGHT,
        predictionCol=PREDICTION,
        maxIter=50,
    ).fit(margins)
    shares = zip(features, trees.featureImportances.toArray(), strict=True)
    return Fitted(
        model=PipelineModel([*uncalibrated.stages, calibration]),
        features=tuple(features),
        slope=float(calibration.coefficients[0]),
        intercept=float(calibration.intercept),
        trees=int(trees.getNumTrees),
        importances={name: float(s) for name, s in sorted(shares, key=lambda pair: (-pair[1], pair[0])) if s > 0},
    )


def prepared(rows: DataFrame, *, features: Sequence[str], settings: ModelSettings) -> tuple[DataFrame, PipelineModel]:
    """The rows that trees grow and stop by, with vector and `IS_VALIDATION`, and the stages that made the vector."""
    grow = rows.where(~_is_calibrate())
    stages = PipelineModel([*preparation(grow, features, settings)])
    return stages.transform(grow).withColumn(IS_VALIDATION, F.col(SPLIT) == "validate"), stages


def _is_calibrate() -> Column:
    return F.col(SPLIT) == "calibrate"


def raw_score() -> Column:
    """What ranks: log-odds by the trees before calibration. MLlib's margin is half of them."""
    return (2 * vector_to_array(F.col(MARGIN))[0]).alias("raw")


def probability() -> Column:
    """The calibrated probability."""
    return F.col(PREDICTION).alias("p")


def preparation(rows: DataFrame, features: Sequence[str], settings: ModelSettings) -> Sequence[Transformer]:
    """Texts become the rank of how frequent they are, whatever their number; an unknown one and null share the last
    rank. Null and NaN become the sentinel. All are numbers to the trees."""
    types = {field.name: field.dataType for field in rows.schema if field.name in features}
    odd = [n for n, t in types.items() if not isinstance(t, StringType | BooleanType | NumericType)]
    if odd:
        findings = [
            Finding("type", n, f"is {types[n].simpleString()}; a feature is a number, a text or a flag") for n in odd
        ]
        raise ModelError("features that no tree can read", findings)
    texts = [name for name in features if isinstance(types[name], StringType)]
    indexers: list[Transformer] = []
    if texts:
        indexer = StringIndexer(
            inputCols=texts,
            outputCols=[f"model_rank_{n}" for n in texts],
            handleInvalid="keep",
            stringOrderType="frequencyDesc",
        )
        indexers.append(indexer.fit(rows.select(*texts)))
    numbers = [_number(n, f"model_rank_{n}" if n in texts else n, settings.missing_value) for n in features]
    filler = SQLTransformer(statement=f"SELECT *, {', '.join(numbers)} FROM __THIS__")
    assembler = VectorAssembler(inputCols=[f"model_{n}" for n in features], outputCol=VECTOR)
    return [*indexers, filler, assembler]


def _number(name: str, column: str, missing: float) -> str:
    return f"coalesce(nullif(cast(`{column}` AS double), double('NaN')), double({missing})) AS `model_{name}`"


def _classifier(trees: TreeSettings, seed: int) -> GBTClassifier:
    classifier = GBTClassifier(
        featuresCol=VECTOR,
        labelCol=LABEL,
        weightCol=WEIGHT,
        predictionCol="model_class",
        validationIndicatorCol=IS_VALIDATION,
        validationTol=trees.validation_tol,
        seed=seed,
        **trees.of_mllib,
    )
    return classifier.setRawPredictionCol(_RAW).setProbabilityCol("model_probability")
