"""Whether the feeds of permissions are fit to plan by."""

from datetime import date
from typing import Any

import pytest

from population.conftest import World, settings
from reactivation import population
from reactivation.periods import Calendar

pytestmark = pytest.mark.rules

JUNE = date(2026, 6, 12)
FINE = {
    "feed": "consents",
    "rows": 100,
    "without_user": 10,
    "recent_rows": 40,
    "recent_without_user": 4,
    "newest_on": date(2026, 6, 9),
}


def problems(*rows: dict[str, Any], delivered: dict[str, date | None] | None = None, **consent: Any) -> dict[str, str]:
    found = population.feed_problems(
        rows, delivered or {}, feeds=("consents",), sent_since=None, day=JUNE, settings=settings(consent=consent), few=3
    )
    return {f"{finding.kind}: {finding.what}": finding.advice for finding in found}


def test_a_feed_of_three_days_ago_and_a_tenth_without_user_are_just_fit() -> None:
    assert problems(FINE) == {}


def test_an_old_feed_stops_planning_unless_something_was_delivered_since() -> None:
    old = {**FINE, "newest_on": date(2026, 6, 8)}
    assert "the newest delivery is of 2026-06-08" in problems(old)["feed too old: consents"]
    assert problems(old, delivered={"consents": date(2026, 6, 9)}) == {}  # an empty file, on time
    assert "no delivery is known" in problems(delivered={"consents": None})["feed too old: consents"]
    assert problems(old, oldest_feed={"days": None, "reason": "thirty users, whose slips lie on a desk"}) == {}


def test_receipts_must_have_come_lately_once_contacts_went_out_as_long_ago() -> None:
    said: dict[str, Any] = {"feeds": population.FEEDS[2:], "day": JUNE, "few": 3}
    old = {**FINE, "feed": "contacts", "newest_on": date(2026, 6, 8)}

    def asked(sent_since: date | None, delivered_on: date | None = None, **consent: Any) -> list[str]:
        how = {**said, "sent_since": sent_since, "settings": settings(consent=consent)}
        found = population.feed_problems([old], {"contacts": delivered_on}, **how)
        return [f"{finding.kind}: {finding.what}" for finding in found]

    assert asked(None) == []  # nothing was released
    assert asked(date(2026, 6, 10)) == []  # none need be there yet
    assert asked(date(2026, 6, 9)) == ["feed too old: contacts"]
    assert asked(date(2026, 5, 6)) == ["feed too old: contacts"]
    assert asked(date(2026, 5, 6), date(2026, 6, 9)) == []  # an empty file, on time
    assert asked(date(2026, 5, 6), oldest_feed={"days": None, "reason": "a bank that is simulated"}) == []


def test_too_many_rows_that_do_not_say_whom_they_are_about_stop_planning() -> None:
    said = problems({**FINE, "without_user": 11})
    assert "11 of 100 rows (11.00%), above 0.1" in said["user unreadable: consents"]


def test_a_long_history_hides_no_broken_delivery() -> None:
    long = {**FINE, "rows": 100_000}
    assert problems(long) == {}
    said = problems({**long, "recent_without_user": 5})
    assert "5 of 40 rows of the last 31 days (12.50%), above 0.1" in said["user unreadable: consents"]
    few = {**long, "recent_rows": 4}  # as many may be slips of one desk
    assert problems({**few, "recent_without_user": 3}) == {}
    assert "4 of 4 rows of the last 31 days" in problems({**few, "recent_without_user": 4})["user unreadable: consents"]


def test_rows_are_counted_by_feed_whether_they_could_be_read_or_not(world: World, utc: Calendar) -> None:
    consents = [
        {"user_id": 1, "channel": "sms", "event_at": "2026-06-01", "is_allowed": True},
        {"user_id": 2, "channel": "sms", "event_at": "2026-06-05", "is_allowed": False},
        {"user_id": 3, "channel": "sms", "event_at": "2026-06-12", "is_allowed": False},  # not known yet
    ]
    sent = {"user_id": 1, "channel": "sms", "sent_at": "2026-06-10"}
    contacts = [{**sent, "status": "complained"}, {**sent, "status": "delivered"}]
    exclusions = [
        {"user_id": 1, "reason": "minor", "channel": "all", "from_on": "2026-06-02", "arrived_at": "2026-06-02"}
    ]
    unread = [
        ("consents", "bad_type", None, "2026-06-03", {"channel": "sms"}),
        ("consents", "bad_type", None, "2026-05-11", {"channel": "sms"}),  # longer ago than the last 31 days
        ("consents", "missing_channel", 2, "2026-06-11", {}),
        ("contacts", "bad_type", None, "2026-06-03", {"channel": "sms", "status": "opted_out"}),
        ("contacts", "bad_type", None, "2026-06-03", {"channel": "sms", "status": "clicked"}),
        ("exclusions", "missing_user_id", None, None, {"channel": "all"}),
    ]
    rows = population.feed_rows(world(consents, contacts, exclusions, unread), day=JUNE, calendar=utc)
    assert rows is not None
    found = {row.feed: tuple(row)[1:] for row in rows.collect()}
    assert found == {
        "consents": (7, 3, 6, 2, date(2026, 6, 5)),
        "exclusions": (2, 1, 2, 1, date(2026, 6, 2)),
        "contacts": (2, 0, 2, 0, date(2026, 6, 10)),
    }
