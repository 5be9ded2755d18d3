"""A month taken on day by day is, at its end, the month taken in one pass; and it is taken again where it must be."""

import pytest
from pyspark.sql import DataFrame, SparkSession

from ingest.warehouse import Warehouse, raw
from reactivation.errors import SourceError

pytestmark = pytest.mark.rules

USERS = "user_id signed_up_on arrived_at gender"
LOGINS = "user_id login_time arrived_at secs event_id"
BALANCES = "user_id snapshot_on arrived_at product balance"


@pytest.fixture(scope="module")
def bank(spark: SparkSession) -> dict[str, DataFrame]:
    """May 2026: user 6 becomes known on the 10th, user 7 in June, user 8 never."""
    users = [
        ("1", "2026-01-05", "2026-01-05 03:00", "f"),
        ("1", "2026-01-05", "2026-05-03 03:00", "m"),
        ("1", "2026-01-05", "2026-05-10 03:00", "f"),  # back to the first
        ("1", "2026-01-05", "2026-05-10 03:00", "f"),  # the same arrival again
        ("6", "2026-05-01", "2026-05-10 03:00", "f"),
        ("7", "2026-05-01", "2026-06-02 03:00", "f"),
    ]
    logins = [
        ("1", "2026-04-10 01:00", "2026-04-10 02:00", "1", None),
        ("1", "2026-04-10 01:00", "2026-05-12 02:00", "1", None),  # again, a month and an ingest later
        ("1", "2026-04-11 01:00", "2026-05-04 02:00", "2", None),  # late
        ("1", "2026-04-11 01:00", "2026-05-12 02:00", "2", None),  # late again, an ingest later
        ("1", "2026-05-02 01:00", "2026-05-02 02:00", "3", None),
        (
            "1",
            "2026-05-02 01:00",
            "2026-05-09 02:00",
            "3",
            None,
        ),  # again in the second ingest, the third, the next month
        ("1", "2026-05-02 01:00", "2026-05-20 02:00", "3", None),
        ("1", "2026-05-02 01:00", "2026-06-01 02:00", "3", None),
        ("1", "2026-05-03 01:00", "2026-05-03 02:00", "4", "E7"),
        ("1", "2026-05-03 01:05", "2026-05-11 02:00", "5", "E7"),  # the same number: the same event
        ("6", "2026-05-04 01:00", "2026-05-04 02:00", "6", None),  # waits, and is taken back on the 10th
        ("6", "2026-05-04 01:00", "2026-05-05 02:00", "6", None),  # waits too, and is the same
        ("6", "2026-05-04 01:00", "2026-05-11 02:00", "6", None),  # the same again, once the user is known
        ("6", "2026-04-28 01:00", "2026-05-02 02:00", "7", None),  # waits, and came late
        ("6", "2026-04-28 01:00", "2026-05-15 02:00", "7", None),
        ("7", "2026-05-04 01:00", "2026-05-04 02:00", "8", None),  # waits until June
        ("7", "2026-05-20 01:00", "2026-05-20 02:00", "9", None),
        ("8", "2026-05-04 01:00", "2026-05-04 02:00", "10", None),
        ("1", "2026-05-03 01:00", "2026-05-03 02:00", "-1", None),
        ("1", "2026-05-14 01:00", "2026-05-14 02:00", "-1", None),
        ("1", "2026-05-14 01:00", "soon", "1", None),
        ("1", "2026-05-25 01:00", "2026-05-25 02:00", "11", None),
        ("1", "2026-06-02 01:00", "2026-06-02 02:00", "12", None),
    ]
    balances = [
        ("1", "2026-05-04", "2026-05-05 02:00", "deposit", "1"),
        ("1", "2026-05-04", "2026-05-08 02:00", "deposit", "2"),  # a correction
        ("1", "2026-05-04", "2026-05-14 02:00", "deposit", "2.0"),  # said twice, an ingest later
        (
            "6",
            "2026-05-04",
            "2026-05-05 01:00",
            "deposit",
            "3",
        ),  # both count as arrived when user 6 did: the later stays
        ("6", "2026-05-04", "2026-05-05 02:00", "deposit", "4"),
    ]
    return {
        "users": raw(spark, USERS, users),
        "logins": raw(spark, LOGINS, logins),
        "asset_snapshots": raw(spark, BALANCES, balances),
    }


@pytest.fixture(scope="module")
def after_5_may(spark: SparkSession, bank: dict[str, DataFrame]) -> Warehouse:
    warehouse = Warehouse(spark, bank)
    warehouse.ingest("2026-05-06")
    return warehouse


@pytest.fixture(scope="module")
def after_12_may(spark: SparkSession, bank: dict[str, DataFrame]) -> Warehouse:
    """The month to date, in one pass."""
    warehouse = Warehouse(spark, bank)
    warehouse.ingest("2026-05-13")
    return warehouse


@pytest.fixture
def begun(after_5_may: Warehouse) -> Warehouse:
    return after_5_may.copy()


def test_a_month_in_pieces_is_the_month_in_one_pass(
    spark: SparkSession, bank: dict[str, DataFrame], begun: Warehouse
) -> None:
    assert begun.ingest("2026-05-13").adds
    seconds = sorted(r.session_seconds for r in begun.rows("logins") if r.user_id == 6)
    assert seconds == [6, 7]  # out of the quarantine
    assert {r.user_id for r in begun.rows("quarantine") if r.reason == "unknown_user"} == {7, 8}
    last = begun.ingest("2026-06-04")
    assert (last.adds, str(last.arrivals.since)) == (True, "2026-05-13")

    assert sorted((r.session_seconds, str(r.arrived_at)[:10], r.arrival_cycle) for r in begun.rows("logins")) == [
        (1, "2026-04-10", "2026-04"),
        (2, "2026-05-04", "2026-05"),
        (3, "2026-05-02", "2026-05"),
        (4, "2026-05-03", "2026-05"),
        (6, "2026-05-10", "2026-05"),
        (7, "2026-05-10", "2026-05"),
        (8, "2026-06-02", "2026-06"),
        (9, "2026-06-02", "2026-06"),
        (11, "2026-05-25", "2026-05"),
        (12, "2026-06-02", "2026-06"),
    ]
    assert sorted(float(r.balance) for r in begun.rows("asset_snapshots")) == [1, 2, 4]
    assert len(begun.rows("users")) == 5
    may = next(r for r in begun.rows("ingest_counts") if (r.source, r.cycle) == ("logins", "2026-05"))
    assert (may.rows_in, may.rows_kept, may.rows_quarantined, may.rows_duplicate) == (19, 6, 5, 8)
    in_one_pass = Warehouse(spark, bank)
    in_one_pass.ingest("2026-06-04")
    assert begun.everything() == in_one_pass.everything()


def test_a_row_that_came_afterwards_with_an_earlier_arrival_brings_the_month_back(
    spark: SparkSession, begun: Warehouse
) -> None:
    row = raw(spark, LOGINS, [("1", "2026-05-03 05:00", "2026-05-03 06:00", "13", None)])
    begun.raw["logins"] = begun.raw["logins"].unionByName(row)
    assert not begun.ingest("2026-05-13").adds
    assert 13 in {r.session_seconds for r in begun.rows("logins")}


@pytest.mark.parametrize("table", ["logins", "quarantine"])
def test_a_write_that_was_broken_off_brings_the_month_back(
    begun: Warehouse, after_12_may: Warehouse, table: str
) -> None:
    part = "arrival_cycle" if table == "logins" else "cycle"
    begun.tables[table].append(next(r for r in begun.rows(table) if r[part] == "2026-05"))
    assert not begun.ingest("2026-05-13").adds
    assert begun.everything() == after_12_may.everything()


def test_a_month_asked_for_again_up_to_the_same_day_is_taken_whole(begun: Warehouse) -> None:
    before = begun.everything()
    assert not begun.ingest("2026-05-06").adds
    assert begun.everything() == before


def test_a_new_source_brings_no_month_back_whose_rows_are_gone(spark: SparkSession, bank: dict[str, DataFrame]) -> None:
    warehouse = Warehouse(spark, {name: bank[name] for name in ("users", "logins")})
    warehouse.ingest("2026-06-01")
    before = warehouse.everything()
    warehouse.raw = {**bank, "logins": bank["logins"].where("arrived_at >= '2026-05-01'")}  # raw keeps what is recent
    with pytest.raises(SourceError, match=r"logins 2026-04 +1 rows came before, 0 are there now"):
        warehouse.ingest("2026-06-04")
    assert warehouse.everything() == before

    warehouse.ingest("2026-06-04", force=True)
    assert "2026-04" not in {r.arrival_cycle for r in warehouse.rows("logins")}


@pytest.fixture(scope="module")
def after_3_june(spark: SparkSession, bank: dict[str, DataFrame]) -> Warehouse:
    row = raw(spark, LOGINS, [("1", "2026-05-31 01:00", "2026-06-02 02:00", "14", None)])  # late
    warehouse = Warehouse(spark, {**bank, "logins": bank["logins"].unionByName(row)})
    warehouse.ingest("2026-06-04")
    return warehouse


def test_a_closed_month_taken_again_holds_no_row_of_the_month_after_it(
    spark: SparkSession, after_3_june: Warehouse
) -> None:
    again, before = after_3_june.copy(), after_3_june.everything()
    again.ingest("2026-06-01")
    assert again.everything() == before
    row = raw(spark, LOGINS, [("1", "2026-05-31 01:00", "2026-05-31 02:00", "14", None)])  # delivered late
    again.raw["logins"] = again.raw["logins"].unionByName(row)
    again.ingest("2026-06-01")
    assert [r.arrival_cycle for r in again.rows("logins") if r.session_seconds == 14] == ["2026-05"]
    in_one_pass = Warehouse(spark, again.raw)
    in_one_pass.ingest("2026-06-04")
    assert again.everything() == in_one_pass.everything()


def test_a_closed_month_taken_again_does_not_shrink(after_3_june: Warehouse) -> None:
    again, before = after_3_june.copy(), after_3_june.everything()
    again.raw["logins"] = again.raw["logins"].where("arrived_at >= '2026-05-12'")  # raw keeps what is recent
    with pytest.raises(SourceError, match=r"logins 2026-05 +19 rows came before, 7 are there now"):
        again.ingest("2026-06-01")
    assert again.everything() == before
