"""One user's month in sentences: every reason has words, and what is not known is not made up."""

from datetime import date
from typing import Any

import pytest

from reactivation.campaign.planning.waves import REASONS
from reactivation.report import one_user

pytestmark = pytest.mark.numbers

ARM = {"policy": "model", "policy_rank": 12, "is_selected": True, "touch": "touched"}
PLAN = {
    "wave": "W1",
    "channel": "sms",
    "benefit": "login_discount",
    "send_on": date(2026, 5, 6),
    "cost": 1.05,
    "is_exploration": False,
}
DAY = date(2026, 5, 5)


def told(**changes: Any) -> list[str]:
    """What is said of a user who was touched and never planned, with changes."""
    facts: dict[str, Any] = {
        "cycle": "2026-05",
        "score": {"p_active": 0.5, "active_version": "1"},
        "tier": {"tier": "high_potential", "band": 5},
        "arm": ARM,
        "waves": {},
        "planned": [],
        "receipts": [],
        "outcome": None,
    }
    return [row["what"] for row in one_user.story(**{**facts, **changes})]


def test_every_reason_of_the_waterfall_that_rules_a_user_out_has_words_of_its_own() -> None:
    ruled_out = [r for r in REASONS if r not in ("planned", "drawn_none", "no_capacity", "no_budget")]
    said = [told(waves={"W1": (DAY, reason)})[-2] for reason in ruled_out]
    assert all(words.startswith("nothing: ") for words in said)
    assert not [words for words in said if words.removeprefix("nothing: ") in {r.replace("_", " ") for r in REASONS}]
    assert len(set(said)) == len(ruled_out)


def test_what_was_planned_is_told_with_channel_benefit_day_and_cost() -> None:
    said = told(waves={"W1": (DAY, None)}, planned=[PLAN], receipts=[
        {"wave": "W1", "channel": "sms", "status": "delivered", "sent_at": "2026-05-06 10:00"},
        {"wave": "W2", "channel": "push", "status": "failed", "sent_at": "2026-05-12 10:00"},
    ])  # fmt: skip
    assert said[-3] == "sms with login discount on 2026-05-06, expected cost 1.0500"
    assert said[-2] == "sms: delivered"  # of this wave alone


def test_an_eligible_user_without_a_plan_came_too_late_in_the_order() -> None:
    assert "capacity or budget ended" in told(waves={"W1": (DAY, None)})[-2]


def test_a_draw_of_nothing_is_told_as_a_draw() -> None:
    drawn = {**PLAN, "channel": "none", "benefit": "none", "is_exploration": True}
    assert told(waves={"W1": (DAY, None)}, planned=[drawn])[-2] == "nothing, drawn by lot to learn what options do"


def test_who_refuses_profiling_has_no_score_and_no_tier_told() -> None:
    said = told(score=None, tier=None, arm={**ARM, "policy": "none", "touch": None})
    assert "no score: profiling is refused" in said
    assert said[-2].startswith("in no cell")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "not known yet: the month has not been read out"),
        (
            {"logged_in": True, "transacted": None, "has_asset_uplift": True, "opted_out": False},
            "logged in, assets rose",
        ),
        (dict.fromkeys(one_user._DID), "neither login nor transaction nor more assets"),
    ],
)
def test_the_end_is_what_the_user_did(outcome: dict[str, Any] | None, words: str) -> None:
    assert told(outcome=outcome)[-1] == words
