"""Raw rows looked at before any is taken, by month of the event: literal rows of one source."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from ingest.warehouse import SETTINGS, SHANGHAI, raw
from reactivation.contracts import canonical
from reactivation.frames import records
from reactivation.ingest import ArrivalRange, IngestContext, survey
from reactivation.ingest.casting import Plausible
from reactivation.periods import Month

pytestmark = pytest.mark.rules

CONTEXT = IngestContext(
    ArrivalRange(None, Month.parse("2026-05"), date(2026, 6, 1)),
    SHANGHAI,
    {},
    Plausible(date(1990, 1, 1), date(2026, 6, 1), 366),
)


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> DataFrame:
    values = [
        ("1", "2026-04-10 01:00", "2026-04-10 02:00", "5", "true"),
        ("1", "2026-04-10 01:00", "2026-05-10 02:00", "5.00", "true"),  # says the same, and arrives a month later
        ("2", "2026-04-30 15:59", "2026-05-01 02:00", None, "false"),  # the last minute of April in Shanghai
        ("2", "2026-04-30 16:00", "2026-05-01 02:00", "1", "true"),  # the first of May
        ("3", "2026-05-02 01:00", "2026-05-02 02:00", "one", "true"),  # no number
        ("3", "soon", "2026-05-02 02:00", "7", "true"),
    ]
    frame = raw(spark, "user_id event_at arrived_at amount is_self_initiated", values)
    return survey.checked(frame, canonical.TRANSACTIONS, CONTEXT)


@pytest.fixture(scope="module")
def counts(rows: DataFrame) -> list[dict[str, Any]]:
    return survey.by_source(records(survey.months({"transactions": rows}, CONTEXT)))["transactions"]


def test_rows_users_bad_equal_and_own_are_counted_by_month_of_the_event(counts: list[dict[str, Any]]) -> None:
    found = {row["month"]: row for row in counts}
    names = "rows", "users", "bad", "duplicates", "own", "empty_amount", "empty_channel", "first_arrival"
    assert {month: tuple(row[name] for name in names) for month, row in found.items()} == {
        "2026-04": (3, 2, 0, 1, 2, 1, 3, "2026-04"),
        "2026-05": (2, 2, 1, 0, 2, 1, 2, "2026-05"),
        "undated": (1, 1, 1, 0, 1, 0, 1, "2026-05"),
    }


def test_each_month_tells_how_many_rows_have_no_value_in_each_column(counts: list[dict[str, Any]]) -> None:
    told = survey.told(counts, canonical.TRANSACTIONS, newest=12)
    assert list(told[0]) == [
        *("source", "month", "rows", "users", "bad", "duplicates", "amount null", "is_self_initiated null"),
    ]
    assert [list(row.values()) for row in told] == [
        ["transactions", "2026-04", 3, 2, 0, 1, "33.3%", "0.0%"],  # one of three has no amount
        ["transactions", "2026-05", 2, 2, 1, 0, "50.0%", "0.0%"],  # `one` is no number, and so no value
        ["transactions", "all bad", 1, 1, 1, 0, "0.0%", "0.0%"],
    ]
    assert survey.never_given(counts, canonical.TRANSACTIONS) == ["transaction_type", "channel", "event_id"]


def test_months_of_mistaken_dates_hide_no_real_month() -> None:
    optional = ("transaction_type", "channel", "amount", "is_self_initiated", "event_id")
    filled = {f"empty_{name}": 0 for name in optional}

    def month(name: str, rows: int, bad: int) -> dict[str, Any]:
        return {"month": name, "rows": rows, "users": rows, "bad": bad, "duplicates": 0, **filled}

    known = [month("2026-03", 90, 0), month("2026-04", 80, 2), month("2099-01", 3, 3), month("2099-02", 1, 1)]
    told = survey.told(known, canonical.TRANSACTIONS, newest=1)
    assert [(row["month"], row["rows"], row["bad"]) for row in told] == [("2026-04", 80, 2), ("all bad", 4, 4)]
    assert [row["month"] for row in survey.told(known[:2], canonical.TRANSACTIONS, newest=2)] == ["2026-03", "2026-04"]


def test_what_would_stop_an_ingest_is_told(counts: list[dict[str, Any]]) -> None:
    strict = SETTINGS.model_copy(update={"max_equal_share": 0.1, "max_bad_share": 0.3})
    told = [f"{one.kind}: {one.advice}" for one in survey.stops(counts, canonical.TRANSACTIONS, strict)]
    assert told == [
        "bad rows: 2 of 6 break a rule (sources.max_bad_share)",
        "equal rows: 1 of 4 are equal in all that is mapped (sources.max_equal_share): "
        "is transaction_type, channel, event_id missing?",
    ]
    assert not [*survey.stops(counts, canonical.TRANSACTIONS, SETTINGS)]


def test_two_sources_are_counted_apart_each_with_its_own_columns(spark: SparkSession, rows: DataFrame) -> None:
    values = [("1", "2026-04-10 01:00", "2026-04-10 02:00", "30"), ("2", "2026-04-11 01:00", "2026-04-11 02:00", None)]
    logins = raw(spark, "user_id event_at arrived_at session_seconds", values)
    both = {"transactions": rows, "logins": survey.checked(logins, canonical.LOGINS, CONTEXT)}
    found = survey.by_source(records(survey.months(both, CONTEXT)))
    assert [(row["month"], row["rows"], row["users"], row["bad"]) for row in found["logins"]] == [("2026-04", 2, 2, 0)]
    assert {name: n for name, n in found["logins"][0].items() if name.startswith(("empty", "own"))} == {
        "empty_session_seconds": 1,
        "empty_channel": 2,
        "empty_event_id": 2,
    }
    assert [row["rows"] for row in found["transactions"]] == [3, 2, 1]


def test_users_of_whom_no_master_row_is_there_are_counted_by_source(spark: SparkSession, rows: DataFrame) -> None:
    users = raw(spark, "user_id signed_up_on", [("1", "2026-01-05")])
    known = {"users": survey.checked(users, canonical.USERS, CONTEXT), "transactions": rows}
    assert [tuple(row) for row in survey.strangers(known).collect()] == [("transactions", 1)]  # user 2; 3 is all bad
