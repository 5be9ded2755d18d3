"""Raw rows, one per rule, through whole ingests: what is kept, what waits, what was there already."""

import pytest
from pyspark.sql import DataFrame, SparkSession

from ingest.warehouse import Warehouse, raw

pytestmark = pytest.mark.rules


@pytest.fixture
def users(spark: SparkSession) -> DataFrame:
    return raw(
        spark,
        "user_id signed_up_on closed_on arrived_at gender",
        [
            ("1", "2026-01-05", None, "2026-01-05 03:00", "f"),
            ("1", "2026-01-05", None, "2026-04-02 03:00", "m"),  # a second version
            ("1", "2026-01-05", None, "2026-04-03 03:00", "f"),  # back to the first: a version, not a duplicate
            ("1", "2026-01-05", None, "2026-04-03 03:00", "f"),  # the same arrival again: a duplicate
            ("1", "2026-01-05", None, "2026-04-03 03:00", "x"),  # and one that contradicts it
            ("2", "2026-02-01", None, None, "f"),  # no arrival: known since sign-up, 00:00 in Shanghai
            ("3", "2026-04-20", None, "2026-05-10 03:00", "m"),  # known to the warehouse in May only
            ("5", "2026-04-20", None, "2026-04-20 03:00", "f"),
            ("4", "2026-03-01", "2026-02-01", "2026-03-01 03:00", "m"),  # closed before it began
        ],
    )


@pytest.fixture
def logins(spark: SparkSession) -> DataFrame:
    return raw(
        spark,
        "user_id login_time arrived_at secs event_id",
        [
            ("1", "2026-04-10 01:00", "2026-04-10 02:00", "30", None),  # kept
            ("1", "2026-04-10 01:00", "2026-04-11 02:00", "30", None),  # the same, a day later
            ("1", "2026-04-10 01:00", "2026-05-02 02:00", "30", None),  # the same again, one arrival month later
            ("1", "2026-04-10 01:00", "2026-05-02 02:00", "31", None),  # not the same: kept, late
            ("1", "2026-04-12 01:00", "2026-04-12 02:00", "9", "E1"),  # kept
            ("1", "2026-04-12 01:05", "2026-05-01 02:00", "8", "E1"),  # the same number: the same event
            ("2", "2026-02-01 00:00", "2026-02-01 00:00", None, None),  # an optional value is missing: kept
            ("3", "2026-04-25 01:00", "2026-04-25 02:00", "5", None),  # waits until May knows user 3
            ("3", "2026-04-25 01:00", "2026-04-26 02:00", "5", None),  # waits too, and is a duplicate then
            ("9", "2026-04-25 01:00", "2026-04-25 02:00", "5", None),  # nobody ever knows user 9
            ("1", "2026-04-30 15:59", "2026-04-30 16:00", "1", None),  # arrives at 00:00 on 1 May in Shanghai
            ("x", "2026-04-10 01:00", "2026-04-10 02:00", "30", None),
            (None, "2026-04-10 01:00", "2026-04-10 02:00", "30", None),
            ("1", "yesterday", "2026-04-10 02:00", "30", None),
            ("1", "2026-04-10 01:00", "2026-04-10 02:00", "-1", None),
            ("1", "2026-04-10 03:00", "2026-04-10 02:00", "30", None),  # happened after it arrived
            ("1", "1970-01-01 00:00", "2026-04-10 02:00", "30", None),
            ("1", "2026-04-10 01:00", None, "30", None),
            ("1", "2026-04-10 01:00", "soon", "30", None),
        ],
    )


@pytest.fixture
def balances(spark: SparkSession) -> DataFrame:
    return raw(
        spark,
        "user_id snapshot_on arrived_at product balance",
        [
            ("1", "2026-04-30", "2026-05-01 02:00", "deposit", "10.50"),  # the month's end arrives in the next
            ("1", "2026-04-30", "2026-05-03 02:00", "deposit", "12.00"),  # a correction: a further version
            ("1", "2026-04-30", "2026-05-04 02:00", "deposit", "12.0"),  # said twice
            ("1", "2026-04-20", "2026-04-21 02:00", "deposit", "9"),
            ("1", "2026-04-20", "2026-05-06 02:00", "deposit", "9.0"),  # said twice, one arrival month later
            ("1", "2026-04-29", "2026-04-30 02:00", "gold", "1"),  # a product nobody follows
            # two that came before their user was known, so both count as arrived when the user did: the later one stays
            ("5", "2026-04-18", "2026-04-19 02:00", "deposit", "1"),
            ("5", "2026-04-18", "2026-04-19 05:00", "deposit", "2"),
        ],
    )


def test_rows_find_their_place_month_by_month_as_in_one_pass(
    spark: SparkSession, users: DataFrame, logins: DataFrame, balances: DataFrame
) -> None:
    tables = {"users": users, "logins": logins, "asset_snapshots": balances}
    bank = Warehouse(spark, tables)
    bank.ingest("2026-05-01")

    april = sorted((r.user_id, str(r.event_at)[:16], r.session_seconds) for r in bank.rows("logins") if r.user_id == 1)
    assert april == [(1, "2026-04-10 01:00", 30), (1, "2026-04-12 01:00", 9)]  # the midnight row is not there yet
    assert sorted((r.reason, r.cycle) for r in bank.rows("quarantine") if r.source == "logins") == [
        ("bad_type", "2026-04"),  # user x
        ("bad_type", "2026-04"),  # happened yesterday
        ("bad_type", "undated"),  # arrived soon
        ("event_after_arrival", "2026-04"),
        ("impossible_event_at", "2026-04"),
        ("missing_arrived_at", "undated"),
        ("missing_user_id", "2026-04"),
        ("negative_session_seconds", "2026-04"),
        ("unknown_user", "2026-04"),
        ("unknown_user", "2026-04"),
        ("unknown_user", "2026-04"),
    ]
    yesterday = next(r for r in bank.rows("quarantine") if "yesterday" in r.row_json)
    assert yesterday.detail == "event_at cannot be read as timestamp: yesterday"
    assert yesterday.row_json == (
        '{"user_id":"1","event_at":"yesterday","arrived_at":"2026-04-10 02:00:00Z","session_seconds":"30"}'
    )
    others = sorted((r.source, r.reason) for r in bank.rows("quarantine") if r.source != "logins")
    assert others == [
        ("asset_snapshots", "not_allowed_product"),
        ("asset_snapshots", "repeated_key"),
        ("users", "closed_before_sign_up"),
        ("users", "repeated_key"),
    ]
    versions = sorted((r.user_id, str(r.arrived_at)[:16], r.gender) for r in bank.rows("users"))
    assert versions == [
        (1, "2026-01-05 03:00", "f"),
        (1, "2026-04-02 03:00", "m"),
        (1, "2026-04-03 03:00", "f"),
        (2, "2026-01-31 16:00", "f"),  # the first instant of 1 February in Shanghai
        (5, "2026-04-20 03:00", "f"),
    ]

    bank.ingest("2026-05-08")
    assert not [r for r in bank.rows("logins") if r.user_id == 3]  # user 3 is still unknown on 8 May
    bank.ingest("2026-06-01")

    may = sorted(
        (r.user_id, str(r.event_at)[:16], r.session_seconds, str(r.arrived_at)[:16])
        for r in bank.rows("logins")
        if r.arrival_cycle == "2026-05"
    )
    assert may == [
        (1, "2026-04-10 01:00", 31, "2026-05-02 02:00"),
        (1, "2026-04-30 15:59", 1, "2026-04-30 16:00"),
        (3, "2026-04-25 01:00", 5, "2026-05-10 03:00"),  # counts as arrived when user 3 did
    ]
    assert sorted((str(r.arrived_at)[:10], str(r.balance)) for r in bank.rows("asset_snapshots")) == [
        ("2026-04-20", "2.00"),
        ("2026-04-21", "9.00"),
        ("2026-05-01", "10.50"),
        ("2026-05-03", "12.00"),
    ]
    counts = {(r.source, r.cycle): r for r in bank.rows("ingest_counts")}
    april_logins, may_logins = counts["logins", "2026-04"], counts["logins", "2026-05"]
    # 2 kept, 6 broken, 3 of unknown users, 1 repeated
    assert (april_logins.rows_in, april_logins.rows_kept, april_logins.rows_duplicate) == (12, 2, 1)
    # in: 4 that came in May and 2 that had waited; kept: 3; the same row thrice, the number E1, the other that waited
    assert (may_logins.rows_in, may_logins.rows_readmitted, may_logins.rows_kept, may_logins.rows_duplicate) == (
        *(6, 2),
        *(3, 3),
    )

    incremental = bank.everything()
    bank.ingest("2026-05-20")  # earlier than what was taken: May is not cut shorter
    assert bank.everything() == incremental
    rebuilt = Warehouse(spark, tables)
    rebuilt.ingest("2026-06-01")  # all history in one pass
    assert rebuilt.everything() == incremental


def test_nobody_signs_up_before_being_born(spark: SparkSession) -> None:
    users = [
        ("1", "2026-01-05", "2026-01-05 03:00", "2026"),  # a child's account, or a slip: possible
        ("2", "2026-01-05", "2026-01-05 03:00", "2030"),
        ("3", "2026-01-05", "2026-01-05 03:00", None),
    ]
    logins = raw(spark, "user_id login_time arrived_at secs", [("1", "2026-04-10 01:00", "2026-04-10 02:00", "3")])
    bank = Warehouse(
        spark, {"users": raw(spark, "user_id signed_up_on arrived_at birth_year", users), "logins": logins}
    )
    bank.ingest("2026-05-01")
    assert [(r.user_id, r.reason, r.detail) for r in bank.rows("quarantine")] == [
        (2, "born_after_sign_up", "born in 2030, signed up on 2026-01-05"),
    ]
    assert sorted(r.user_id for r in bank.rows("users")) == [1, 3]
