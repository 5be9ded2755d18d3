"""One user's month in words, from literal rows."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from reactivation.campaign.planning.waves import REASONS
from reactivation.features import GRAMMAR
from reactivation.report.explanation import (
    DECIDED_AGAIN,
    LIFT_WORDS,
    RECONSTRUCTED,
    UserMonth,
    WaveOfUser,
    for_customer,
    for_staff,
)
from reactivation.report.explanation_words import CUSTOMER, WAVE_REASONS

pytestmark = pytest.mark.numbers


class Reason(NamedTuple):
    feature: str
    contribution: float


SCORES: dict[str, Any] = {
    "p_active": 0.41234,
    "raw_active": -0.35,
    "active_version": "3",
    "reasons_active": [
        Reason("login_count_3m", 0.52),
        Reason("login_days_since_last", -0.31),
        Reason("profile_gender", 0.1),
    ],
    "p_asset_uplift": None,
    "raw_asset_uplift": None,
    "asset_uplift_version": None,
    "reasons_asset_uplift": None,
    "lift_active": 0.0712,
    "active_uplift_version": "2",
    "reasons_active_uplift": [Reason("login_count_3m", 0.041), Reason("policy", -0.012)],
}
ARM = {
    "policy": "model",
    "policy_rank": 12,
    "is_selected": True,
    "touch": "touched",
    "picked_by_model": True,
    "picked_by_rule": False,
    "picked_by_random": True,
}
PLAN = {
    "channel": "push",
    "benefit": "login_discount",
    "guide_to": None,
    "cost": Decimal("0.40"),
    "expected_gain": None,
    "expected_asset_gain": None,
    "is_exploration": False,
    "propensity": None,
}
RECEIPT = {"status": "delivered", "sent_at": datetime(2026, 6, 5, 2, 3, tzinfo=UTC)}
DAYS: dict[str, Any] = {"version": 1, "as_of": date(2026, 6, 4), "send_on": date(2026, 6, 5)}
SENT = WaveOfUser(
    "W1", "released", **DAYS, reason="planned", plan=PLAN, contact={"stopped_on": None}, receipts=[RECEIPT]
)
NOT_MET = WaveOfUser("W2", "released", **DAYS, reason="does_not_qualify", basis=RECONSTRUCTED)
FULL = WaveOfUser("W3", "planned", **DAYS, reason="no_capacity", basis=DECIDED_AGAIN)


def month(*waves: WaveOfUser, **rows: Any) -> UserMonth:
    return UserMonth(7, "2026-06", "Asia/Shanghai", waves=waves, **{"scores": SCORES, "arm": ARM, **rows})


def test_the_staff_reads_values_contributions_and_how_each_reason_is_known() -> None:
    words = {"login_count_3m": ("logins, last 3 months", "logins"), "profile_gender": ("gender", ""), **LIFT_WORDS}
    facts = {"login_count_3m": 4.0, "login_days_since_last": None, "profile_gender": "f"}
    outcome = dict.fromkeys(("transacted", "is_active", "has_asset_uplift", "opted_out"), False)
    said = for_staff(
        month(
            SENT,
            NOT_MET,
            FULL,
            WaveOfUser("W4"),
            words=words,
            features=facts,
            tier={"tier": "high_potential", "band": 3},
            band={"score_low": 0.31, "score_high": 0.42, "basis": "observed", "reason": "touched users gain"},
            outcome={**outcome, "logged_in": True, "contacts_delivered": 1, "outside_contacts": 0},
        )
    )
    for line in (
        "active: probability 0.412, raw score -0.350 (log-odds), model version 3",
        "+0.520  logins, last 3 months: 4 logins",
        "-0.310  login_days_since_last: not known",  # conf no longer names it
        "+0.100  gender: f",
        "asset_uplift: no model of it was live",
        "lift: a month open to contact adds +0.071 to P(active), version 2",
        "as shares of users before the lift was calibrated:\n    +0.041  logins, last 3 months: 4 logins",
        "-0.012  counted as a user of the cell `model`",
        "high_potential, by band 3",
        "p_active from 0.310 to 0.420; observed: touched users gain",
        "cell model (rank 12), picked, touched",
        "would be picked by: model, random",
        "W1 (version 1, released, planned as of 2026-06-04, to be sent on 2026-06-05): push, login_discount",
        "push, login_discount, expected cost 0.40\n",
        "delivered, sent at 2026-06-05 10:03",
        f"nothing. does_not_qualify: picked, but the wave's condition was not met on its day [{RECONSTRUCTED}]",
        f"nothing. no_capacity: the wave could have contacted the user, but its channels were full before this rank "
        f"[{DECIDED_AGAIN}]",
        "W4: not planned yet",
        "logged_in: yes",
    ):
        assert line in said


@pytest.mark.parametrize(
    ("wave", "line"),
    [
        (SENT._replace(contact=None), "left out at its release"),
        (SENT._replace(status="stopped", contact={"stopped_on": date(2026, 6, 5)}), "stopped on 2026-06-05 before"),
        (WaveOfUser("W1", "skipped"), "W1: the wave was left out of the month"),
        (NOT_MET._replace(asks="login_days_to_date = 0"), "was not met on its day (login_days_to_date = 0) ["),
        (FULL._replace(asks="login_days_to_date = 0"), "were full before this rank ["),
        (SENT._replace(reason="drawn_none"), "nothing. drawn_none: exploration drew that nothing is sent"),
        (SENT._replace(plan={**PLAN, "is_exploration": True, "propensity": 0.4}), "drawn with probability 0.400"),
        (SENT._replace(plan={**PLAN, "expected_gain": 0.05}), "cost 0.40, expected to raise P(active) by 0.050\n"),
        (
            SENT._replace(plan={**PLAN, "expected_gain": 0.05, "expected_asset_gain": -0.01}),
            "expected to raise P(active) by 0.050 and P(asset uplift) by -0.010\n",
        ),
        (SENT._replace(plan={**PLAN, "guide_to": "payments"}), "push, login_discount, leads to payments, expected"),
    ],
)
def test_what_became_of_a_planned_contact_is_said(wave: WaveOfUser, line: str) -> None:
    assert line in for_staff(month(wave))


def test_the_customer_reads_what_moved_the_lift_where_lifts_decide() -> None:
    """What counts for the score is known of logins, what counts for the lift of assets alone."""
    scores = {**SCORES, "reasons_active_uplift": [Reason("asset_total_last", 0.04), Reason("policy", -0.01)]}
    say = CUSTOMER["en"]
    for is_by_lift, told, untold in ((True, "asset", "login"), (False, "login", "asset")):
        said = for_customer(replace(month(scores=scores), is_by_lift=is_by_lift), language="en")
        assert say[told] in said
        assert say[untold] not in said
    without = {**SCORES, "reasons_active_uplift": None}
    assert say["login"] in for_customer(replace(month(scores=without), is_by_lift=True), language="en")


def test_the_customer_reads_signals_and_days_alone() -> None:
    said = for_customer(month(SENT, NOT_MET), language="en")
    assert "how often and how lately you used the app; how long you have been with us" in said  # each signal once
    assert "On 2026-06-05 we sent you a message by a notification of the app with an offer." in said
    assert "no message from us: the message was not meant for customers in your situation" in said
    assert [word for word in ("0.41", "model", "high_potential", "rank", "login_discount") if word in said] == []


def test_a_contact_that_was_stopped_or_left_out_is_no_message() -> None:
    for wave in (SENT._replace(contact=None), SENT._replace(contact={"stopped_on": date(2026, 6, 5)})):
        assert "we sent you" not in for_customer(month(wave), language="en")


def test_who_refuses_profiling_is_told_that_nothing_was_estimated() -> None:
    refused = SENT._replace(reason="profiling_refused", plan=None, contact=None)
    said = for_customer(month(refused, scores=None), language="en")
    assert "nothing was estimated about you" in said
    assert "What counted most" not in said


def test_every_language_has_the_same_words_and_every_reason_and_signal_some() -> None:
    assert set(WAVE_REASONS) == set(REASONS)
    [signals] = [text.split("|") for text in GRAMMAR.pattern.split(")")[:1] for text in [text.partition(">")[2]]]
    for words in CUSTOMER.values():
        assert set(words) == set(CUSTOMER["en"])
        assert (set(REASONS) - {"planned"}) | set(signals) <= set(words)
        assert all(words.values())
