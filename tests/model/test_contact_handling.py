"""Ways to treat contacted users, held against each other where a campaign has made everybody active."""

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import model
from reactivation_lab.comparisons import contact_handling

pytestmark = pytest.mark.rules


def test_the_ways_are_confs_own_and_all_that_differ_from_it_in_one_choice(settings: model.ModelSettings) -> None:
    tried = contact_handling.ways(settings)
    assert tried[0] == settings
    assert [(way.contacted_months, way.touched_rows) for way in tried[1:]] == [
        ("keep", "left_out"),
        ("drop_contacted", "left_out"),
        ("drop", "left_out"),
        ("trees", "keep"),
    ]


def test_a_month_of_contacts_that_calibrates_costs_log_loss(
    examples: DataFrame, settings: model.ModelSettings, months: model.Months
) -> None:
    of_campaign = str(months.train[-1])
    moved = examples.withColumn("label", F.when(F.col("cycle") == of_campaign, 1.0).otherwise(F.col("label")))

    def examples_of(way: model.ModelSettings) -> DataFrame:
        return model.weighed(
            moved, untouched=None, contacted=None, unrandomised=[of_campaign], months=months, settings=way
        )

    tried = [settings, settings.model_copy(update={"contacted_months": "keep"})]
    usual, kept = contact_handling.compared(examples_of, tried, months=months, salt="s")
    assert usual["log_loss_less_usual"] is None
    assert kept["log_loss_less_usual"] == pytest.approx(kept["log_loss"] - usual["log_loss"])
    assert kept["low"] > 0
    assert usual["rows"] < kept["rows"]


def test_a_way_that_leaves_nothing_to_train_on_says_so(
    examples: DataFrame, settings: model.ModelSettings, months: model.Months
) -> None:
    dropping = settings.model_copy(update={"contacted_months": "drop"})
    every = [str(month) for month in months.train]

    def examples_of(way: model.ModelSettings) -> DataFrame:
        return model.weighed(examples, untouched=None, contacted=None, unrandomised=every, months=months, settings=way)

    (dropped,) = contact_handling.compared(examples_of, [dropping], months=months, salt="s")
    assert dropped["auc"] is None
    assert "nothing can be trained" in dropped["reason"]
