"""Consent fails closed: who may be contacted and profiled, rule by rule."""

from datetime import date
from typing import Any

import pytest

from conftest import Rows
from population.conftest import BASIS, World, settings
from reactivation import population
from reactivation.contracts import canonical
from reactivation.periods import Calendar

pytestmark = pytest.mark.rules

JUNE = date(2026, 6, 1)
YES = {"user_id": 1, "event_at": "2026-03-01 10:00", "is_allowed": True}


@pytest.fixture
def found(rows: Rows, utc: Calendar) -> Any:
    """By user, sms push call profiling contactable and `u` where an unreadable row bars something, as one text."""
    values = [(number, "2020-01-01", True, True) for number in range(1, 8)]
    spine = rows(canonical.USERS, ["user_id", "signed_up_on", "has_phone", "has_push"], values)

    def ask(
        permissions: population.Permissions, *users: int, day: date = JUNE, sent_until: Any = None, **changes: Any
    ) -> Any:
        how: dict[str, Any] = {"day": day, "calendar": utc, "settings": settings(**changes)}
        reach = population.contactable(spine, permissions, **how, sent_until=sent_until)
        marks = ("can_sms", "can_push", "can_call", "is_profiling_allowed", "is_contactable")
        said = {
            row.user_id: "".join(str(int(row[mark])) for mark in marks) + ("u" if row.is_barred_unread else "")
            for row in reach.collect()
        }
        return [said[user] for user in users]

    return ask


def yes(user: int, channel: str, at: str = "2026-03-01 10:00", **more: Any) -> dict[str, Any]:
    return {"user_id": user, "channel": channel, "event_at": at, "is_allowed": True, **more}


def no(user: int, channel: str, at: str = "2026-03-01 10:00", **more: Any) -> dict[str, Any]:
    return {"user_id": user, "channel": channel, "event_at": at, "is_allowed": False, **more}


def all_of(user: int, at: str = "2026-03-01 10:00") -> list[dict[str, Any]]:
    return [yes(user, kind, at) for kind in ("sms", "push", "call", "profiling")]


def test_a_consent_that_cannot_be_read_bars_what_it_may_concern(found: Any, world: World) -> None:
    consents = [row for user in range(1, 8) for row in all_of(user)]
    at, came = "2026-04-01 10:00:00Z", "2026-04-02"
    unread = [
        ("consents", "missing_is_allowed", 1, came, {"channel": "sms", "event_at": at}),  # a null flag: sms
        ("consents", "not_allowed_channel", 2, came, {"channel": "SMS ", "event_at": at, "is_allowed": "false"}),
        ("consents", "not_allowed_channel", 3, came, {"channel": "all", "event_at": at, "is_allowed": "false"}),
        ("consents", "missing_channel", 4, came, {"event_at": at, "is_allowed": "false"}),  # which? each
        ("consents", "bad_type", 5, came, {"channel": "push", "event_at": "last week", "is_allowed": "false"}),
        ("consents", "bad_type", 6, came, {"channel": "Anruf", "event_at": at, "is_allowed": "maybe"}),
    ]
    permissions = world(consents, unread=unread, words={"anruf": "call"})
    assert found(permissions, *range(1, 8)) == [
        "01111u",
        "01111u",
        "00000u",
        "00000u",
        "10111u",
        "11011u",
        "11111",
    ]


def test_it_bars_from_its_time_or_its_arrival_until_a_readable_later_row(found: Any, world: World) -> None:
    consents = [row for user in range(1, 8) for row in all_of(user)]
    later = [yes(user, "sms", "2026-04-05 10:00") for user in (1, 2, 3, 4)]
    early = [yes(5, "sms", "2026-03-20 10:00", arrived_at="2026-05-20")]  # read later, but decided before
    unread = [
        ("consents", "bad_type", 1, "2026-04-10", {"channel": "sms", "event_at": "2026-04-01 10:00:00Z"}),  # before
        ("consents", "bad_type", 2, "2026-04-10", {"channel": "sms", "event_at": "in April"}),  # counts from arrival
        ("consents", "impossible_event_at", 3, "2026-04-10", {"channel": "sms", "event_at": "1970-01-01 10:00:00Z"}),
        ("consents", "event_after_arrival", 4, "2026-04-10", {"channel": "sms", "event_at": "2099-01-01 10:00:00Z"}),
        ("consents", "bad_type", 5, "2026-04-10", {"channel": "sms", "event_at": "2026-04-01 10:00:00Z"}),
        ("consents", "bad_type", 6, None, {"channel": "sms", "event_at": "when?"}),  # nothing known is later
        ("consents", "bad_type", 7, "2026-06-01", {"channel": "sms", "event_at": "2026-04-01 10:00:00Z"}),  # not yet
    ]
    permissions = world([*consents, *later, *early], unread=unread)
    assert found(permissions, *range(1, 8)) == ["11111", "01111u", "01111u", "01111u", "01111u", "01111u", "11111"]


def test_of_decisions_of_one_instant_the_refusal_counts_whichever_arrived_last(found: Any, world: World) -> None:
    """A feed of days: no, yes, no on one day; the second refusal says the same as the first, and is a duplicate."""
    day = "2026-05-10 00:00"
    consents = [
        *all_of(1),
        no(1, "sms", day, arrived_at="2026-05-10 09:00"),
        yes(1, "sms", day, arrived_at="2026-05-10 15:00"),
        yes(2, "call", day, arrived_at="2026-05-10 09:00"),
        yes(2, "call", day, arrived_at="2026-05-11 09:00", valid_until="2026-05-31"),  # told again, and ended since
        yes(3, "call", day, arrived_at="2026-05-10 09:00", valid_until="2026-05-31"),
        yes(3, "call", day, arrived_at="2026-05-11 09:00"),
    ]
    assert found(world(consents), 1, 2, 3) == ["01111", "11011", "11111"]


def test_a_row_that_waited_for_its_user_alone_is_no_row_that_cannot_be_read(found: Any, world: World) -> None:
    unread = [("consents", "unknown_user", 1, "2026-04-02", {"channel": "sms", "event_at": "2026-04-01 10:00:00Z"})]
    assert found(world(all_of(1), unread=unread), 1) == ["11111"]


def test_receipts_refuse_by_opt_out_and_by_complaint(found: Any, world: World) -> None:
    consents = [row for user in range(1, 8) for row in all_of(user)]
    sent = {"sent_at": "2026-04-01 10:00", "arrived_at": "2026-04-03"}
    contacts = [
        {"user_id": 1, "channel": "sms", "status": "opted_out", **sent},
        {"user_id": 2, "channel": "push", "status": "complained", **sent},
        {"user_id": 3, "channel": "sms", "status": "clicked", **sent},
    ]
    unread = [
        ("contacts", "repeated_key", 4, "2026-04-03", {"channel": "sms", "status": "opted_out"}),
        ("contacts", "not_allowed_status", 5, "2026-04-03", {"channel": "call", "status": "STOP"}),
        ("contacts", "not_allowed_channel", 6, "2026-04-03", {"channel": "fax", "status": "Complained"}),
        ("contacts", "bad_type", 7, "2026-04-03", {"channel": "sms", "status": "delivered"}),  # surely no refusal
    ]
    expected = ["01111", "10111", "11111", "01111u", "11011u", "00010u", "11111"]
    assert found(world(consents, contacts, unread=unread), *range(1, 8)) == expected
    of_no_status = [("contacts", "missing_status", 1, "2026-04-03", {"channel": "sms"})]  # it may be an opt-out
    assert found(world(consents, unread=of_no_status), 1) == ["01111u"]


def test_who_never_decided_is_not_allowed_but_on_a_basis_that_is_still_valid(found: Any, world: World) -> None:
    nobody_decided = world([])
    assert found(nobody_decided, 1, undecided={}) == ["00000"]
    assert found(nobody_decided, 1) == ["11011"]
    ended = {"undecided": {"sms": {**BASIS, "valid_until": "2026-05-31"}, "profiling": BASIS}}
    assert found(nobody_decided, 1, **ended) == ["00010"]
    assert found(nobody_decided, 1, day=date(2026, 5, 31), **ended) == ["10011"]


def test_an_expired_an_old_and_another_purposes_consent_is_none(found: Any, world: World) -> None:
    consents = [
        yes(1, "sms", valid_until="2026-05-31"),
        yes(2, "sms", valid_until="2026-06-01"),
        yes(3, "sms", "2025-01-01"),
        yes(4, "sms", purpose="statements"),
        yes(5, "sms", purpose="Marketing"),
        no(6, "sms", "2026-01-01"),
        yes(6, "sms", "2026-02-01", valid_until="2026-05-31"),  # ended: the refusal before it stands
        no(7, "sms", purpose="statements", valid_until="2026-05-31"),  # a refusal is one whatever it says
    ]
    none_undecided = {"undecided": {"profiling": BASIS}, "consent": {"oldest_consent": {"days": 300}}}
    allowed = found(world(consents), *range(1, 8), **none_undecided)
    assert allowed == ["00010", "10011", "00010", "00010", "10011", "00010", "00010"]
    by_basis = {"consent": {"oldest_consent": {"days": 300}}}
    assert found(world(consents), 1, 3, 4, 6, 7, **by_basis) == ["11011", "11011", "11011", "01011", "01011"]


def test_an_exclusion_bars_on_its_days_whatever_the_user_has_decided(found: Any, world: World) -> None:
    consents = [row for user in range(1, 8) for row in all_of(user, at="2026-05-20 10:00")]
    base = {"reason": "do_not_call", "from_on": "2026-05-01", "arrived_at": "2026-05-01"}
    exclusions = [
        {**base, "user_id": 1, "channel": "call"},
        {**base, "user_id": 2, "channel": "all", "reason": "deceased", "from_on": "2026-06-01"},  # its first day
        {**base, "user_id": 3, "channel": "sms", "until_on": "2026-05-31"},  # over
        {**base, "user_id": 4, "channel": "sms", "until_on": "2026-06-01"},  # its last day
        {**base, "user_id": 5, "channel": "sms"},
        {**base, "user_id": 5, "channel": "sms", "until_on": "2026-05-25", "arrived_at": "2026-05-20"},  # as known now
        {**base, "user_id": 6, "channel": "sms", "from_on": "2026-06-02"},  # to come
        {**base, "user_id": 7, "channel": "all", "arrived_at": "2026-06-01"},  # not known yet
    ]
    expected = ["11011", "00010", "11111", "01111", "11111", "11111", "11111"]
    assert found(world(consents, exclusions=exclusions), *range(1, 8)) == expected


def test_what_is_known_to_end_or_an_exclusion_to_begin_by_a_channels_last_day_of_sending_bars_it(
    found: Any, world: World
) -> None:
    consents = [
        *[row for user in (3, 4, 5, 6) for row in all_of(user)],
        yes(1, "call", valid_until="2026-06-02"),  # over before the last day of calling
        yes(2, "call", valid_until="2026-06-03"),
        yes(3, "sms", "2026-04-01 10:00", valid_until="2026-06-01"),  # SMS go out on the day alone
    ]
    base = {"reason": "deceased", "arrived_at": "2026-05-01"}
    exclusions = [
        {**base, "user_id": 4, "channel": "all", "from_on": "2026-06-03"},
        {**base, "user_id": 5, "channel": "all", "from_on": "2026-06-04"},
        {**base, "user_id": 6, "channel": "all", "from_on": "2026-06-01", "until_on": "2026-06-02"},
    ]
    permissions = world(consents, exclusions=exclusions)
    until = {"sms": JUNE, "push": date(2026, 5, 1), "call": date(2026, 6, 3)}  # never before the day itself
    expected = ["11011", "11111", "11111", "11011", "11111", "00010"]
    assert found(permissions, *range(1, 7), sent_until=until) == expected
    assert found(permissions, 1, 4) == ["11111", "11111"]
    old = {"consent": {"oldest_consent": {"days": 92}}}  # since 1 March, and for the last call since the 3rd
    assert found(world(all_of(1)), 1, **old) == ["11111"]
    assert found(world(all_of(1)), 1, **old, sent_until=until) == ["11011"]
    ends = {"undecided": {kind: {**BASIS, "valid_until": "2026-06-02"} for kind in ("sms", "call", "profiling")}}
    assert found(world([]), 1, **ends, sent_until=until) == ["10011"]


def test_an_exclusion_that_cannot_be_read_bars_until_a_readable_one_comes(found: Any, world: World) -> None:
    consents = [row for user in range(1, 4) for row in all_of(user)]
    unread = [
        ("exclusions", "missing_from_on", 1, "2026-05-01", {"channel": "call"}),
        ("exclusions", "bad_type", 2, "2026-05-01", {"channel": "phone?"}),
        ("exclusions", "bad_type", 3, "2026-05-01", {"channel": "Call"}),
    ]
    ended = {"user_id": 3, "reason": "dispute", "channel": "all", "from_on": "2026-01-01", "until_on": "2026-04-01"}
    permissions = world(consents, exclusions=[{**ended, "arrived_at": "2026-05-02"}], unread=unread)
    assert found(permissions, 1, 2, 3) == ["11011u", "00010u", "11111"]


def test_an_unread_exclusion_is_lifted_by_a_later_one_of_its_own_reason_alone(found: Any, world: World) -> None:
    consents = [row for user in range(1, 6) for row in all_of(user)]
    died = {"channel": "all", "reason": "deceased"}
    unread = [("exclusions", "bad_type", user, "2026-05-01", died) for user in (1, 2, 3, 4)]
    unread.append(("exclusions", "missing_reason", 5, "2026-05-01", {"channel": "all"}))  # why? any lifts it
    over = {"channel": "all", "from_on": "2026-01-01", "until_on": "2026-04-01", "arrived_at": "2026-05-02"}
    exclusions = [
        {**over, "user_id": 1, "reason": "dispute"},
        {**over, "user_id": 2, "reason": "deceased"},
        {**over, "user_id": 3, "reason": "deceased", "arrived_at": "2026-04-30"},
        {**over, "user_id": 4, "reason": "deceased", "channel": "sms"},
        {**over, "user_id": 5, "reason": "dispute"},
    ]
    permissions = world(consents, exclusions=exclusions, unread=unread)
    assert found(permissions, *range(1, 6)) == ["00010u", "11111", "00010u", "10011u", "11111"]


def test_a_version_of_master_data_that_cannot_be_read_bars_until_a_readable_one_comes_later(
    rows: Rows, utc: Calendar, world: World
) -> None:
    users = rows(
        canonical.USERS,
        ["user_id", "signed_up_on", "arrived_at", "has_phone", "has_push"],
        [
            *[(user, "2020-01-01", "2026-04-01 10:00", True, True) for user in range(1, 8)],
            (3, "2020-01-01", "2026-05-11", True, True),
            (4, "2020-01-01", "2026-06-02", True, True),  # not known yet
        ],
    )
    closing = {"closed_on": "2026-05-09", "birth_year": "n/a"}
    unread = [
        ("users", "bad_type", 1, "2026-05-10", closing),
        ("users", "repeated_key", 2, "2026-04-01 10:00", closing),  # came with the version that stands: which is true?
        ("users", "bad_type", 3, "2026-05-10", closing),  # a readable one came the day after
        ("users", "bad_type", 4, "2026-05-10", closing),
        ("users", "bad_type", 5, "2026-04-01 09:59", closing),  # older than what stands
        ("users", "bad_type", 6, "2026-06-01", closing),  # not known yet
        ("users", "bad_type", 7, None, closing),  # nothing known is later
    ]
    permissions = world([row for user in range(1, 8) for row in all_of(user)], unread=unread)
    how: dict[str, Any] = {"day": JUNE, "calendar": utc}
    spine = population.signed_up(users, **how)
    reach = population.contactable(spine, permissions, **how, settings=settings()).collect()
    barred = {row.user_id for row in reach if row.is_barred_unread}
    assert barred == {1, 2, 4, 7}
    assert {row.user_id for row in reach if not (row.can_sms or row.can_push or row.can_call)} == barred
    assert {row.user_id for row in reach if row.is_contactable} == {3, 5, 6}


def test_rows_of_users_who_refuse_profiling_are_left_out(rows: Rows, utc: Calendar, world: World) -> None:
    examples = rows(canonical.LOGINS, ["user_id", "event_at"], [(user, "2026-04-01") for user in (1, 2, 3, 4)])
    unread = [("consents", "missing_channel", 3, "2026-04-02", {"event_at": "2026-04-01 10:00:00Z"})]
    consents = [yes(1, "profiling"), no(2, "profiling"), yes(3, "profiling"), no(4, "profiling", "2026-06-01")]
    permissions = world(consents, unread=unread)

    def kept(**changes: Any) -> set[int]:
        how: dict[str, Any] = {"day": JUNE, "calendar": utc, "settings": settings(**changes)}
        return {row.user_id for row in population.may_be_profiled(examples, permissions, **how).collect()}

    assert kept() == {1, 4}  # user 4 refuses on the day itself: not known at 00:00
    assert kept(undecided={}) == {1}
    nobody = world(unread=None)
    how: dict[str, Any] = {"day": JUNE, "calendar": utc}
    assert population.may_be_profiled(examples, nobody, settings=settings(), **how).count() == 4
    assert population.may_be_profiled(examples, nobody, settings=settings(undecided={}), **how).count() == 0
