"""A yardstick for the trees: xgboost on the same rows and features."""

from dataclasses import dataclass

from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from xgboost.spark import SparkXGBClassifier

from reactivation.model import pipeline
from reactivation.model.evaluate import POPULATIONS, Quality
from reactivation.model.examples import KEYS, LABEL, WEIGHT, Months, chosen_features, plain
from reactivation.model.populations import by_population, qualities
from reactivation.model.score import Scorer
from reactivation.model.settings import ModelSettings
from reactivation.model.train import training_rows

ROUNDS, PATIENCE = 300, 20


@dataclass(frozen=True)
class Rivals:
    """Quality of the model and of xgboost on the rows of the test month, by population."""

    ours: dict[str, Quality]
    xgboost: dict[str, Quality]

    @property
    def rows(self) -> list[dict[str, object]]:
        """Per population: rows, both areas under the ROC curve and what ours lacks; None where there is no area."""
        found = []
        for name in POPULATIONS:
            ours, theirs = self.ours[name].auc, self.xgboost[name].auc
            lacks = None if ours is None or theirs is None else theirs - ours
            found.append(
                {"population": name, "users": self.ours[name].users, "auc": ours, "xgboost": theirs, "lacks": lacks}
            )
        return found


def against_xgboost(
    examples: DataFrame, scorer: Scorer, *, months: Months, salt: str, settings: ModelSettings
) -> Rivals:
    """Fit xgboost as `train` fits its trees (sample, split, weights, preparation), test both on the test month.

    xgboost has the depth, step and subsample of conf, at most 300 rounds, and stops after 20 without a better log loss
    on the validation rows. It is not calibrated: areas and order are compared, not losses. It needs Python workers, and
    so is no part of the pipeline.
    """
    features = chosen_features(examples, settings)
    rows, _ = training_rows(plain(examples), months=months, salt=salt, settings=settings)
    test = plain(examples).where(F.col("cycle") == str(months.test))
    grow, prepared = pipeline.prepared(rows, features=features, settings=settings)
    trees = settings.trees
    classifier = SparkXGBClassifier(
        features_col=pipeline.VECTOR,
        label_col=LABEL,
        weight_col=WEIGHT,
        validation_indicator_col=pipeline.IS_VALIDATION,
        n_estimators=ROUNDS,
        early_stopping_rounds=PATIENCE,
        eval_metric="logloss",
        max_depth=trees.max_depth,
        learning_rate=trees.step_size,
        subsample=trees.subsampling_rate,
        max_bin=trees.max_bins,
        tree_method="hist",
        missing=settings.missing_value,
        random_state=settings.seed,
        verbosity=0,
    )
    keep = [*KEYS, LABEL, WEIGHT]
    fitted = classifier.fit(grow.select(*keep, pipeline.VECTOR, pipeline.IS_VALIDATION))
    p = vector_to_array(F.col("probability"))[1]
    theirs = fitted.transform(prepared.transform(test).select(*keep, pipeline.VECTOR)).select(
        *keep, p.alias("p"), p.alias("raw")
    )
    theirs = theirs.persist()
    try:
        return Rivals(qualities(test, scorer, settings=settings), by_population(theirs, settings))
    finally:
        theirs.unpersist()
