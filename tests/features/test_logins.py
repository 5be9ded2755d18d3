"""Login features, from raw rows to values, at both clocks."""

from datetime import date
from typing import Any

import pytest
from chispa import assert_df_equality
from conftest import Rows
from pyspark.sql import DataFrame, SparkSession

from reactivation import activity, features
from reactivation.periods import Calendar, Month
from reactivation.tables import canonical

pytestmark = pytest.mark.rules

JUNE = Month.parse("2026-06")
ACTIVITY = activity.ActivitySettings(function_groups={}, transaction_channels=(), asset_products=())
FEATURES = features.FeatureSettings(lookback_months=(1, 3))


def login_features(spark: SparkSession, logins: DataFrame, calendar: Calendar) -> DataFrame:
    """Features at 2026-06 of the users 1 to 3, by way of the partials of every arrival month."""
    arrivals = [str(row.arrival_cycle) for row in logins.select("arrival_cycle").distinct().collect()]
    parts = [
        activity.partials({"logins": logins}, arrival_cycle=Month.parse(m), calendar=calendar, settings=ACTIVITY)
        for m in arrivals
    ]
    stored = parts[0]
    for part in parts[1:]:
        stored = stored.unionByName(part)
    return features.build(
        spark.createDataFrame([(1,), (2,), (3,)], "user_id bigint"),
        activity.merge_months(stored, cycle=JUNE, settings=ACTIVITY, months=FEATURES.longest),
        measures=activity.measures(ACTIVITY)["logins"],
        features=[f for f in features.catalogue(["logins"], FEATURES)],
        cycle=JUNE,
        calendar=calendar,
        settings=FEATURES,
    )


def test_counts_and_days_stop_at_the_observation_date(spark: SparkSession, rows: Rows, utc: Calendar) -> None:
    logins = rows(
        canonical.LOGINS,
        ["user_id", "event_at", "arrived_at"],
        [
            (1, "2026-05-31 23:59", "2026-05-31 23:59"),  # the last minute before the observation date: counts
            (1, "2026-05-31 08:00", "2026-05-31 08:00"),  # the same day again: two logins, one day
            (1, "2026-06-01 00:00", "2026-06-01 00:00"),  # the observation date itself: does not count
            (1, "2026-05-30 12:00", "2026-06-01 00:00"),  # happened before, arrived at the observation date: not known
            (2, "2026-03-01 00:00", "2026-03-01 00:00"),  # the first minute of the three months: counts
            (2, "2026-02-28 23:59", "2026-03-04 00:00"),  # a minute before them: does not, whenever it arrived
            (2, "2026-04-30 10:00", "2026-05-02 00:00"),  # a late row: known since May, counts for April
        ],
    )
    found = login_features(spark, logins, utc)
    names = "user_id", "login_count_1m", "login_count_3m", "login_days_1m", "login_days_3m", "login_days_since_last"
    expected: list[tuple[Any, ...]] = [
        (1, 2.0, 2.0, 1.0, 1.0, 1.0),
        (2, 0.0, 2.0, 0.0, 2.0, 32.0),
        (3, 0.0, 0.0, 0.0, 0.0, None),  # never seen: counts are 0, recency is not known
    ]
    schema = "user_id bigint, " + ", ".join(f"{name} double" for name in names[1:])
    assert_df_equality(
        found.select(*names), spark.createDataFrame(expected, schema), ignore_row_order=True, ignore_nullable=True
    )


def test_months_are_cut_in_the_regions_zone_whatever_the_sessions_zone(spark: SparkSession, rows: Rows) -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    logins = rows(
        canonical.LOGINS,
        ["user_id", "event_at"],
        [
            (1, "2026-05-31 15:59"),  # 23:59 in Shanghai: still May
            (2, "2026-05-31 16:00"),  # 00:00 on 1 June there
        ],
    )
    for zone in ("UTC", "America/New_York"):
        spark.conf.set("spark.sql.session.timeZone", zone)
        try:
            months = activity.straight(
                {"logins": logins},
                window=Month.parse("2026-05").window,
                known_before=date(2026, 7, 1),
                calendar=shanghai,
                settings=ACTIVITY,
            )
            assert [(r.user_id, r.event_month, r.login_days) for r in months.collect()] == [(1, "2026-05", 1 << 30)]
        finally:
            spark.conf.set("spark.sql.session.timeZone", "UTC")
