"""xgboost on the rows of the model: the same test rows, and an area that a signal explains."""

import pytest
from pyspark.sql import DataFrame

from reactivation import model
from reactivation_lab.comparisons import xgboost_yardstick

pytestmark = pytest.mark.rules


def test_both_are_tested_on_the_same_rows_and_find_the_signal(
    examples: DataFrame, trained: model.Trained, settings: model.ModelSettings, months: model.Months
) -> None:
    scorer = model.Scorer("1", trained.fitted.model, trained.fitted.features)
    rivals = xgboost_yardstick.against_xgboost(examples, scorer, months=months, salt="s", settings=settings)
    for name, quality in trained.quality.items():
        assert rivals.ours[name].auc == pytest.approx(quality.auc)
        assert rivals.xgboost[name].users == quality.users
        assert rivals.xgboost[name].auc == pytest.approx(quality.auc, abs=0.05)
    (low, _) = rivals.rows
    assert low["lacks"] == pytest.approx(rivals.xgboost["low_activity"].auc - rivals.ours["low_activity"].auc)
