"""Bands, what past months say of them, and the tier that follows."""

from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation.campaign import CampaignSettings, tiers
from reactivation.campaign.tiers import Evidence, Seen
from reactivation.tables import derived


@pytest.mark.rules
def test_a_score_on_a_border_belongs_to_the_band_above_it(spark: SparkSession, settings: CampaignSettings) -> None:
    values = [(1.0, 1), (0.8, 1), (0.7999, 2), (0.5, 2), (0.2, 3), (0.1999, 4), (0.0, 4), (None, 4)]
    scores = spark.createDataFrame(values, "p_active double, expected int")
    found = scores.select("expected", tiers.band(F.col("p_active"), settings.tiers).alias("band"))
    assert found.where("band <> expected").isEmpty()


@pytest.mark.rules
def test_only_users_whom_chance_barred_are_untouched(spark: SparkSession, rows: Rows, conf: dict[str, Any]) -> None:
    conf["tiers"]["unrandomised_cycles"] = ["2026-03"]
    settings = CampaignSettings.model_validate(conf).tiers
    people = [
        # user, cycle, policy, is_selected, touch, is_active
        (1, "2026-04", "model", True, "touched", True),
        (2, "2026-04", "model", True, "holdout", False),
        (3, "2026-04", "model", False, "touched", False),  # open to contact, got none: not untouched
        (4, "2026-04", "model", False, "long_holdout", True),  # barred, though nobody picked him: untouched
        (5, "2026-04", "none", False, None, True),  # not drawn: no evidence
        (6, "2026-03", "model", True, "holdout", True),  # a month without a draw: no evidence
    ]
    arms = rows(derived.ARMS, ["user_id", "cycle", "policy", "is_selected", "touch"], [person[:5] for person in people])
    scores = rows(derived.SCORES, ["user_id", "cycle", "p_active"], [(p[0], p[1], 0.6) for p in people])
    outcomes = rows(derived.OUTCOMES, ["user_id", "cycle", "is_active"], [(p[0], p[1], p[5]) for p in people])
    seen = tiers.observe(scores, arms, outcomes, settings=settings)
    assert seen == [Seen("2026-04", "model", 2, 4, 2, 1, 1, 1, 1, 0)]
    assert tiers.base_rates(arms, outcomes, {"active": "is_active"}) == {"active": pytest.approx(2 / 3)}


@pytest.mark.numbers
def test_months_with_few_untouched_weigh_as_much_as_they_have_users() -> None:
    seen = [
        Seen("2026-03", "model", 1, 100, 50, 10, 25, 15, 25, 5),  # half untouched, of whom a fifth is active
        Seen("2026-04", "model", 1, 100, 10, 6, 90, 54, 10, 6),  # a tenth untouched, of whom three fifths are
    ]
    found = tiers.weigh(seen, bands=2)
    assert found[1].n_untouched == 60
    assert found[1].conversion_untouched == pytest.approx(0.4)  # the mean of 0.2 and 0.6; 16 of 60 would be 0.27
    assert found[1].lift_touched == pytest.approx((50 * 0.4 + 100 * 0.0) / 150)
    assert found[2] == Evidence()


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("seen", "tier", "basis"),
    [
        (Evidence(), "high_potential", "assumed"),
        (Evidence(9, 0.9), "high_potential", "assumed"),  # nine users are no evidence
        (Evidence(10, 0.9), "natural_converter", "observed"),
        (Evidence(10, 0.9, 10, 10, 0.01), "natural_converter", "observed"),
        (Evidence(10, 0.9, 10, 10, 0.05), "high_potential", "observed"),  # contacts do move them
        (Evidence(10, 0.9, 9, 10, 0.05), "natural_converter", "observed"),  # too few touched to say so
        (Evidence(10, 0.05), "low_potential", "observed"),
        (Evidence(10, 0.1), "high_potential", "observed"),
    ],
)
def test_evidence_comes_before_assumption(settings: CampaignSettings, seen: Evidence, tier: str, basis: str) -> None:
    found = tiers.decide({3: 7}, {3: seen}, settings.tiers)
    assert [row["band"] for row in found] == [1, 2, 3, 4]
    assert [(row["tier"], row["basis"], row["users"]) for row in found if row["band"] == 3] == [(tier, basis, 7)]
    assert [row["tier"] for row in found if row["band"] != 3] == [
        "natural_converter",
        "high_potential",
        "low_potential",
    ]


@pytest.mark.rules
def test_every_user_has_exactly_one_tier(rows: Rows, settings: CampaignSettings) -> None:
    scores = rows(derived.SCORES, ["user_id", "p_active"], [(n, n / 20) for n in range(21)])
    bands = tiers.decide(tiers.band_sizes(scores, settings.tiers), {}, settings.tiers)
    found = tiers.of_users(scores, bands, cycle="2026-06", settings=settings.tiers)
    counts = {row.tier: row["count"] for row in found.groupBy("tier").count().collect()}
    assert counts == {"natural_converter": 5, "high_potential": 12, "low_potential": 4}
    assert sum(band["users"] for band in bands) == 21
