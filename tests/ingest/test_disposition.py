"""What makes two rows one, and counts that are observed: literal rows of one source."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, Observation, Row, SparkSession
from pyspark.sql import functions as F

from ingest.warehouse import SHANGHAI, Warehouse, raw
from reactivation.contracts import canonical
from reactivation.frames import union_all
from reactivation.ingest import ArrivalRange, IngestContext, disposition
from reactivation.ingest.casting import Plausible
from reactivation.ingest.received import ReceivedRows, receive
from reactivation.periods import Month

pytestmark = pytest.mark.rules

MAY = Month.parse("2026-05")
CONTEXT = IngestContext(
    ArrivalRange(MAY, MAY, date(2026, 6, 1)), SHANGHAI, {}, Plausible(date(1990, 1, 1), date(2026, 6, 1), 366)
)
NAMES = "user_id event_at arrived_at transaction_type channel amount"


@pytest.fixture(scope="module")
def received(spark: SparkSession) -> ReceivedRows:
    values = [
        ("1", "2026-05-02 01:00", "2026-05-02 02:00", "mobile", None, "5"),
        ("1", "2026-05-02 01:00", "2026-05-02 03:00", "mobile", None, "5.00"),  # the same
        ("1", "2026-05-02 01:00", "2026-05-02 02:00", None, "mobile", "5"),  # not the same: another column is empty
        ("1", "2026-05-02 01:00", "2026-06-01 02:00", "mobile", None, "5"),  # arrives after the range
        ("1", "2026-04-02 01:00", "2026-04-02 02:00", "mobile", None, "5"),  # arrived before it
        ("1", "2026-05-02 01:00", "2026-05-02 02:00", "mobile", None, "100%"),  # no number
    ]
    return receive(raw(spark, NAMES, values), canonical.TRANSACTIONS, {}, CONTEXT)


def decided(received: ReceivedRows, stored: DataFrame | None = None) -> disposition.Decided:
    unchanged = {"raw_arrived_at": F.col("arrived_at"), "is_readmitted": F.lit(False)}
    admitted = received.rows.withColumns(unchanged)
    return disposition.decided(
        admitted, received.table, received.rules, stored=stored, months=["2026-05"], rows=3, numbered=0
    )


def test_rows_of_other_days_are_counted_or_left_alone(received: ReceivedRows) -> None:
    assert (received.count, received.taken, received.not_yet_arrived) == (4, 0, 1)


def test_an_empty_column_is_a_part_of_what_a_row_says(received: ReceivedRows) -> None:
    found = decided(received).kept().select("transaction_type", "channel").collect()
    assert {tuple(row) for row in found} == {("mobile", None), (None, "mobile")}


def test_a_quarantined_row_says_what_was_found(received: ReceivedRows) -> None:
    row = decided(received).rejected().collect()[0]
    assert (row.reason, row.detail) == ("bad_type", "amount cannot be read as decimal(18,2): 100%")


def test_rows_observed_twice_are_counted_by_a_query_and_what_differs_then_fails(received: ReceivedRows) -> None:
    rows = decided(received)
    twice = disposition.Decided(
        rows.table,
        rows.rules,
        rows.bad,
        rows.fine,
        rows.months,
        observed := Observation(),
    )
    union_all([rows.fine, rows.fine]).observe(
        observed,
        *[
            F.count_if((F.col("arrival_cycle") == "2026-05") & (F.col("disposition") == what)).alias(f"2026-05 {what}")
            for what in ("kept", "quarantined", "duplicate")
        ],
    ).collect()
    assert observed.get["2026-05 kept"] == 4
    assert twice.counted(2) == {("2026-05", "kept"): 2, ("2026-05", "duplicate"): 1}
    with pytest.raises(AssertionError, match="2 rows were to be written, the commit counts 3"):
        twice.counted(3)


def test_what_arrives_later_is_counted_until_it_has_arrived(spark: SparkSession) -> None:
    users = [("1", "2026-01-05", "2026-01-05 03:00", "f"), ("2", "2026-05-05", "2026-06-05 03:00", "f")]
    logins = [
        ("1", "2026-05-04 01:00", "2026-05-04 02:00", "6", None),
        ("1", "2026-05-04 01:00", "2026-06-04 02:00", "6", None),  # late: a repeat of a row without a hash
    ]
    bank = Warehouse(
        spark,
        {
            "users": raw(spark, "user_id signed_up_on arrived_at gender", users),
            "logins": raw(spark, "user_id login_time arrived_at secs event_id", logins),
        },
    )
    bank.ingest("2026-06-01")
    later = {(r.source, r.cycle): r.not_yet_arrived for r in bank.rows("ingest_counts") if r.not_yet_arrived}
    assert later == {("users", "undated"): 1, ("logins", "undated"): 1}
    of_another_release = [r.asDict() | {"row_hash": None} for r in bank.rows("logins")]
    bank.tables["logins"] = [Row(**r) for r in of_another_release]
    bank.tables["ingest_counts"] = [Row(**(r.asDict() | {"not_yet_arrived": None})) for r in bank.rows("ingest_counts")]
    bank.ingest("2026-07-01")
    assert {(r.source, r.cycle) for r in bank.rows("ingest_counts") if r.cycle == "undated"} == set()
    june = next(r for r in bank.rows("ingest_counts") if (r.source, r.cycle) == ("logins", "2026-06"))
    assert (june.rows_kept, june.rows_duplicate) == (0, 1)
