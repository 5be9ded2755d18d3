"""Weighted figures against what can be counted, and a model that is right about users left alone."""

from math import log

import numpy as np
import pytest
import statsmodels.api as sm
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import model, randomization
from reactivation.model import evaluate
from reactivation.model.examples import split

pytestmark = pytest.mark.rules


def scored(spark: SparkSession, values: list[tuple[float, float, float]]) -> DataFrame:
    """Rows of (label, p, weight)."""
    rows = [("2026-03", n, y, p, log(p / (1 - p)), w) for n, (y, p, w) in enumerate(values)]
    names = "cycle string, user_id bigint, label double, p double, raw double, weight double"
    return spark.createDataFrame(rows, names).coalesce(1)


def test_a_row_of_weight_three_counts_as_three(spark: SparkSession) -> None:
    values = [(1.0, 0.9, 3.0), (0.0, 0.8, 1.0), (1.0, 0.7, 2.0), (1.0, 0.4, 1.0), (0.0, 0.4, 2.0), (0.0, 0.1, 1.0)]
    weighed = evaluate.quality(scored(spark, values), deciles=2, bins=2)
    apart = [(y, p, 1.0) for y, p, w in values for _ in range(int(w))]
    plain = evaluate.quality(scored(spark, apart), deciles=2, bins=2)
    for figure in ("auc", "pr_auc", "log_loss", "brier", "base_rate"):
        assert weighed.figures[figure] == pytest.approx(plain.figures[figure]), figure
    assert (weighed.users, plain.users) == (6, 10)
    observed = [[row["observed"] for row in quality.calibration] for quality in (weighed, plain)]
    assert observed[0] == pytest.approx(observed[1])


def test_the_slope_is_that_of_a_weighted_logistic_regression(spark: SparkSession) -> None:
    rng = np.random.default_rng(20261124)
    p = rng.uniform(0.05, 0.95, 300)
    y = (rng.random(300) < 1 / (1 + np.exp(-0.6 * np.log(p / (1 - p))))).astype(float)
    w = rng.choice([1.0, 8.0], 300)
    rows = scored(spark, [(float(a), float(b), float(c)) for a, b, c in zip(y, p, w, strict=True)])
    reference = sm.GLM(y, sm.add_constant(np.log(p / (1 - p))), family=sm.families.Binomial(), freq_weights=w).fit()
    assert evaluate.calibration_slope(rows) == pytest.approx(reference.params[1], rel=1e-6)
    assert evaluate.calibration_slope(rows.where("label = 1")) is None


def test_a_weighted_paired_difference_has_the_sandwichs_error(spark: SparkSession) -> None:
    rng = np.random.default_rng(7)
    y, p, w = rng.integers(0, 2, 80).astype(float), rng.uniform(0.1, 0.9, 80), rng.choice([1.0, 5.0], 80)
    rows = scored(spark, [(float(a), float(b), float(c)) for a, b, c in zip(y, p, w, strict=True)])
    found = evaluate.against_base_rate(rows, base_rate=0.5, confidence=0.95)
    loss = -np.log(np.where(y == 1, p, 1 - p)) + np.log(0.5)
    robust = sm.WLS(loss, np.ones(80), weights=w).fit(cov_type="HC1")  # n / (n - 1) times the sandwich
    assert found.mean == pytest.approx(robust.params[0])
    assert found.high is not None
    assert found.high - float(found.mean or 0) == pytest.approx(1.959964 * robust.bse[0], rel=1e-6)


def test_a_model_learns_what_users_do_when_left_alone(
    examples: DataFrame, months: model.Months, settings: model.ModelSettings
) -> None:
    """Contacts make all active who are open to them, four in five. Weighed, the model says what the fifth does."""
    is_open = F.pmod("user_id", F.lit(5)) != randomization.bucket("held", "user_id") % 5
    marked = examples.withColumns(
        {"is_open": is_open, "label": F.when(is_open & (F.col("cycle") != "2026-03"), 1.0).otherwise(F.col("label"))}
    )
    truth = examples.where("cycle = '2026-03' and is_low_activity").agg(F.avg("label").alias("rate")).collect()[0].rate
    alone = marked.where("cycle <> '2026-03'").select(
        "cycle", "user_id", F.when(~F.col("is_open"), F.lit(5.0)).alias("weight_untouched")
    )
    rows, means = marked.drop("is_open"), {}
    for name, way in (("weighed", "left_out"), ("kept", "keep")):
        chosen = settings.model_copy(update={"touched_rows": way, "min_rows": 5})
        spoken = model.weighed(rows, untouched=alone, contacted=None, unrandomised=(), months=months, settings=chosen)
        trained = model.train(spoken, months=months, salt="s", settings=chosen)
        test = rows.where("cycle = '2026-03' and is_low_activity")
        found = model.score(trained.fitted.model, test, features=trained.fitted.features, keep=["user_id"])
        means[name] = found.agg(F.avg("p").alias("p")).collect()[0].p
    assert abs(means["weighed"] - truth) < 0.1
    assert means["kept"] > truth + 0.3


def test_calibration_and_trees_give_each_row_its_weight(
    examples: DataFrame, trained: model.Trained, months: model.Months, settings: model.ModelSettings
) -> None:
    """By the score equation, probabilities and labels of the calibration rows have the same weighted mean."""
    rows = examples.withColumn("weight", F.when(F.col("label") == 1, 4.0).otherwise(F.col("user_id") % 3 + 0.5))
    weighed = model.train(rows, months=months, salt="s", settings=settings)
    fitted = {"weighed": weighed.fitted, "plain": trained.fitted}
    used = split(rows.where("cycle < '2026-03'"), share=1.0, salt="s", settings=settings)
    held_back = used.where("split = 'calibrate'")
    raws = {}
    for name, one in fitted.items():
        found = model.score(one.model, held_back, features=one.features, keep=["user_id", "label", "weight"])
        raws[name] = found.agg(F.sum("raw").alias("raw")).collect()[0].raw
        means = found.agg(*[(F.sum(F.col(c) * F.col("weight")) / F.sum("weight")).alias(c) for c in ("p", "label")])
        row = means.collect()[0]
        assert (abs(row.p - row.label) < 1e-6) == (name == "weighed")
    assert raws["weighed"] > raws["plain"] + 10  # trees that count actives four times are more hopeful
