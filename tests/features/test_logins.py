"""Login features, from raw rows to values, at both clocks."""

from datetime import date
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from conftest import Rows
from reactivation import features
from reactivation.contracts import canonical
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.rules

KINDS = features.ActivitySettings(function_groups={}, transaction_channels=(), asset_products=())


def test_counts_and_days_stop_at_the_observation_date(
    spark: SparkSession, rows: Rows, utc: Calendar, features_at: Any
) -> None:
    logins = rows(
        canonical.LOGINS,
        ["user_id", "event_at", "arrived_at"],
        [
            (1, "2026-05-31 23:59", "2026-05-31 23:59"),  # the last minute before the observation date: counts
            (1, "2026-05-31 08:00", "2026-05-31 08:00"),  # the same day again: two logins, one day
            (1, "2026-06-01 00:00", "2026-06-01 00:00"),  # the observation date itself: does not count
            (1, "2026-05-30 12:00", "2026-06-01 00:00"),  # happened before, arrived at the observation date: not known
            (2, "2026-03-01 00:00", "2026-03-01 00:00"),  # the first minute of the three months: counts
            (2, "2026-02-28 23:59", "2026-03-04 00:00"),  # a minute before them: counts for six months only
            (2, "2026-04-30 10:00", "2026-05-02 00:00"),  # a late row: known since May, counts for April
        ],
    )
    found = features_at({"logins": logins}, utc)
    expected = {
        "login_count_1m": [2.0, 0.0, 0.0],
        "login_count_3m": [2.0, 2.0, 0.0],
        "login_count_6m": [2.0, 3.0, 0.0],
        "login_days_1m": [1.0, 0.0, 0.0],
        "login_days_lag_2m": [0.0, 1.0, 0.0],  # April alone
        "login_months_6m": [1.0, 3.0, 0.0],
        "login_days_ratio_1m_3m": [1.0, 0.0, None],  # a share of nothing is not known
        "login_days_trend_3m": [1.0, -1.0, 0.0],
        "login_days_since_last": [1.0, 32.0, None],  # user 3 was never seen: counts are 0, recency is not known
    }
    assert_features(spark, found, expected)


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
            months = features.partials.in_window(
                {"logins": logins},
                window=Month.parse("2026-05").window,
                known_before=date(2026, 7, 1),
                calendar=shanghai,
                settings=KINDS,
            )
            assert [(r.user_id, r.event_month, r.login_days) for r in months.collect()] == [(1, "2026-05", 1 << 30)]
        finally:
            spark.conf.set("spark.sql.session.timeZone", "UTC")


def assert_features(spark: SparkSession, found: DataFrame, expected: dict[str, list[Any]]) -> None:
    """Compare named features of the users 1, 2, 3 with their expected values."""
    values = [(user, *[column[user - 1] for column in expected.values()]) for user in (1, 2, 3)]
    schema = "user_id bigint, " + ", ".join(f"{name} double" for name in expected)
    assert_df_equality(
        found.select("user_id", *expected),
        spark.createDataFrame(values, schema),
        ignore_row_order=True,
        ignore_nullable=True,
    )
