"""Active days, weeks and what came later, from masks of days."""

from datetime import date

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from reactivation import features, labels
from reactivation.contracts import canonical
from reactivation.features import ActivitySettings
from reactivation.periods import Calendar, Window

pytestmark = pytest.mark.rules

WINDOW = Window(date(2026, 6, 8), date(2026, 7, 1))
SETTINGS = labels.LabelSettings.model_validate(
    {
        "is_active": "login_days_count >= 1",
        "transacted": "transaction_own_count >= 1",
        "asset_uplift": {"min_share": 0.1, "min_amount": 1, "max_age_months": 3},
    }
)
ACTIVITY = ActivitySettings(function_groups={}, transaction_channels=("mobile",), asset_products=())


def test_a_day_is_active_by_a_login_or_an_own_mobile_transaction(
    spark: SparkSession, rows: Rows, utc: Calendar
) -> None:
    logins = rows(
        canonical.LOGINS,
        ["user_id", "event_at"],
        [
            (1, "2026-06-07 23:59"),  # before the window
            (1, "2026-06-08 00:00"),
            (1, "2026-06-08 12:00"),  # the same day
            (1, "2026-06-30 23:59"),  # the last minute, in the fourth week
        ],
    )
    transactions = rows(
        canonical.TRANSACTIONS,
        ["user_id", "event_at", "channel", "is_self_initiated"],
        [
            (1, "2026-06-08 09:00", "mobile", True),  # a day with a login as well
            (1, "2026-06-15 09:00", "mobile", True),  # the second week's first day
            (2, "2026-06-15 09:00", "card", True),
            (2, "2026-06-16 09:00", "mobile", False),  # a fee
        ],
    )
    sources = {"logins": logins, "transactions": transactions}
    straight = features.partials.in_window(
        sources,
        window=WINDOW,
        known_before=date(2026, 7, 6),
        calendar=utc,
        settings=ACTIVITY,
        extra=labels.MEASURES,
    )
    users = spark.createDataFrame([(1,), (2,), (3,)], "user_id bigint")
    known = labels.on_spine(users, labels.behaviour(sources, straight, SETTINGS), sources)
    names = ("user_id", "active_days", "active_weeks", "first_login_day")
    found = labels.with_active_days(known, WINDOW).select(*names).collect()
    assert sorted(tuple(row) for row in found) == [(1, 3, 0b1011, 8), (2, 0, 0, None), (3, 0, 0, None)]
    later = labels.with_later(known, follow_up=Window(date(2026, 6, 1), date(2026, 6, 8))).collect()
    assert sorted(tuple(row) for row in later) == [(1, True, False), (2, False, False), (3, False, False)]


def test_active_days_are_not_known_without_logins_where_mobile_is_no_channel(
    spark: SparkSession, rows: Rows, utc: Calendar
) -> None:
    columns = ["user_id", "event_at", "channel", "is_self_initiated"]
    sources = {"transactions": rows(canonical.TRANSACTIONS, columns, [(1, "2026-06-09 09:00", "app", True)])}
    about = {"window": WINDOW, "known_before": date(2026, 7, 6), "calendar": utc, "extra": labels.MEASURES}
    users, asked = (
        spark.createDataFrame([(1,), (2,)], "user_id bigint"),
        SETTINGS.model_copy(update={"is_active": "transaction_own_count >= 1"}),
    )
    for channels, days, later in ((("app", "card"), None, None), (("app", "mobile"), 0, False)):
        kinds = ACTIVITY.model_copy(update={"transaction_channels": channels})
        straight = features.partials.in_window(sources, settings=kinds, **about)
        did = labels.behaviour(sources, straight, asked)
        known = labels.on_spine(users, did, sources, channels=channels)
        of_days = labels.with_active_days(known, WINDOW).select("active_days", "active_weeks").collect()
        assert {tuple(row) for row in of_days} == {(days, days)}
        follow_up = labels.with_later(known, follow_up=Window(date(2026, 6, 1), date(2026, 6, 15)))
        assert {row.active_after for row in follow_up.collect()} == {later}
