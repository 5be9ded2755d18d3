"""Which months a cycle learns from, and that a user stays in one part of the split for good."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation import model
from reactivation.contracts import derived
from reactivation.model.examples import examples as join_examples
from reactivation.model.examples import split
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.rules

JUNE = Month.parse("2026-06")


def test_the_test_month_is_the_newest_settled_one_and_never_trains(settings: model.ModelSettings) -> None:
    five_days, at_once = Calendar(zone="UTC", settle_days=5), Calendar(zone="UTC", settle_days=0)
    waits = model.months(five_days.newest_settled(JUNE.first), settings=settings)
    assert [str(m) for m in waits.train] == ["2026-02", "2026-03"]
    assert str(waits.test) == "2026-04"  # May settles on 6 June, after the observation date
    assert str(model.months(at_once.newest_settled(JUNE.first), settings=settings).test) == "2026-05"


def test_a_young_region_learns_from_the_months_that_have_labels(settings: model.ModelSettings) -> None:
    may = model.months(Month.parse("2026-05"), settings=settings)
    assert [str(m) for m in may.among({"2026-04", "2026-05"}).train] == ["2026-04"]
    assert may.among({"2026-05"}) == may  # nothing to learn from: the error names all that were asked for


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


FIVE = ["cycle", "user_id", "is_low_activity"]


def weighed(
    spark: SparkSession, settings: model.ModelSettings, untouched: DataFrame | None = None, **change: str
) -> dict[tuple[str, int], tuple[float, bool]]:
    """(weight, may_calibrate) of six examples; in January the bank's own campaign reached user 1, in March ours ran."""
    months = model.Months((Month.parse("2026-01"), Month.parse("2026-02")), Month.parse("2026-03"))
    rows = spark.createDataFrame([(f"2026-0{m}", u, True) for m in (1, 2, 3) for u in (1, 2)], FIVE)
    contacted = spark.createDataFrame([("2026-01", 1), ("2026-03", 1)], FIVE[:2])
    found = model.weighed(
        rows,
        untouched=untouched,
        contacted=contacted,
        unrandomised={"2026-01"},
        months=months,
        settings=settings.model_copy(update=change),
    )
    assert model.feature_names(found) == []
    return {(r.cycle, r.user_id): (r.weight, r.may_calibrate) for r in found.collect()}


@pytest.mark.parametrize(
    ("way", "january"),
    [
        ("keep", {1: (1.0, True), 2: (1.0, True)}),
        ("trees", {1: (1.0, False), 2: (1.0, False)}),
        ("drop_contacted", {2: (1.0, True)}),
        ("drop", {}),
    ],
)
def test_months_of_other_campaigns_are_treated_as_conf_says(
    spark: SparkSession, settings: model.ModelSettings, way: str, january: dict[int, tuple[float, bool]]
) -> None:
    others = {(f"2026-0{m}", u): (1.0, True) for m in (2, 3) for u in (1, 2)}
    found = weighed(spark, settings, contacted_months=way)
    assert found == {**others, **{("2026-01", user): kept for user, kept in january.items()}}


def test_who_was_open_to_contact_is_left_out_and_others_speak_for_him(
    spark: SparkSession, settings: model.ModelSettings
) -> None:
    marks = spark.createDataFrame(
        [("2026-03", 1, None), ("2026-03", 2, 2.5)], "cycle string, user_id bigint, weight_untouched double"
    )
    found = weighed(spark, settings, marks, contacted_months="keep")
    assert {k: w for k, (w, _) in found.items() if k[0] == "2026-03"} == {("2026-03", 2): 2.5}
    assert len(found) == 5
    everybody = weighed(spark, settings, marks, contacted_months="keep", touched_rows="keep")
    assert {w for w, _ in everybody.values()} == {1.0}
    assert len(everybody) == 6


def test_what_may_not_calibrate_still_grows_trees(examples: DataFrame, settings: model.ModelSettings) -> None:
    months = model.Months((Month.parse("2026-01"), Month.parse("2026-02")), Month.parse("2026-03"))
    marked = model.weighed(
        examples, untouched=None, contacted=None, unrandomised={"2026-01"}, months=months, settings=settings
    )
    uses = split(marked, share=1.0, salt="s", settings=settings).groupBy("cycle").agg(F.collect_set("split").alias("s"))
    found = {row.cycle: set(row.s) for row in uses.collect()}
    assert (found["2026-01"], found["2026-02"]) == ({"fit", "validate"}, {"fit", "validate", "calibrate"})
    nothing_else = model.weighed(
        examples,
        untouched=None,
        contacted=None,
        unrandomised={"2026-01", "2026-02"},
        months=months,
        settings=settings,
    )
    assert nothing_else.where("not may_calibrate").isEmpty()  # better than no probability at all
