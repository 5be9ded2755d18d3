"""Why a user got nothing is asked again by the rules that planned, so it is what the waterfall counted."""

import pytest
from pyspark.sql import functions as F

from cycle.conftest import CYCLE, Bank
from reactivation.contracts import derived, flow
from reactivation.errors import NotReady
from reactivation.pipelines import one_user

pytestmark = pytest.mark.cycle

DECIDED_LATER = ("planned", "drawn_none", "no_capacity", "no_budget")
"""What becomes of the eligible is decided user by user against the others."""


@pytest.mark.parametrize("wave", ["W1", "W3"])
def test_reasons_asked_of_every_user_add_up_to_the_waterfall(bank: Bank, wave: str) -> None:
    r = bank.open(flow.NOTEBOOK, CYCLE)
    day = r.settings.campaign.planned_on(r.cycle, r.calendar)[wave]
    asked = one_user.why_not(r, wave, bank.read(derived.ARMS, CYCLE), as_of=day).groupBy("reason").count().collect()
    counted = bank.read(derived.WAVE_WATERFALL, CYCLE).where(F.col("wave") == wave).collect()
    ruled_out = {row.reason: row.users for row in counted if row.reason not in DECIDED_LATER and row.users}
    assert {row.reason: row["count"] for row in asked if row.reason is not None} == ruled_out
    eligible = sum(row.users for row in counted if row.reason in DECIDED_LATER)
    assert sum(row["count"] for row in asked if row.reason is None) == eligible > 0


def test_a_users_story_tells_what_each_wave_planned_and_what_came_of_it(bank: Bank) -> None:
    r = bank.open(flow.NOTEBOOK, CYCLE)
    user = one_user.example(r)
    told = one_user.story(r, user)
    plans = bank.read(derived.WAVE_PLAN, CYCLE).where(F.col("user_id") == user).collect()
    assert len([plan for plan in plans if plan.channel != "none"]) >= 2
    for plan in plans:
        said = [row["what"] for row in told if row["when"].startswith(f"{plan.wave}, ")]
        assert any(text.startswith("nothing" if plan.channel == "none" else plan.channel) for text in said)
    did = bank.read(derived.OUTCOMES, CYCLE).where(F.col("user_id") == user).collect()[0]
    assert ("logged in" in told[-1]["what"]) == bool(did.logged_in)


def test_somebody_outside_the_programme_has_no_story(bank: Bank) -> None:
    with pytest.raises(NotReady, match="is not in the programme of 2026-05"):
        one_user.story(bank.open(flow.NOTEBOOK, CYCLE), -1)
