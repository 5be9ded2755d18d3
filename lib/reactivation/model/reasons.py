"""Why a score is what it is: what each feature contributed to it, exactly, for every user.

Contributions are in the unit of what the trees say, before calibration: log-odds of a probability (`raw`), shares of
users of a lift. With what the trees say of a row of which nothing is known they add up to it. They stand on the numbers
that the trees themselves read, texts, nulls and all. A look-up by byte in tables of doubles is no expression of
Spark's, so rows go through numpy here, ten thousand at a time. Workers need numpy and pyarrow for it and nothing of
ours: what they do is sent to them with the trees.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyspark import cloudpickle
from pyspark.ml import PipelineModel
from pyspark.ml.classification import GBTClassificationModel
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import GBTRegressionModel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError
from reactivation.model.lift_fit import WEIGHTS
from reactivation.randomization import hashed
from reactivation.statistics import shapley
from reactivation.statistics.shapley import MOST_CONDITIONS, BoostedTrees, Leaf, Split, Tree, strongest

MOST_REASONS = 5
"""Of a user and model; a list shows the first three."""
SAMPLE = 2_000
"""Rows over which a model's mean contributions are taken: their standard error is some two hundredths of them."""

# Workers may have no library of ours, or another release of it.
cloudpickle.register_pickle_by_value(shapley)  # type: ignore[no-untyped-call]

_Batches = Iterable[pa.RecordBatch]


class ExplainedModel(NamedTuple):
    """A model's trees and what they read. inputs: columns of the pipeline, by the name of the feature behind each."""

    trees: BoostedTrees
    inputs: Mapping[str, str]

    def beside(self, target: str) -> list[Column]:
        """The inputs, to be kept beside the scores of a target under names of their own."""
        return [F.col(name).alias(_own(target, name)) for name in self.inputs.values()]


@lru_cache(maxsize=4)
def explained(model: PipelineModel) -> ExplainedModel:
    """Read the trees of a fitted pipeline, of a lift all of them, once. ModelError where they are too deep."""
    [assembler] = [stage for stage in model.stages if isinstance(stage, VectorAssembler)]
    boosted = [stage for stage in model.stages if isinstance(stage, GBTClassificationModel | GBTRegressionModel)]
    try:
        trees = BoostedTrees([tree for one in boosted for tree in trees_of(one)])
    except ValueError:
        advice = "set model.reasons: false, or train with a smaller max_depth (model.trees, model.lift.trees)"
        finding = Finding("too deep", f"at most {MOST_CONDITIONS} splits one below another", advice)
        raise ModelError("no reasons can be given for this model's scores", [finding]) from None
    read = [assembler.getInputCols()[index] for index in trees.features]
    return ExplainedModel(trees, {name.removeprefix("model_"): name for name in read})


def trees_of(boosted: GBTClassificationModel | GBTRegressionModel) -> list[Tree]:
    """MLlib's trees, whose sum is the log-odds, of which its margin is half; of a part of a lift its share in that."""
    of_one = 2.0 if isinstance(boosted, GBTClassificationModel) else WEIGHTS[boosted.getPredictionCol()]
    weighed = zip(boosted.trees, boosted.treeWeights, strict=True)
    return [_tree(tree._call_java("rootNode"), of_one * weight) for tree, weight in weighed]


def _tree(node: Any, weight: float) -> Tree:
    """A node of MLlib's with all below it. Its cover is the weight of the training rows that came to it."""
    cover = float(node.impurityStats().count())
    if node.subtreeDepth() == 0:
        return Leaf(cover, weight * node.prediction())
    split, left, right = node.split(), _tree(node.leftChild(), weight), _tree(node.rightChild(), weight)
    return Split(cover, int(split.featureIndex()), float(split.threshold()), left, right)


def with_reasons(scored: DataFrame, models: Mapping[str, ExplainedModel]) -> DataFrame:
    """Add `reasons_<target>`, the strongest contributions to what a model's trees say of a user, strongest first.

    scored: with the inputs of each model as `ExplainedModel.beside` names them, which go. Grain as in `scored`.
    """
    taken = {target: [_own(target, name) for name in model.inputs.values()] for target, model in models.items()}
    gone = {name for names in taken.values() for name in names}
    kept = [field for field in scored.schema if field.name not in gone]
    added = [StructField(name, derived.SCORES.column(name).data_type) for name in map("reasons_{}".format, models)]
    ways = [(taken[target], [*model.inputs], model.trees) for target, model in models.items()]
    stage = _stage([field.name for field in kept], [field.name for field in added], ways)
    return scored.mapInArrow(stage, StructType([*kept, *added]))


def _stage(
    kept: list[str], added: list[str], ways: list[tuple[list[str], list[str], BoostedTrees]]
) -> Callable[[_Batches], Iterator[pa.RecordBatch]]:
    """What workers do with the rows. ways: of each model the columns it reads, their features and its trees.

    Nothing of this module is named inside, so that a worker need not have it.
    """
    most = MOST_REASONS

    def explain(batches: _Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            arrays = [batch.column(name) for name in kept]
            for columns, features, trees in ways:
                values = [batch.column(name).to_numpy(zero_copy_only=False) for name in columns]
                found = strongest(trees.contributions(values), most)
                texts = pa.DictionaryArray.from_arrays(found.place, features).dictionary_decode()
                reasons = pa.StructArray.from_arrays([texts, pa.array(found.value)], ["feature", "contribution"])
                ends = np.concatenate([[0], np.cumsum(found.rows)]).astype(np.int32)
                arrays.append(pa.ListArray.from_arrays(ends, reasons))
            yield pa.RecordBatch.from_arrays(arrays, [*kept, *added])

    return explain


def mean_contributions(model: PipelineModel, rows: DataFrame) -> list[dict[str, Any]]:
    """How much each feature moves what a model's trees say of some rows, as its card shows it; largest first.

    rows: what the model reads, by user and cycle, of which `SAMPLE` are taken by hash. Each row: feature,
    mean_contribution (mean amount, in the unit of contributions), share of all features' together. A feature that no
    tree reads has no row.
    """
    own = explained(model)
    if not own.inputs:
        return []
    few = rows.orderBy(hashed("mean_contributions"), "cycle").limit(SAMPLE)
    inputs = model.transform(few).select(*own.inputs.values()).toPandas()
    found = own.trees.contributions([inputs[name].to_numpy() for name in inputs.columns])
    means = np.abs(found).mean(axis=1) if len(inputs) else np.zeros(len(own.inputs))
    by_size = sorted(zip(own.inputs, means, strict=True), key=lambda pair: (-pair[1], pair[0]))
    total = float(means.sum()) or 1.0
    return [{"feature": name, "mean_contribution": float(m), "share": float(m) / total} for name, m in by_size]


def _own(target: str, name: str) -> str:
    return f"{target}_{name}"
