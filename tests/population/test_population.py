"""Who is in the programme: signed up, asleep, contactable, not contacted too often."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from population.conftest import World, settings
from reactivation import population
from reactivation.contracts import canonical
from reactivation.errors import SettingsError
from reactivation.periods import Calendar

pytestmark = pytest.mark.rules

JUNE = date(2026, 6, 1)


def test_signed_up_is_who_had_signed_up_and_not_left_as_known_before_the_day(rows: Rows, utc: Calendar) -> None:
    users = rows(
        canonical.USERS,
        ["user_id", "signed_up_on", "closed_on", "arrived_at", "segment"],
        [
            (1, "2026-05-31", None, "2026-05-31 23:59", "old"),  # the last day, known in the last minute
            (2, "2026-06-01", None, "2026-05-31", None),  # signs up on the day itself: not yet
            (3, "2026-05-01", None, "2026-06-01 00:00", None),  # not known yet
            (4, "2020-01-01", None, "2020-01-01", None),
            (4, "2020-01-01", "2026-05-31", "2026-05-31", None),  # closed the day before
            (5, "2020-01-01", None, "2020-01-01", "old"),
            (5, "2020-01-01", "2026-06-01", "2026-05-31", "new"),  # closes on the day: still there at 00:00
            (6, "2020-01-01", None, "2020-01-01", "old"),
            (6, "2020-01-01", "2026-05-20", "2026-06-02", "new"),  # closed, but that is not known yet
        ],
    )
    found = population.signed_up(users, day=JUNE, calendar=utc).collect()
    assert {row.user_id: row.segment for row in found} == {1: "old", 5: "new", 6: "old"}


def test_low_activity_is_an_expression_of_conf(spark: SparkSession) -> None:
    table = spark.createDataFrame([(1, 3.0), (2, 4.0), (3, None)], "user_id bigint, login_days_3m double")
    marked = population.mark_low_activity(table, settings()).collect()
    assert {row.user_id: row.is_low_activity for row in marked} == {1: True, 2: False, 3: False}
    for wrong in ("login_dais_3m <= 3", "login_days_3m <=", "login_days_3m"):
        with pytest.raises(SettingsError, match=r"population\.low_activity"):
            population.mark_low_activity(table, settings(low_activity=wrong))


def test_contactable_is_reachable_and_allowed_by_the_latest_decision_known(
    rows: Rows, utc: Calendar, world: World
) -> None:
    spine = rows(
        canonical.USERS,
        ["user_id", "signed_up_on", "has_phone", "has_push"],
        [(1, "2020-01-01", True, True), (2, "2020-01-01", True, None), (3, "2020-01-01", False, True)],
    )

    def contactable(consents: Any, contacts: Any) -> dict[int, str]:
        """Per user sms, push, call, profiling, contactable as one text."""
        names = ("user_id", "event_at", "arrived_at", "channel", "is_allowed")
        of_contacts = ("contact_id", "user_id", "sent_at", "arrived_at", "channel", "status")
        permissions = world(
            consents and [dict(zip(names, row, strict=True)) for row in consents],
            contacts and [dict(zip(of_contacts, row, strict=True)) for row in contacts],
        )
        found = population.contactable(spine, permissions, day=JUNE, calendar=utc, settings=settings()).collect()
        marks = ("can_sms", "can_push", "can_call", "is_profiling_allowed", "is_contactable")
        return {row.user_id: "".join(str(int(row[mark])) for mark in marks) for row in found}

    assert contactable(None, None) == {1: "11011", 2: "10011", 3: "01011"}  # by their bases: no calls
    consents = [
        (1, "2026-05-01", "2026-05-01", "sms", False),
        (1, "2026-05-20", "2026-05-20", "sms", True),  # the later decision counts
        (1, "2026-05-02", "2026-05-02", "call", True),
        (1, "2026-05-20", "2026-06-01", "push", False),  # refused, but that is not known yet
        (2, "2026-05-01", "2026-05-01", "sms", False),  # the only channel that reached the user
        (3, "2026-05-01", "2026-05-01", "profiling", False),
        (3, "2026-06-01", "2026-05-31", "profiling", True),  # on the day itself: too late
    ]
    assert contactable(consents, None) == {1: "11111", 2: "00010", 3: "01000"}
    contacts = [
        ("a", 1, "2026-05-10", "2026-05-25", "sms", "opted_out"),  # after the consent of 20 May: refuses
        ("b", 3, "2026-05-10", "2026-05-11", "push", "delivered"),  # says nothing of consent
        ("c", 1, "2026-05-10", "2026-06-01", "push", "opted_out"),  # not known yet
    ]
    assert contactable(consents, contacts) == {1: "01111", 2: "00010", 3: "01000"}


def test_the_contact_policy_counts_contacts_of_all_senders_before_the_day(rows: Rows, utc: Calendar) -> None:
    contacts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "arrived_at", "channel", "status"],
        [
            ("a", 1, "2026-05-02 00:00", "2026-05-02", "sms", "delivered"),  # the first of the 30 days: counts
            ("a", 1, "2026-05-02 00:00", "2026-05-03", "sms", "clicked"),  # a receipt of the same contact
            ("b", 1, "2026-05-01 23:59", "2026-05-02", "sms", "delivered"),  # a minute before them: does not
            ("c", 2, "2026-05-30 08:00", "2026-05-30", "push", "delivered"),  # 2 days ago: too soon for the next
            ("d", 3, "2026-05-29 08:00", "2026-05-29", "push", "delivered"),  # 3 days ago: enough
            ("e", 3, "2026-05-31 08:00", "2026-06-01", "push", "delivered"),  # not known yet
            ("f", 4, "2026-05-31 08:00", "2026-05-31", "push", "failed"),  # nobody was contacted
        ],
    )
    outside = rows(canonical.OUTSIDE_CONTACTS, ["user_id", "sent_at"], [(1, "2026-05-10 10:00")])

    def counted(ours: Any, others: Any, **policy: Any) -> dict[int, tuple[int, bool, bool]]:
        found = population.recently_contacted(
            ours, others, day=JUNE, calendar=utc, settings=settings(contact_policy=policy)
        ).collect()
        return {row.user_id: (row.recent_contacts, row.is_over_contact_limit, row.is_in_quiet_days) for row in found}

    assert counted(contacts, outside) == {1: (2, True, False), 2: (1, False, True), 3: (1, False, False)}
    assert counted(contacts, outside, counts_outside_contacts=False)[1] == (1, False, False)
    every = {1: (1, True, False), 2: (1, True, True), 3: (1, True, False)}
    assert counted(contacts, None, max_contacts=1) == every
    assert counted(None, None) == {}


def test_a_receipt_that_nobody_could_give_without_the_contact_is_one_and_no_other_is(rows: Rows, utc: Calendar) -> None:
    """A lone click is a contact; what failed or was never tried reached nobody."""
    reached = ("delivered", "answered", "clicked", "responded", "opted_out", "complained")
    others = ("failed", "not_reached", "stopped", "withdrawn", "rejected", "not_attempted")
    contacts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "channel", "status"],
        [(f"c{user}", user, "2026-05-30", "sms", status) for user, status in enumerate((*reached, *others))],
    )
    found = population.recently_contacted(contacts, None, day=JUNE, calendar=utc, settings=settings()).collect()
    assert {row.user_id: row.recent_contacts for row in found} == dict.fromkeys(range(len(reached)), 1)


def test_who_reacts_is_left_alone_for_the_days_of_the_cool_off_over_all_and_per_channel(
    rows: Rows, utc: Calendar
) -> None:
    contacts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "arrived_at", "channel", "status"],
        [
            ("a", 1, "2026-04-01", "2026-05-29", "push", "clicked"),  # sent long ago, clicked 3 days ago
            ("b", 2, "2026-04-01", "2026-05-28 23:59", "push", "responded"),  # 4 days ago
            ("c", 3, "2026-04-01", "2026-05-31", "push", "delivered"),  # no reaction of the user's
            ("d", 4, "2026-04-01", "2026-06-01", "push", "clicked"),  # not known yet
            ("e", 5, "2026-04-01", "2026-05-31", "call", "answered"),
        ],
    )

    def quiet(**policy: Any) -> dict[int, tuple[bool, bool, bool]]:
        limits = settings(contact_policy={"window_days": 5, "min_days_between": 1, **policy})
        found = population.recently_contacted(contacts, None, day=JUNE, calendar=utc, settings=limits).collect()
        names = ("is_in_quiet_days", "is_over_push_limit", "is_over_call_limit")
        return {row.user_id: tuple(row[name] for name in names) for row in found}

    assert quiet(cool_off_days=4) == {1: (True, False, False), 5: (True, False, False)}
    assert quiet(cool_off_days=3) == {5: (True, False, False)}
    of_push = {"window_days": 5, "max_contacts": 9, "min_days_between": 1, "cool_off_days": 4}
    assert quiet(channels={"push": of_push}) == {1: (False, True, False), 5: (False, False, False)}
    assert quiet() == {}


def test_a_call_is_held_against_contacts_ahead_of_each_day_on_which_it_may_be_made(rows: Rows, utc: Calendar) -> None:
    contacts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "arrived_at", "channel", "status"],
        [
            (
                "a",
                1,
                "2026-06-05",
                "2026-05-30",
                "sms",
                "delivered",
            ),  # two days after the last day of calling
            ("b", 2, "2026-06-06", "2026-05-30", "sms", "delivered"),  # three days after it
            ("c", 3, "2026-06-02", "2026-05-30", "sms", "delivered"),  # too near on the first day already
            ("d", 4, "2026-06-12", "2026-05-30", "call", "delivered"),  # nine days after it
            ("e", 5, "2026-06-13", "2026-05-30", "call", "delivered"),
            ("f", 6, "2026-05-29", "2026-05-30", "sms", "delivered"),  # behind: what counts is the first day
        ],
    )
    call = {"window_days": 9, "max_contacts": 1, "min_days_between": 0, "cool_off_days": 0}
    limits = settings(contact_policy={"max_contacts": 9, "channels": {"call": call}})
    how: dict[str, Any] = {"day": JUNE, "calendar": utc, "settings": limits}
    names = ("is_over_contact_limit", "is_in_quiet_days", "is_over_sms_limit", "is_over_call_limit")

    def found(**sent_until: date) -> dict[int, str]:
        asked = population.recently_contacted(contacts, None, **how, sent_until=sent_until).collect()
        return {row.user_id: "".join(str(int(row[name])) for name in names) for row in asked}

    near = found(sms=JUNE, call=date(2026, 6, 3))
    assert near == {1: "0001", 2: "0000", 3: "0100", 4: "0001", 5: "0000", 6: "0000"}
    assert set(found(call=JUNE).values()) == {"0000", "0100"}  # on its first day alone
