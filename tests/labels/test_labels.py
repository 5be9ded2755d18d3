"""Labels: what happened in a settled month, at both clocks, and what may be said of whom."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import Rows
from reactivation import features, labels
from reactivation.contracts import canonical
from reactivation.errors import NotReady, SettingsError
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.rules

MAY = Month.parse("2026-05")
KINDS = features.ActivitySettings(function_groups={}, transaction_channels=("mobile",), asset_products=())
TRANSACTED = "coalesce(transaction_own_count, 0) >= 1"
ACTIVE = "coalesce(login_days_count, 0) >= 2 or coalesce(transaction_own_mobile_count, 0) >= 1"


def settings(is_active: str = ACTIVE) -> labels.LabelSettings:
    uplift = {"min_share": Decimal("0.10"), "min_amount": Decimal(100), "max_age_months": 2}
    return labels.LabelSettings.model_validate(
        {"is_active": is_active, "transacted": TRANSACTED, "asset_uplift": uplift}
    )


def labels_of_may(
    spark: SparkSession, sources: dict[str, DataFrame], calendar: Calendar, is_active: str = ACTIVE
) -> dict[int, Any]:
    settle_on = calendar.settle_on(MAY)
    found = labels.build(
        spark.createDataFrame([(str(MAY), user) for user in (1, 2, 3)], "cycle string, user_id bigint"),
        sources=sources,
        months=features.partials.in_window(
            sources, window=MAY.window, known_before=settle_on, calendar=calendar, settings=KINDS
        ),
        cycles=[MAY],
        usable_on=date(2026, 7, 1),
        calendar=calendar,
        settings=settings(is_active),
    )
    return {row.user_id: row for row in found.collect()}


def test_a_label_sees_what_happened_in_the_month_and_arrived_before_it_settled(spark: SparkSession, rows: Rows) -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    logins = rows(
        canonical.LOGINS,
        ["user_id", "event_at", "arrived_at"],
        [
            (1, "2026-04-30 16:00", "2026-05-01 00:00"),  # 00:00 on 1 May in Shanghai: the month's first instant
            (1, "2026-05-31 15:59", "2026-06-05 15:59"),  # its last minute, arrived in the last minute before settling
            (2, "2026-04-30 15:59", "2026-05-01 00:00"),  # still April there
            (2, "2026-05-10 10:00", "2026-05-10 10:00"),  # one day with a login: two are asked for
            (2, "2026-05-11 10:00", "2026-06-05 16:00"),  # arrived at the settle date, 00:00 in Shanghai: too late
            (4, "2026-05-10 10:00", "2026-05-10 10:00"),  # not signed up at the observation date: no label
        ],
    )
    transactions = rows(
        canonical.TRANSACTIONS,
        ["user_id", "event_at", "channel", "is_self_initiated"],
        [
            (2, "2026-05-12 10:00", "card", True),  # of own initiative, but not by mobile
            (2, "2026-05-12 10:00", "mobile", False),  # a standing order
        ],
    )
    sources = {"logins": logins, "transactions": transactions}
    found = labels_of_may(spark, sources, shanghai)
    assert {user: (row.cycle, row.is_active, row.transaction_count) for user, row in found.items()} == {
        1: ("2026-05", True, 0),
        2: ("2026-05", False, 1),
        3: ("2026-05", False, 0),  # did nothing at all: a label all the same
    }
    assert found[1].has_asset_uplift is None  # the region has no balances
    by_own = labels_of_may(spark, sources, shanghai, is_active="coalesce(transaction_own_count, 0) >= 1")
    assert {user for user, row in by_own.items() if row.is_active} == {2}


def test_what_is_absent_is_not_known_and_what_was_not_done_is_false(spark: SparkSession, rows: Rows) -> None:
    utc = Calendar(zone="UTC", settle_days=0)
    columns = ["user_id", "event_at", "is_self_initiated"]
    sources = {"transactions": rows(canonical.TRANSACTIONS, columns, [(1, "2026-05-12 10:00", True)])}
    straight = features.partials.in_window(
        sources, window=MAY.window, known_before=date(2026, 6, 1), calendar=utc, settings=KINDS
    )
    spine = spark.createDataFrame([(1,), (2,)], "user_id bigint")
    behaviour = labels.behaviour(sources, straight, settings("coalesce(transaction_own_count, 0) >= 1"))
    found = labels.on_spine(spine, behaviour, sources).collect()
    facts = {row.user_id: (row.logged_in, row.transacted, row.is_active, row.transaction_count) for row in found}
    assert facts == {1: (None, True, True, 1), 2: (None, False, False, 0)}
    with pytest.raises(SettingsError, match=r"labels\.is_active"):
        labels.behaviour(sources, straight, settings("login_dais >= 1"))


def test_a_month_that_has_not_settled_has_no_labels(spark: SparkSession, rows: Rows, utc: Calendar) -> None:
    logins = rows(canonical.LOGINS, ["user_id", "event_at"], [(1, "2026-05-12 10:00")])
    with pytest.raises(NotReady, match="settles on 2026-06-06"):
        labels.build(
            logins,
            sources={"logins": logins},
            months=logins,
            cycles=[MAY],
            usable_on=date(2026, 6, 5),  # the day before
            calendar=utc,
            settings=settings(),
        )


CHANGES = [
    # balances as (day, arrival, product, balance); change in May; uplift
    ("more than a tenth and more than 100", [("04-30", 1, 1000), ("05-31", 1, 1101)], 101, True),
    ("exactly 100 is not more than 100", [("04-30", 1, 500), ("05-31", 1, 600)], 100, False),
    ("exactly a tenth is not more than a tenth", [("04-30", 1, 2000), ("05-31", 1, 2200)], 200, False),
    ("the end is the last day of the month, not the first of the next", [("04-30", 1, 0), ("06-01", 1, 900)], 0, False),
    ("nothing known at the start", [("05-01", 1, 0), ("05-31", 1, 900)], None, None),
    ("the start is carried forward two months", [("03-01", 1, 0), ("05-31", 1, 900)], 900, True),
    ("and not longer", [("02-28", 1, 0), ("05-31", 1, 900)], None, None),
    ("at the end nothing fresh is known", [("03-15", 1, 0)], None, None),
    ("a correction that arrived before settling", [("04-30", 1, 0), ("05-31", 1, 900), ("05-31", 5, 50)], 50, False),
    ("a correction that arrived later", [("04-30", 1, 0), ("05-31", 1, 900), ("05-31", 6, 50)], 900, True),
    ("from below zero", [("04-30", 1, -300), ("05-31", 1, -150)], 150, True),
]


def test_asset_change_is_the_months_end_against_its_start(rows: Rows, utc: Calendar) -> None:
    values = [
        (user, f"2026-{day}", f"2026-06-{arrival:02d}", "deposit", balance)
        for user, (_, balances, _, _) in enumerate(CHANGES)
        for day, arrival, balance in balances
    ]
    values += [
        (99, "2026-04-30", "2026-05-01", "deposit", 500),
        (99, "2026-05-31", "2026-06-01", "deposit", 200),
        (99, "2026-05-31", "2026-06-01", "fund", 450),  # a product first seen in the month: it began at 0
    ]
    snapshots = rows(canonical.ASSET_SNAPSHOTS, ["user_id", "snapshot_on", "arrived_at", "product", "balance"], values)
    found = labels.asset_change(
        snapshots, month=MAY, known_before=date(2026, 6, 6), calendar=utc, settings=settings()
    ).collect()
    facts = {row.user_id: (row.asset_change, row.has_asset_uplift) for row in found}
    for user, (sentence, _, change, uplift) in enumerate(CHANGES):
        expected = (None if change is None else Decimal(change), uplift)
        assert facts.get(user, (None, None)) == expected, sentence
    assert facts[99] == (Decimal(150), True)
    assert (
        labels.asset_change(None, month=MAY, known_before=date(2026, 6, 6), calendar=utc, settings=settings()).count()
        == 0
    )
