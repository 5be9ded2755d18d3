"""The ledger of what was sent: which version counts for whom, the last look, and what stays frozen."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation.campaign.planning import facts
from reactivation.campaign.release import frozen, last_look, ledger
from reactivation.campaign.release.ledger import Ledger
from reactivation.contracts import canonical, derived
from reactivation.periods import Calendar

pytestmark = pytest.mark.rules

JUNE = "2026-06"


def event(wave: str, version: int | None, status: str) -> dict[str, Any]:
    return {
        "cycle": JUNE,
        "wave": wave,
        "plan_version": version,
        "status": status,
        "release_id": None if version is None else ledger.release_id("north", "cards", JUNE, wave, version),
    }


LEDGER = Ledger.of(
    [
        event("W1", 2, "planned"),
        event("W1", 2, "released"),
        event("W1", 1, "planned"),
        event("W1", 1, "released"),
        event("W2", 1, "planned"),
        event("W3", None, "skipped"),
        event("W4", 2, "planned"),
        event("W4", 2, "released"),
    ]
)


def test_the_readout_and_the_draws_take_a_waves_newest_release(rows: Rows) -> None:
    plans = rows(
        derived.WAVE_PLAN,
        ["cycle", "wave", "plan_version", "user_id"],
        [
            (JUNE, "W1", 1, 1),
            (JUNE, "W1", 2, 2),
            (JUNE, "W2", 1, 3),  # planned, never released
            ("2026-05", "W1", None, 4),  # by 0.1.0, which sent what it planned
            (JUNE, "W4", None, 5),  # by 0.1.0, and released anew since
            (JUNE, "W4", 2, 6),
            ("2026-05", "W2", 2, 7),  # a version that nobody released
        ],
    )
    assert sorted(row.user_id for row in plans.where(LEDGER.is_newest_release()).collect()) == [2, 4, 6]


def test_own_contacts_are_out_since_the_first_release_that_had_some() -> None:
    days = {"W1": (0, date(2026, 6, 5)), "W2": (9, date(2026, 6, 12)), "W3": (5, date(2026, 6, 19))}
    events = [
        {**event(wave, 1, status), "contacts": contacts, "send_on": send_on}
        for wave, (contacts, send_on) in days.items()
        for status in (("planned",) if wave == "W1" else ("planned", "released", "stopped"))
    ]
    empty = {**event("W1", 1, "released"), "contacts": 0, "send_on": date(2026, 6, 5)}
    assert Ledger.of([*events, empty]).sent_since == date(2026, 6, 12)
    assert Ledger.of([events[0], empty]).sent_since is None


def test_caps_spend_and_receipts_take_every_released_contact_that_was_not_stopped(rows: Rows) -> None:
    reserved = rows(
        derived.CONTACT_LEDGER,
        ["release_id", "contact_id", "user_id", "stopped_on"],
        [
            ("north-cards-2026-06-W1-v1", "a", 1, None),
            ("north-cards-2026-06-W1-v2", "b", 2, None),
            ("north-cards-2026-06-W1-v2", "c", 3, "2026-06-06"),
            ("north-cards-2026-06-W2-v1", "d", 4, None),  # reserved by a release that was broken off
            ("south-cards-2026-06-W1-v1", "e", 5, None),  # another region's
        ],
    )
    old = rows(
        derived.WAVE_PLAN,
        ["cycle", "wave", "plan_version", "user_id", "contact_id"],
        [("2026-05", "W1", None, 6, "f"), ("2026-05", "W1", None, 7, None), (JUNE, "W1", 1, 1, "a")],
    )
    found = ledger.standing(LEDGER.released_contacts(reserved), ledger.sent_as_planned(old))
    assert sorted(row.contact_id for row in found.collect()) == ["a", "b", "f"]
    assert found.columns == list(ledger.CONTACT)
    for_caps = ledger.standing(ledger.not_stopped(reserved), ledger.sent_as_planned(old))
    assert sorted(row.contact_id for row in for_caps.collect()) == ["a", "b", "d", "e", "f"]


def test_a_contact_id_is_no_other_regions_scenarios_waves_or_versions(rows: Rows) -> None:
    plan = rows(derived.WAVE_PLAN, ["user_id", "channel"], [(7, "sms"), (8, "none")])

    def ids(region: str, scenario: str, wave: str, version: int) -> list[str]:
        name = ledger.release_id(region, scenario, JUNE, wave, version)
        numbered = ledger.numbered(plan, version=version, release=name, registered_on=date(2026, 6, 5))
        return [row.contact_id for row in numbered.orderBy("user_id").collect()]

    assert ids("north", "cards", "W1", 1) == ["north-cards-2026-06-W1-v1-7", None]  # who drew none is sent nothing
    others = [
        ("south", "cards", "W1", 1),
        ("north", "loans", "W1", 1),
        ("north", "cards", "W2", 1),
        ("north", "cards", "W1", 2),
    ]
    assert len({ids(*each)[0] for each in [("north", "cards", "W1", 1), *others]}) == 5


def test_another_scenarios_contact_that_reached_somebody_is_another_senders_once(rows: Rows) -> None:
    receipts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "channel", "sent_at", "arrived_at", "status"],
        [
            ("a", 1, "sms", "2026-06-05", "2026-06-07", "clicked"),
            ("a", 1, "sms", "2026-06-05", "2026-06-06", "delivered"),  # known from then on
            ("b", 2, "call", "2026-06-05", "2026-06-05", "not_reached"),
        ],
    )
    outside = rows(canonical.OUTSIDE_CONTACTS, ["user_id", "channel", "sent_at"], [(3, "letter", "2026-06-01")])
    found = [facts.as_outside(receipts, given).collect() for given in (outside, None)]
    assert [sorted((row.user_id, row.channel, row.arrived_at.day) for row in each) for each in found] == [
        [(1, "sms", 6), (3, "letter", 1)],
        [(1, "sms", 6)],
    ]


def test_a_stop_leaves_what_a_receipt_calls_tried_whatever_was_said_to_be_sent_last(rows: Rows) -> None:
    reserved = rows(
        derived.CONTACT_LEDGER,
        ["contact_id", "user_id", "channel", "send_order", "stopped_on"],
        [
            ("a", 1, "sms", 1, None),
            ("b", 2, "sms", 2, None),
            ("c", 3, "sms", 3, None),  # somebody says that 1 went last, and yet this one failed
            ("d", 4, "sms", 4, None),
            ("e", 5, "push", 1, "2026-06-05"),
            ("f", 6, "call", 1, None),
        ],
    )
    told = [("c", 3, "failed"), ("c", 3, "stopped"), ("d", 4, "not_attempted")]
    receipts = rows(canonical.CONTACTS, ["contact_id", "user_id", "status"], told)

    def stopped(receipts: DataFrame | None) -> dict[str, int | None]:
        found = ledger.stopped(reserved, {"sms": 1}, receipts, day=date(2026, 6, 6)).collect()
        return {row.contact_id: row.stopped_on and row.stopped_on.day for row in found}

    assert stopped(receipts) == {"a": None, "b": 6, "c": None, "d": 6, "e": 5, "f": 6}
    assert stopped(None) == {"a": None, "b": 6, "c": 6, "d": 6, "e": 5, "f": 6}


@pytest.mark.numbers
def test_a_newest_release_with_stopped_contacts_is_cut_short_and_a_month_without_a_release_sent_nothing() -> None:
    def of(cycle: str, wave: str, version: int, status: str, contacts: int = 9) -> dict[str, Any]:
        named = {"cycle": cycle, "contacts": contacts, "release_id": f"{cycle}-{wave}-v{version}"}
        return event(wave, version, status) | named

    known = Ledger.of(
        [
            *(of("2026-05", "W1", 1, status) for status in ("planned", "released", "stopped")),
            *(of("2026-05", "W2", 1, status) for status in ("released", "stopped")),
            of("2026-05", "W2", 2, "released"),  # sent after the stop
            *(of("2026-05", "W3", 1, status, contacts) for status, contacts in (("released", 9), ("stopped", 0))),
            *(of("2026-06", "W1", 1, status) for status in ("planned", "stopped")),  # broken off, and given up
        ]
    )
    assert known.cut_short == {("2026-05", "W1")}
    assert [known.is_sent(cycle) for cycle in ("2026-05", "2026-06", "2026-04")] == [True, False, True]


def test_what_may_have_been_sent_by_a_day_is_due_and_of_it_no_receipt_tells(rows: Rows) -> None:
    reserved = rows(
        derived.CONTACT_LEDGER,
        ["contact_id", "user_id", "channel", "send_order", "send_from", "send_until", "stopped_on"],
        [
            ("a", 1, "sms", 1, "2026-06-05", "2026-06-05", None),  # before the last that was sent
            ("b", 2, "sms", 2, "2026-06-05", "2026-06-05", None),
            ("c", 3, "sms", 3, "2026-06-05", "2026-06-05", None),  # a receipt says it was not attempted
            ("d", 4, "sms", 4, "2026-06-05", "2026-06-05", None),  # the receipt is of another user
            ("e", 5, "call", 1, "2026-06-05", "2026-06-09", "2026-06-05"),  # stopped before
            ("f", 6, "call", 2, "2026-06-08", "2026-06-09", None),  # its turn comes later
        ],
    )
    receipts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "status"],
        [("c", 3, "not_attempted"), ("d", 9, "not_attempted")],
    )

    def unknown(receipts: DataFrame | None, day: int) -> dict[str, int]:
        found = ledger.perhaps_sent(reserved, {"sms": 1}, receipts, day=date(2026, 6, day)).collect()
        return {row.channel: row.contacts for row in found}

    assert unknown(receipts, 5) == {"sms": 2}
    assert unknown(None, 8) == {"sms": 3, "call": 1}
    assert unknown(None, 4) == {}
    sending = ledger.still_sending(reserved, day=date(2026, 6, 6)).collect()
    assert [(row.channel, row.last.day) for row in sending] == [("call", 9)]


def test_what_may_still_be_sent_is_not_stopped_nor_over_nor_tried(rows: Rows, utc: Calendar) -> None:
    reserved = rows(
        derived.CONTACT_LEDGER,
        ["contact_id", "user_id", "send_until", "stopped_on"],
        [
            ("a", 1, "2026-06-06", None),  # its last day
            ("b", 2, "2026-06-05", None),
            ("c", 3, "2026-06-06", "2026-06-05"),
            ("d", 4, "2026-06-06", None),  # failed: the channel tried
            ("e", 5, "2026-06-06", None),  # not attempted
            ("f", 6, "2026-06-06", None),  # delivered, but that is not known yet
            ("g", 7, "2026-06-06", None),  # delivered, says a receipt of another user
        ],
    )
    receipts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "status", "arrived_at"],
        [
            ("d", 4, "failed", "2026-06-05 23:59"),
            ("e", 5, "not_attempted", "2026-06-05"),
            ("f", 6, "delivered", "2026-06-06 00:00"),
            ("g", 8, "delivered", "2026-06-05"),
        ],
    )
    found = ledger.may_be_sent(reserved, receipts, day=date(2026, 6, 6), calendar=utc).collect()
    assert sorted(row.contact_id for row in found) == ["a", "e", "f", "g"]


def test_a_contact_that_may_go_out_on_several_days_counts_on_the_one_nearest_to_the_next(rows: Rows) -> None:
    calls = rows(
        derived.CONTACT_LEDGER,
        ["region", "scenario", "cycle", "wave", "contact_id", "send_on", "send_from", "send_until"],
        [
            ("north", "cards", JUNE, "W3", "a", "2026-06-05", "2026-06-05", "2026-06-09"),  # until that very day
            ("north", "loans", JUNE, "W1", "b", "2026-06-05", "2026-06-05", "2026-06-08"),
            ("north", "loans", JUNE, "W2", "c", "2026-06-10", "2026-06-11", "2026-06-12"),  # its turn is the day after
            ("north", "cards", JUNE, "W4", "d", "2026-06-05", "2026-06-05", "2026-06-09"),  # the wave itself
        ],
    )
    of_wave = {"cycle": JUNE, "wave": "W4"}
    found = ledger.of_others(calls, wave=of_wave, scope=("north", "cards"), until=None, near=date(2026, 6, 9))
    assert {row.contact_id: row.send_on.day for row in found.collect()} == {"a": 9, "b": 8, "c": 11}


def test_a_plan_counts_what_is_sent_up_to_its_day_and_never_its_own_release(rows: Rows) -> None:
    names = ["contact_id", "region", "scenario", "cycle", "wave", "plan_version", "send_on", "stopped_on"]
    ours = ("sandbox", "activity")
    table = rows(
        derived.CONTACT_LEDGER,
        names,
        [
            ("earlier", *ours, JUNE, "W1", 1, "2026-06-05", None),
            ("same day", *ours, JUNE, "W3", 1, "2026-06-12", None),
            ("stopped", *ours, JUNE, "W1", 1, "2026-06-05", "2026-06-06"),
            ("later", *ours, JUNE, "W4", 1, "2026-06-13", None),
            ("own", *ours, JUNE, "W2", 1, "2026-06-12", None),
            ("own again", *ours, JUNE, "W2", 2, "2026-06-12", None),
            ("of another scenario", "sandbox", "other", JUNE, "W2", 2, "2026-06-20", None),
        ],
    )

    def counted(version: int) -> set[str]:
        plan = {"cycle": JUNE, "wave": "W2", "plan_version": version, "send_on": date(2026, 6, 12)}
        return {row.contact_id for row in ledger.counted_in_plan(table, plan, scope=ours).collect()}

    before = {"earlier", "same day", "of another scenario"}
    assert [counted(version) - before for version in (0, 1, 2, 3)] == [set(), set(), {"own"}, {"own", "own again"}]
    assert counted(0) == before


def test_a_version_is_released_between_its_planning_and_its_day() -> None:
    planned = {"as_of": date(2026, 6, 3), "send_on": date(2026, 6, 5)}
    found = {day: [f.kind for f in ledger.days_that_forbid(planned, day=date(2026, 6, day))] for day in (2, 3, 5, 6)}
    assert found == {2: ["too early"], 3: [], 5: [], 6: ["too late"]}


def looked(spark: SparkSession, rows: Rows, people: Sequence[tuple[Any, ...]], before: DataFrame | None) -> DataFrame:
    plan = rows(
        derived.WAVE_PLAN,
        ["user_id", "channel", "contact_id", "benefit", "cost"],
        [(user, channel, f"c-{user}" if channel != "none" else None, "gift", "1.00") for user, channel, *_ in people],
    )
    reach = spark.createDataFrame(
        [(user, sms, push, False, True) for user, _, is_open, sms, push, *_ in people if is_open],
        "user_id bigint, can_sms boolean, can_push boolean, can_call boolean, is_contactable boolean",
    )
    recent = spark.createDataFrame(
        [(user, 1, over, quiet, False, False, False) for user, *_, over, quiet in people if over is not None],
        "user_id bigint, recent_contacts bigint, is_over_contact_limit boolean, is_in_quiet_days boolean, "
        "is_over_sms_limit boolean, is_over_push_limit boolean, is_over_call_limit boolean",
    )
    return last_look.looked_at(plan, reach=reach, recent=recent, before=before)


PEOPLE = [  # user, channel, signed up, can_sms, can_push, over the limit (null: no contact at all), in quiet days
    (1, "sms", True, True, False, None, None),
    (2, "sms", True, False, True, None, None),  # refused SMS since it was planned
    (3, "push", False, True, True, None, None),  # closed the account
    (4, "push", True, True, True, True, True),  # another wave was released meanwhile
    (5, "sms", True, True, True, False, False),
    (6, "none", True, True, True, None, None),  # drew none: no contact
    (7, "sms", False, False, False, True, False),  # the first reason counts
    (8, "push", True, True, True, False, True),  # clicked on another wave's message yesterday
    (9, "sms", True, None, True, None, None),  # nobody knows whether SMS are allowed
]


def test_release_looks_once_more_at_consent_caps_and_closed_accounts(spark: SparkSession, rows: Rows) -> None:
    found = {row.user_id: row.left_out for row in looked(spark, rows, PEOPLE, None).collect()}
    assert found == {1: None, 2: "refused", 3: "not_signed_up", 4: "over_contact_limit", 5: None, 7: "not_signed_up",
                     8: "quiet_days", 9: "refused"}  # fmt: skip


def test_a_second_release_leaves_out_the_users_of_the_first_that_was_not_stopped(
    spark: SparkSession, rows: Rows
) -> None:
    before = rows(derived.CONTACT_LEDGER, ["user_id", "contact_id"], [(5, "x"), (5, "y"), (2, "z"), (99, "w")])
    found = {row.user_id: row.left_out for row in looked(spark, rows, PEOPLE, before).collect()}
    assert (found[1], found[5], found[2]) == (None, "released_before", "released_before")


def test_what_is_released_is_counted_with_sums_that_the_receiver_can_check(spark: SparkSession, rows: Rows) -> None:
    counts = [row.asDict() for row in last_look.counted(looked(spark, rows, PEOPLE, None)).collect()]
    worst = {("sms", "gift"): Decimal("10.05"), ("push", "gift"): Decimal("10.00")}
    found = last_look.by_channel(counts, worst)
    assert found == {"sms": last_look.Channel(2, 6, Decimal("2.00"), Decimal("20.10"))}
    assert last_look.left_out(counts) == {"not_signed_up": 2, "refused": 2, "over_contact_limit": 1, "quiet_days": 1}


def test_equal_rows_have_one_fingerprint_and_any_change_another(rows: Rows) -> None:
    columns = ["user_id", "policy", "touch", "policy_rank"]
    first = [(1, "model", "touched", 3), (2, "rule", "holdout", None)]
    changes = [
        [(1, "model", "holdout", 3), (2, "rule", "holdout", None)],
        [(1, "model", "touched", 3)],
        [(1, "model", "touched", None), (2, "rule", "holdout", 3)],
        [(1, "model", "touched", 3), (2, "rule", "holdout", None), (2, "rule", "holdout", None)],
    ]

    def noted(values: Sequence[tuple[Any, ...]]) -> frozen.Fingerprints:
        found = frozen.fingerprints({"arms": rows(derived.ARMS, columns, values).repartition(2)}).collect()
        return frozen.of_rows([row.asDict() for row in found], {"arms": 4}, ["arms"])

    then = noted(first)
    assert not frozen.differences(then, noted(first[::-1]))
    assert [[f.what for f in frozen.differences(then, noted(change))] for change in changes] == [["arms"]] * 4
    assert not frozen.differences({}, then)  # nothing was noted


def test_a_null_moves_the_fingerprint_though_the_hash_skips_it(rows: Rows) -> None:
    """(null, 7) and (7, null) hash alike by xxhash64."""
    pair = rows(derived.TIER_BANDS, ["band", "n_touched", "n_compared"], [(1, 7, None), (1, None, 7)])
    halves = [
        frozen.fingerprints({"t": pair.where(F.col(name).isNull())}).collect()[0].hash
        for name in ("n_touched", "n_compared")
    ]
    assert halves[0] != halves[1]


def test_scores_frozen_before_there_were_lifts_stay_as_they_were_noted(rows: Rows) -> None:
    def noted(scores: DataFrame) -> str:
        return str(frozen.fingerprints({"scores": scores}).collect()[0].hash)

    now = rows(derived.SCORES, ["user_id", "p_active"], [(1, 0.5), (2, None)])
    assert noted(now) == noted(now.drop("lift_active", "active_uplift_version"))
    assert noted(now) != noted(now.withColumn("lift_active", F.lit(0.1)))


def test_a_reason_in_another_language_moves_no_fingerprint(rows: Rows) -> None:
    """Bands of a wave that was released before they had codes stay what they were."""
    columns = ["band", "reason", "reason_code", "reason_values"]
    then, now, other = (
        rows(derived.TIER_BANDS, columns, [values])
        for values in ((1, "too few", None, None), (1, "too few", "several", "{}"), (1, "enough", None, None))
    )
    without = frozen.fingerprints({"t": then.drop("reason_code", "reason_values")}).collect()[0].hash
    hashes = [frozen.fingerprints({"t": one}).collect()[0].hash for one in (then, now, other)]
    assert hashes[0] == hashes[1] == without
    assert hashes[2] != without
