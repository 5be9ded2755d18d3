"""Waves reconciled, and exploration draws held against their recorded propensities."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from conftest import Rows
from reactivation import experiment
from reactivation.contracts import canonical, derived
from reactivation.periods import Calendar, Month


@pytest.mark.rules
def test_what_was_planned_is_held_against_files_and_receipts(rows: Rows, utc: Calendar) -> None:
    planned = rows(
        derived.WAVE_PLAN,
        ["user_id", "wave", "channel", "contact_id"],
        [
            (1, "W1", "sms", "a"),
            (2, "W1", "sms", "b"),
            (3, "W1", "sms", "c"),
            (5, "W2", "call", "d"),
        ],
    )
    receipts = rows(
        canonical.CONTACTS,
        ["user_id", "contact_id", "wave", "channel", "sent_at", "arrived_at", "cycle", "status"],
        [
            (1, "a", "W1", "sms", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "delivered"),
            (1, "a", "W1", "sms", "2026-06-08 09:00", "2026-06-08 11:00", "2026-06", "clicked"),  # one contact
            (2, "b", "W1", "sms", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "failed"),
            (3, "c", "W1", "sms", "2026-06-08 09:00", "2026-07-06 00:00", "2026-06", "delivered"),  # too late
            (9, "x", "W1", "sms", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "delivered"),  # nobody planned it
            (5, "d", "W2", "call", "2026-06-15 09:00", "2026-06-15 10:00", "2026-06", "not_reached"),
            (1, "a", "W1", "sms", "2026-06-08 09:00", "2026-06-08 12:00", "2026-06", "complained"),
            (1, "a", "W1", "sms", "2026-06-08 09:00", "2026-06-08 12:01", "2026-06", "complained"),  # once is enough
        ],
    )
    did = rows(derived.OUTCOMES, ["user_id", "is_active"], [(1, True), (2, True), (3, False), (5, True)])
    files = planned.where("contact_id in ('a', 'b', 'd')").select("contact_id", "user_id", "wave", "channel")
    june = Month.parse("2026-06")
    counts = experiment.wave_counts(planned, receipts, files, cycle=june, calendar=utc)
    found = list(experiment.waves([row.asDict() for row in counts.collect()], has_files=True))
    assert [(c.subject, c.verdict) for c in found] == [("W1 sms", "warns"), ("W2 call", "holds")]
    assert found[0].says == (
        "W1 by sms: planned 3, exported 2, delivered 2, failed 1, not reached 0, not tried 0; "
        "1 planned but not exported, 1 planned without a receipt, 1 receipts of contacts that were not planned"
    )
    assert found[1].says == "W2 by call: planned 1, exported 1, delivered 0, failed 0, not reached 1, not tried 0"
    no_files = experiment.wave_counts(planned, None, None, cycle=june, calendar=utc)
    alone = list(experiment.waves([row.asDict() for row in no_files.collect()], has_files=False))
    assert "no channel files to count" in alone[1].says
    objected = experiment.wave_counts(planned, receipts, files, cycle=june, calendar=utc, outcomes=did).collect()
    assert {(row.wave, row.fate, row.is_planned): tuple(row)[-4:] for row in objected} == {
        ("W1", "delivered", True): (1, 1, 0, 1),  # contacts, complaints, opt-outs, users who were active
        ("W1", "delivered", False): (1, 0, 0, 0),
        ("W1", "failed", True): (1, 0, 0, 1),
        ("W1", None, True): (1, 0, 0, 0),
        ("W2", "not_reached", True): (1, 0, 0, 1),
    }


@pytest.mark.rules
def test_a_receipt_that_implies_a_delivery_counts_as_one_and_what_nobody_tried_has_its_own_count(
    rows: Rows, utc: Calendar
) -> None:
    columns = ["user_id", "wave", "channel", "contact_id"]
    released = rows(derived.WAVE_PLAN, columns, [(n, "W1", "call", name) for n, name in enumerate("abcdef")])
    statuses = [
        ("a", "answered"),  # no receipt of delivery, and yet it was
        ("b", "clicked"),
        ("c", "responded"),
        ("d", "failed"),
        ("d", "opted_out"),  # nobody opts out of what failed
        ("e", "rejected"),
        ("f", "not_attempted"),
        ("f", "not_reached"),  # tried in the end
        ("s", "stopped"),  # by us: no longer among the released
    ]
    columns = ["contact_id", "status", "wave", "channel", "cycle", "arrived_at"]
    receipts = rows(canonical.CONTACTS, columns, [(*s, "W1", "call", "2026-06", "2026-06-08 10:00") for s in statuses])
    counts = experiment.wave_counts(released, receipts, None, cycle=Month.parse("2026-06"), calendar=utc)
    (found,) = experiment.waves([row.asDict() for row in counts.collect()], has_files=False)
    assert found.says == (
        "W1 by call: planned 6, no channel files to count, delivered 4, failed 0, not reached 1, not tried 1"
    )
    assert (found.found, found.expected, found.verdict) == ("6", "6", "holds")


@pytest.mark.rules
def test_benefits_that_were_redeemed_without_a_grant_are_counted(rows: Rows, utc: Calendar) -> None:
    events = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "benefit_code", "action", "event_at"],
        [
            (1, "gift", "redeemed", "2026-06-05 09:00"),
            (1, "gift", "redeemed", "2026-06-06 09:00"),  # one user, twice
            (2, "gift", "redeemed", "2026-06-05 09:00"),  # was granted a coupon
            (3, "gift", "claimed", "2026-06-05 09:00"),
            (4, "coupon", "redeemed", "2026-06-30 23:59"),
            (5, "gift", "redeemed", "2026-07-01 00:00"),  # next month's
            (6, "other", "redeemed", "2026-06-05 09:00"),  # none of ours
            (7, "coupon", "redeemed", "2026-06-05 09:00"),  # before it was sent
            (7, "coupon", "redeemed", "2026-06-15 09:00"),  # on its first day
            (8, "coupon", "redeemed", "2026-06-11 09:00"),  # it had expired
            (9, "coupon", "redeemed", "2026-06-09 09:00"),  # 0.1.0 granted it: nobody knows until when
        ],
    )
    late = rows(  # known when the month was read out again
        canonical.BENEFIT_EVENTS,
        ["user_id", "benefit_code", "action", "event_at", "arrived_at"],
        [(10, "gift", "redeemed", "2026-06-30 09:00", "2026-07-06 00:00")],
    )
    released = rows(
        derived.CONTACT_LEDGER,
        ["user_id", "benefit", "send_from", "benefit_valid_until"],
        [
            (1, "gift", "2026-06-05", "2026-06-10"),
            (1, "gift", "2026-05-05", "2026-05-10"),  # last month's
            (2, "coupon", "2026-06-05", "2026-06-10"),
            (4, "coupon", "2026-06-05", "2026-06-30"),
            (7, "coupon", "2026-06-15", "2026-06-30"),
            (8, "coupon", "2026-06-05", "2026-06-10"),
            (9, "coupon", "2026-06-05", None),
        ],
    )
    when: dict[str, Any] = {"cycle": Month.parse("2026-06"), "calendar": utc}
    found = experiment.redeemed_by_grant(events.unionByName(late), released, benefits=["gift", "coupon"], **when)
    checks = list(experiment.grants([row.asDict() for row in found.collect()]))
    assert [(check.subject, check.found, check.verdict) for check in checks] == [
        ("coupon", "1", "warns"),
        ("gift", "1", "warns"),
    ]
    assert checks[0].says == "coupon: 4 users redeemed it, 1 of them without a grant of ours"
    assert checks[1].says == "gift: 2 users redeemed it, 1 of them without a grant of ours"


def drawn(*users: int, propensities: tuple[float, ...] = (0.25, 0.375, 0.375)) -> list[dict[str, object]]:
    options = ("none", "push", "sms")
    place = {"wave": "W1", "drawn_from": "push/none sms/none", "benefit": "none"}
    return [
        {**place, "channel": name, "users": n, "least": p, "most": p}
        for name, n, p in zip(options, users, propensities, strict=False)
    ]


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (drawn(250, 375, 375), "holds"),
        (drawn(260, 380, 360), "holds"),
        (drawn(400, 300, 300), "warns"),  # none too often
        (drawn(10, 16), "warns"),  # the two that were drawn alone would pass: the ten who should have drawn an SMS tell
        (drawn(8, 12), "holds"),  # chi-square 12: p = 0.0025 over three options, it would be 0.0005 over the two drawn
        (drawn(250, 750), "warns"),  # nobody drew an SMS, of whom 375 were to be expected
        ([{**row, "least": 0.1} for row in drawn(250, 375, 375)], "warns"),  # one option, several propensities
    ],
)
def test_draws_are_as_probable_as_recorded_or_warn(rows: list[dict[str, object]], verdict: str) -> None:
    (found,) = experiment.draws(rows, srm_p=0.001)
    assert found.verdict == verdict


@pytest.mark.numbers
def test_each_months_waves_are_judged_by_themselves() -> None:
    fair, off = drawn(250, 375, 375), drawn(400, 300, 300)
    rows = [{**row, "cycle": cycle} for cycle, mine in (("2026-04", fair), ("2026-05", off)) for row in mine]
    found = experiment.unfair(rows, srm_p=0.001)
    assert list(found) == [("2026-05", "W1")]
    assert "no lift may rest on them" in found["2026-05", "W1"]


@pytest.mark.rules
def test_draws_of_a_message_that_led_elsewhere_teach_nothing_of_this_one(rows: Rows) -> None:
    names = ["cycle", "wave", "user_id", "channel", "benefit", "guide_to", "is_exploration", "propensity", "drawn_from"]
    plan = [
        (cycle, "W1", user, channel, "none", guide if channel == "push" else None, True, 0.5, "push/none sms/none")
        for cycle, guide in (("2026-04", "wealth"), ("2026-05", "payment"), ("2026-06", None))
        for user, channel in enumerate(("push", "sms", "none"), start=1)
    ]
    counts = [row.asDict() for row in experiment.draw_counts(rows(derived.WAVE_PLAN, names, plan)).collect()]
    led = {("W1", "push", "none"): "payment", ("W1", "sms", "none"): None}
    assert experiment.led_elsewhere(counts, led) == {
        ("2026-04", "W1"): "W1: push/none led to wealth, and now to payment",
        ("2026-06", "W1"): "W1: push/none led to nowhere, and now to payment",
    }
    assert experiment.led_elsewhere(counts, {("W1", "sms", "none"): None}) == {}


@pytest.mark.numbers
def test_fair_draws_raise_false_alarms_as_often_as_they_should() -> None:
    """Ten thousand waves of two multinomials, tested at 5 %."""
    rng = np.random.default_rng(20260615)
    first = rng.multinomial(400, [0.25, 0.375, 0.375], 10_000)
    second = rng.binomial(300, 0.25, 10_000)
    alarms = 0
    for three, none in zip(first, second, strict=True):
        one_option = [
            {
                "wave": "W1",
                "drawn_from": "push/none",
                "benefit": "none",
                "channel": c,
                "users": n,
                "least": p,
                "most": p,
            }
            for c, n, p in (("none", int(none), 0.25), ("push", 300 - int(none), 0.75))
        ]
        (found,) = experiment.draws([*drawn(*(int(n) for n in three)), *one_option], srm_p=0.05)
        alarms += found.verdict == "warns"
    low, high = binom.ppf([0.0005, 0.9995], 10_000, 0.05)
    assert low <= alarms <= high
