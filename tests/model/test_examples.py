"""Which months a cycle learns from, and that a user stays in one part of the split for good."""

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conftest import Rows
from reactivation import model
from reactivation.model.examples import examples as join_examples
from reactivation.model.examples import split
from reactivation.periods import Calendar, Month
from reactivation.tables import derived

pytestmark = pytest.mark.rules

JUNE = Month.parse("2026-06")


def test_the_test_month_is_the_newest_settled_one_and_never_trains(settings: model.ModelSettings) -> None:
    waits = model.months(JUNE, calendar=Calendar(zone="UTC", settle_days=5), settings=settings)
    assert [str(m) for m in waits.train] == ["2026-02", "2026-03"]
    assert str(waits.test) == "2026-04"  # May settles on 6 June, after the observation date
    at_once = model.months(JUNE, calendar=Calendar(zone="UTC", settle_days=0), settings=settings)
    assert str(at_once.test) == "2026-05"


def test_features_before_a_month_meet_what_came_in_it(rows: Rows) -> None:
    features = rows(
        derived.FEATURES,
        ["cycle", "user_id", "is_low_activity"],
        [("2026-03", 1, True), ("2026-03", 2, True), ("2026-04", 1, True)],
    ).withColumn("login_count_1m", F.lit(3.0))
    labels = rows(
        derived.LABELS,
        ["cycle", "user_id", "is_active", "has_asset_uplift"],
        [
            ("2026-03", 1, True, None),  # no balance known: an example of activity, none of assets
            ("2026-03", 2, False, False),
            ("2026-05", 1, True, True),  # features of May are not there
        ],
    )
    active = join_examples(features, labels, target="active").collect()
    assert sorted((r.cycle, r.user_id, r.label) for r in active) == [("2026-03", 1, 1.0), ("2026-03", 2, 0.0)]
    assets = join_examples(features, labels, target="asset_uplift").collect()
    assert [(r.user_id, r.label) for r in assets] == [(2, 0.0)]
    assert model.feature_names(features) == ["login_count_1m"]


def test_a_user_is_in_one_part_of_the_split_for_good(examples: DataFrame, settings: model.ModelSettings) -> None:
    parts = (
        split(examples, share=1.0, salt="s", settings=settings)
        .groupBy("user_id")
        .agg(F.collect_set("split").alias("s"))
    )
    assert parts.where(F.size("s") > 1).isEmpty()
    assert {row.use for row in parts.select(F.explode("s").alias("use")).distinct().collect()} == set(
        settings.split.shares
    )


def test_a_sample_keeps_whole_users(examples: DataFrame, settings: model.ModelSettings) -> None:
    half = split(examples, share=0.5, salt="s", settings=settings).groupBy("user_id").count()
    assert 120 < half.count() < 200  # of 320 low-active users
    assert half.where("count < 3").isEmpty()


def test_trees_may_learn_from_all_but_the_calibration_only_from_the_low_active(
    examples: DataFrame, settings: model.ModelSettings
) -> None:
    everybody = settings.model_copy(update={"train_population": "signed_up"})
    seen = (
        split(examples, share=1.0, salt="s", settings=everybody).groupBy("split", "is_low_activity").count().collect()
    )
    assert {(r.split, r.is_low_activity) for r in seen} == {
        ("fit", True),
        ("fit", False),
        ("validate", True),
        ("validate", False),
        ("calibrate", True),  # and no (calibrate, False)
    }
