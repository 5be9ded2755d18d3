"""Features from raw rows, by way of the partials of every arrival month, as the job makes them."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from pyspark.sql import DataFrame

from conftest import Rows
from reactivation import features, population
from reactivation.contracts import canonical
from reactivation.periods import Calendar, Month

JUNE = Month.parse("2026-06")
KINDS = features.ActivitySettings(
    function_groups={"payment": ("BILL_PAY", "TRANSFER")},
    transaction_channels=("mobile", "card"),
    asset_products=("deposit", "fund"),
)
SETTINGS = features.FeatureSettings(lookback_months=(1, 3, 6), min_history_months=1)

FeaturesAt = Callable[..., DataFrame]


@pytest.fixture
def features_at(rows: Rows) -> FeaturesAt:
    """Features of the users 1 to 3 at the observation date of 2026-06, or of other cycles."""
    signed_up = rows(canonical.USERS, ["user_id", "signed_up_on"], [(user, "2020-01-01") for user in (1, 2, 3)])

    def make(
        sources: Mapping[str, DataFrame],
        calendar: Calendar,
        cycles: Sequence[Month] = (JUNE,),
        months: DataFrame | None = None,
    ) -> DataFrame:
        stored = features.partials.by_arrival(sources, arrivals=arrivals(sources), calendar=calendar, settings=KINDS)
        if months is None:
            months = features.partials.merge_months(stored, cycles=cycles, settings=KINDS, months=SETTINGS.longest)
        return features.build(
            population.spine(sources.get("users", signed_up), cycles=cycles, calendar=calendar),
            months,
            measures=features.measures(KINDS),
            features=features.catalogue(["users", *sources], SETTINGS, kinds=KINDS),
            calendar=calendar,
            settings=SETTINGS,
        )

    return make


def arrivals(sources: Mapping[str, DataFrame]) -> list[Month]:
    """All arrival months of literal rows."""
    found = {row.arrival_cycle for table in sources.values() for row in table.select("arrival_cycle").collect()}
    return [Month.parse(month) for month in sorted(found)]
