"""Figures against what can be counted by hand."""

from math import log

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.model.evaluate import against, against_base_rate, quality

pytestmark = pytest.mark.rules


def scored(spark: SparkSession, values: list[tuple[float, float]]) -> DataFrame:
    """Rows of (label, p); raw is the log-odds of p, each row speaks for one user."""
    rows = [("2026-03", n, label, p, log(p / (1 - p)), 1.0) for n, (label, p) in enumerate(values)]
    names = "cycle string, user_id bigint, label double, p double, raw double, weight double"
    return spark.createDataFrame(rows, names).coalesce(1)


SIX = [(1.0, 0.9), (0.0, 0.8), (1.0, 0.7), (1.0, 0.4), (0.0, 0.4), (0.0, 0.1)]


def test_six_rows_by_hand(spark: SparkSession) -> None:
    found = quality(scored(spark, SIX), deciles=2, bins=2)
    # 3 positives x 3 negatives = 9 pairs: 0.9 wins 3, 0.7 wins 2, 0.4 wins 1 and ties 1 (half): 6.5 of 9
    assert found.auc == pytest.approx(6.5 / 9)
    assert found.log_loss == pytest.approx(-(log(0.9) + log(0.2) + log(0.7) + log(0.4) + log(0.6) + log(0.9)) / 6)
    assert found.brier == pytest.approx((0.01 + 0.64 + 0.09 + 0.36 + 0.16 + 0.01) / 6)
    assert (found.users, found.base_rate, found.reason) == (6, 0.5, None)
    # precision-recall points (1/3, 1), (1/3, 1/2), (2/3, 2/3), (1, 3/5), by trapezoids from (0, 1)
    assert found.pr_auc == pytest.approx(1 / 3 + (1 / 2 + 2 / 3) / 6 + (2 / 3 + 3 / 5) / 6)


def test_deciles_and_bins_by_hand(spark: SparkSession) -> None:
    found = quality(scored(spark, SIX), deciles=2, bins=2)
    upper, lower = found.deciles
    assert (upper["decile"], upper["users"], upper["observed"]) == (1, 3, pytest.approx(2 / 3))
    assert (lower["decile"], lower["users"], lower["observed"]) == (
        2,
        3,
        pytest.approx(1 / 3),
    )  # with the border itself, 0.4
    assert (upper["lift"], lower["lift"]) == (pytest.approx(4 / 3), pytest.approx(2 / 3))
    low, high = found.calibration
    assert (low["p_from"], low["p_to"], low["users"], low["observed"]) == (0.0, 0.5, 3, pytest.approx(1 / 3))
    assert (high["users"], high["p_mean"], high["observed"]) == (3, pytest.approx(0.8), pytest.approx(2 / 3))


def test_one_class_or_no_rows_are_not_estimable_and_say_why(spark: SparkSession) -> None:
    ones = quality(scored(spark, [(1.0, 0.5), (1.0, 0.6)]), deciles=2, bins=2)
    assert (ones.auc, ones.pr_auc, ones.reason) == (None, None, "all 2 labels are 1: nothing to rank")
    none = quality(scored(spark, SIX).limit(0), deciles=2, bins=2)
    assert (none.users, none.log_loss, none.reason) == (0, None, "no rows")


def test_paired_differences_are_taken_row_by_row(spark: SparkSession) -> None:
    rows = scored(spark, [(1.0, 0.8), (0.0, 0.2), (1.0, 0.8), (0.0, 0.2)])
    base = against_base_rate(rows, base_rate=0.5, confidence=0.95)
    assert base.n == 4
    assert base.mean == pytest.approx(log(0.5 / 0.8))  # every row loses -ln 0.8 instead of -ln 0.5
    assert base.high == pytest.approx(base.mean)  # and all alike: no width
    same = against(rows, {"itself": F.col("p")}, confidence=0.95)["itself"]
    assert (same.mean, same.low, same.high) == (0.0, 0.0, 0.0)
