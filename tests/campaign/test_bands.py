"""Bands, and the tier that each has."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.tiers import bands
from reactivation.contracts import derived


@pytest.mark.rules
def test_a_score_on_a_border_belongs_to_the_band_above_it(spark: SparkSession, settings: CampaignSettings) -> None:
    values = [(1.0, 1), (0.8, 1), (0.7999, 2), (0.5, 2), (0.2, 3), (0.1999, 4), (0.0, 4), (None, 4)]
    scores = spark.createDataFrame(values, "p_active double, expected int")
    found = scores.select("expected", bands.band(F.col("p_active"), settings.tiers).alias("band"))
    assert found.where("band <> expected").isEmpty()


@pytest.mark.numbers
def test_what_stood_stays_and_what_is_new_begins_as_assumed(settings: CampaignSettings) -> None:
    stood = {
        (0.5, 0.8): "high_potential",  # as conf assumes, and nothing was seen of it since
        (0.2, 0.5): "low_potential",
        (0.1, 0.2): "natural_converter",  # no band any more
    }
    found = bands.decide({3: 7}, {}, settings.tiers, before=stood)
    assert [(row["band"], row["tier"], row["basis"], row["users"]) for row in found] == [
        (1, "natural_converter", "assumed", 0),
        (2, "high_potential", "assumed", 0),
        (3, "low_potential", "kept", 7),
        (4, "low_potential", "assumed", 0),
    ]
    assert set(found[0]) | {"cycle"} == set(derived.TIER_BANDS.column_names)


@pytest.mark.rules
def test_the_newest_cycles_tiers_stand(rows: Rows) -> None:
    names = ["cycle", "band", "score_low", "score_high", "tier"]
    values = [
        ("2026-04", 1, 0.8, 1.0, "natural_converter"),
        ("2026-05", 1, 0.8, 1.0, "high_potential"),
        ("2026-05", 2, 0.5, 0.8, "low_potential"),
    ]
    table = rows(derived.TIER_BANDS, names, values)
    assert bands.standing(table) == {(0.8, 1.0): "high_potential", (0.5, 0.8): "low_potential"}
    assert bands.standing(table.limit(0)) == {}


@pytest.mark.rules
def test_base_rates_are_those_of_the_held_out(rows: Rows) -> None:
    people = [(1, "touched", True), (2, "holdout", False), (3, "long_holdout", True), (4, None, True)]
    arms = rows(derived.ARMS, ["user_id", "touch"], [(p[0], p[1]) for p in people])
    outcomes = rows(derived.OUTCOMES, ["user_id", "is_active"], [(p[0], p[2]) for p in people])
    assert bands.base_rates(arms, outcomes, {"active": "is_active"}) == {"active": 0.5}


@pytest.mark.rules
def test_every_user_has_exactly_one_tier(rows: Rows, settings: CampaignSettings) -> None:
    scores = rows(derived.SCORES, ["user_id", "p_active"], [(n, n / 20) for n in range(21)])
    decided = bands.decide(bands.band_sizes(scores, settings.tiers), {}, settings.tiers, before={})
    found = bands.of_users(scores, decided, cycle="2026-06", settings=settings.tiers)
    counts = {row.tier: row["count"] for row in found.groupBy("tier").count().collect()}
    assert counts == {"natural_converter": 5, "high_potential": 12, "low_potential": 4}
    assert sum(band["users"] for band in decided) == 21
