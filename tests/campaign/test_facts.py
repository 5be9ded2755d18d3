"""What a wave's conditions read of a user: branch, segment, age and the region's own, by plain names."""

from datetime import date

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from reactivation import campaign, population
from reactivation.contracts import canonical, derived
from reactivation.periods import Calendar
from reactivation.population import Permissions, PopulationSettings

pytestmark = pytest.mark.rules

DAY = date(2026, 6, 12)


def test_facts_have_the_master_data_and_the_regions_own_by_plain_names(
    spark: SparkSession, rows: Rows, utc: Calendar
) -> None:
    users = rows(canonical.USERS, ["user_id", "signed_up_on", "branch", "segment"], [(1, "2020-01-01", "B1", "x")])
    limits = {"window_days": 30, "max_contacts": 4, "min_days_between": 3, "cool_off_days": 0}
    settings = PopulationSettings.model_validate(
        {
            "low_activity": "true",
            "consent": {
                "purposes": [],
                "oldest_consent": {"days": 9},
                "oldest_feed": {"days": 9},
                "max_share_without_user": 0,
            },
            "contact_policy": {**limits, "counts_outside_contacts": True, "channels": {}},
        }
    )
    at = {"day": DAY, "calendar": utc, "settings": settings}
    names = "cycle string, user_id bigint, profile_age_years double, profile_segment string, profile_income double"
    facts = campaign.facts.gather(
        rows(derived.ARMS, ["cycle", "user_id", "policy"], [("2026-06", 1, "model")]),
        cells={"model": 1},
        tiers=rows(derived.TIERS_TABLE, ["cycle", "user_id", "tier"], [("2026-06", 1, "high_potential")]),
        scores=rows(derived.SCORES, ["cycle", "user_id"], [("2026-06", 1)]),
        features=spark.createDataFrame([("2026-06", 1, 29.0, "x", 2500.0)], names),
        to_date=spark.createDataFrame([], "user_id bigint"),
        reach=population.contactable(
            population.signed_up(users, day=DAY, calendar=utc),
            Permissions(date(1990, 1, 1)),
            **at,
            keep=campaign.facts.MASTER_DATA,
        ),
        recent=population.recently_contacted(None, None, **at),
    )
    found = facts.select("branch", "segment", "age", "income", "profile_income").collect()
    assert [tuple(row) for row in found] == [("B1", "x", 29.0, 2500.0, 2500.0)]
