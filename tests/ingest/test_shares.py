"""Nothing real is lost quietly: too many equal events stop an ingest, and values that cannot be read are shown."""

import re

import pytest
from pyspark.sql import SparkSession

from ingest.warehouse import SETTINGS, Warehouse, raw
from reactivation.errors import TooManyBadRows
from reactivation.ingest import shares

pytestmark = pytest.mark.rules

BOUND = SETTINGS.model_copy(update={"max_equal_share": 0.25, "max_bad_share": 0.5, "few_bad_rows": 1})
USERS = (
    "user_id signed_up_on arrived_at gender",
    [
        ("1", "2026-01-05", "2026-01-05 03:00", "f"),
        ("2", "2026-01-05", "2026-01-05 03:00", None),
    ],
)
NAMES = "user_id login_time arrived_at event_id secs"
AT, THEN = "2026-04-10 01:00", "2026-04-10 02:00"


def bank(spark: SparkSession, logins: list[tuple[str | None, ...]]) -> Warehouse:
    return Warehouse(
        spark,
        {"users": raw(spark, *USERS), "logins": raw(spark, NAMES, [(*row, None) for row in logins])},
        settings=BOUND,
    )


def test_equal_events_without_a_number_stop_the_ingest_with_examples(spark: SparkSession) -> None:
    logins = [
        ("1", AT, THEN, None),
        ("1", AT, THEN, None),
        ("1", AT, "2026-04-11 02:00", None),  # the same, a day later
        (
            "1",
            AT,
            "2026-05-11 02:00",
            None,
        ),  # and of another delivery: a month later, which is no sign of a lost column
        ("2", AT, THEN, None),  # of another user
    ]
    warehouse = bank(spark, logins)
    with pytest.raises(TooManyBadRows) as stopped:
        warehouse.ingest("2026-06-01")
    assert warehouse.tables == {}
    told = str(stopped.value)
    assert "more than 25.0% of a source's events (sources.max_equal_share) are equal; nothing was written" in told
    assert "2 of 5 rows are equal in all that is mapped: is `session_seconds`, `channel` missing?" in told
    assert "3 of one user with event_at '2026-04-10 01:00:00'" in told or "4 of one user" in told


def test_events_with_their_own_number_and_few_equal_ones_pass(spark: SparkSession) -> None:
    numbered = [("1", AT, THEN, "E1"), ("1", AT, THEN, "E1"), ("1", AT, THEN, "E1"), ("1", AT, THEN, "E2")]
    few = [("2", AT, THEN, None), ("2", AT, THEN, None), ("2", "2026-04-12 01:00", "2026-04-12 01:00", None)]
    warehouse = bank(spark, [*numbered, *few])
    batch = warehouse.ingest("2026-06-01")
    told = {row["source"]: row for row in batch.overview([r.asDict() for r in warehouse.rows("ingest_counts")])}
    assert (told["logins"]["in"], told["logins"]["kept"], told["logins"]["duplicate"]) == (7, 4, 3)
    assert told["logins"]["empty"] == "session_seconds 100%, channel 100%, event_id 43%"
    assert told["users"]["empty"].startswith("closed_on 100%, birth_year 100%, gender 50%")


def test_a_number_that_events_of_several_users_have_is_no_number_of_an_event(spark: SparkSession) -> None:
    logins = [
        ("1", AT, THEN, "E1"),  # kept: the earliest
        ("1", "2026-04-10 01:05", "2026-04-11 02:00", "E1"),  # the same event, corrected: a duplicate
        ("2", AT, "2026-04-11 02:00", "E1"),  # of another user
        ("2", AT, "2026-04-12 02:00", "E1"),
        ("2", AT, THEN, "N/A"),  # no number: what they say tells these two apart
        ("1", "2026-04-12 01:00", "2026-04-12 02:00", "N/A"),
        ("1", "2026-04-12 02:00", "2026-04-12 03:00", "2.02604E+13"),  # a number that lost its digits
    ]
    warehouse = bank(spark, logins)
    warehouse.ingest("2026-05-01")
    found = {(r.reason, r.detail) for r in warehouse.rows("quarantine")}
    assert found == {
        ("repeated_key", "event_id is that of another user's event too: E1"),
        ("bad_type", "event_id cannot be read as string: 2.02604E+13"),
    }
    april = next(r for r in warehouse.rows("ingest_counts") if r.source == "logins")
    assert (april.rows_in, april.rows_kept, april.rows_quarantined, april.rows_duplicate) == (7, 3, 3, 1)
    late = [*logins, ("2", "2026-04-10 03:00", "2026-05-02 02:00", "E1"), ("1", AT, "2026-05-02 02:00", "E1")]
    warehouse.raw = bank(spark, late).raw
    warehouse.ingest("2026-06-01")  # a stored row of another user says the same of a late one
    may = next(r for r in warehouse.rows("ingest_counts") if (r.source, r.cycle) == ("logins", "2026-05"))
    assert (may.rows_kept, may.rows_quarantined, may.rows_duplicate) == (0, 1, 1)
    everybody = [(user, AT, THEN, "id") for user in ("1", "2", "2", "2")]
    with pytest.raises(TooManyBadRows, match=r"3 of 4 \(75.0%\): repeated_key 3"):
        bank(spark, everybody).ingest("2026-05-01")


def test_a_sample_by_hash_keeps_equal_rows_together(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "_SAMPLE", 20)  # of 120 rows one value in six is compared, with all its rows
    times = [f"2026-04-10 01:{minute:02d}" for minute in range(60)]
    warehouse = bank(spark, [("1", at, THEN, None) for at in times for _ in (1, 2)])
    with pytest.raises(TooManyBadRows, match="about") as stopped:
        warehouse.ingest("2026-06-01")
    found = re.search(r"about (\d+) of (\d+) rows are equal", str(stopped.value))
    assert found is not None
    equal, compared = int(found[1]), int(found[2])
    assert 2 * equal == compared
    assert compared % 6 == 0


def test_a_value_that_cannot_be_read_is_told_with_its_column_and_three_of_its_kind(spark: SparkSession) -> None:
    bad = [("1", text, THEN, None) for text in ("soon", "later", "10/04/2026", "now", "now")]
    of_nobody = [("K+49 170-7", AT, THEN, None)]
    warehouse = bank(spark, [*bad, *of_nobody])
    with pytest.raises(TooManyBadRows) as stopped:
        warehouse.ingest("2026-06-01")
    assert (
        "6 of 6 (100.0%): bad_type of event_at 5 (such as '10/04/2026', 'later', 'now'), "
        "bad_type of user_id 1 (such as 'x+99 999-9')"
    ) in str(stopped.value)
