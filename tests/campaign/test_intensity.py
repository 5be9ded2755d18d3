"""How often a picked user is contacted in a month, and for how much: as seen, or as conf allows."""

from typing import Any

import pytest

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import intensity
from reactivation.campaign.release import ledger
from reactivation.contracts import derived

numbers = pytest.mark.numbers


@pytest.mark.rules
def test_contacts_of_the_picked_and_touched_are_counted_and_nothing_else(rows: Rows) -> None:
    arms = rows(
        derived.ARMS,
        ["cycle", "user_id", "is_selected", "touch"],
        [
            ("2026-05", 1, True, "touched"),
            ("2026-05", 2, True, "touched"),
            ("2026-05", 3, True, "holdout"),
            ("2026-05", 4, False, "touched"),
        ],
    )
    plan = rows(
        derived.WAVE_PLAN,
        ["cycle", "wave", "user_id", "contact_id", "cost"],
        [
            ("2026-05", "W1", 1, "a", "1.00"),
            ("2026-05", "W2", 1, "b", "0.20"),
            ("2026-05", "W3", 1, "c", "0.30"),
            ("2026-05", "W1", 2, None, "0.00"),  # drew none
            ("2026-05", "W1", 4, "d", "9.00"),  # guidance of one who was not picked
            ("2026-06", "W1", 1, "e", "9.00"),  # another month, in which nobody is known to be picked
        ],
    )
    sent = ledger.sent_as_planned(plan)
    found = intensity.seen(sent, arms)
    assert found is not None
    assert (found.contacts_per_user, found.cost_per_contact) == (1.5, pytest.approx(0.5))
    assert intensity.seen(sent.where("cycle = '2026-07'"), arms) is None


@numbers
def test_before_any_month_it_is_what_capacity_and_budget_hold(conf: dict[str, Any]) -> None:
    wave = conf["waves"]["W1"]
    conf["waves"] = {
        "W1": wave | {"capacity_per_1000_users": {"push": 100, "sms": 50}, "budget_cny_per_1000_users": 30},
        "W2": wave | {"day": 12},  # room for everybody: once each
    }
    found = intensity.at_most(CampaignSettings.model_validate(conf), low_activity=10_000, open_to_contact=3_000)
    assert found.contacts_per_user == (1_500 + 3_000) / 3_000
    assert found.cost_per_contact == pytest.approx((300 + 100_000) / 4_500)
    nobody = intensity.at_most(CampaignSettings.model_validate(conf), low_activity=0, open_to_contact=0)
    assert (nobody.contacts_per_user, nobody.cost_per_contact) == (0.0, 0.0)


@numbers
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"long_holdout_exit": "2026-01"}, "must lie 1 to 12 months"),  # leaves as it begins
        ({"long_holdout_exit": "2027-02"}, "must lie 1 to 12 months"),  # outlives its validity
        ({"long_holdout_exit": "January"}, "must be a month YYYY-MM"),
        ({"holdout_share": 0.96}, "must leave somebody to touch"),
    ],
)
def test_a_long_holdout_has_an_end_within_its_validity(
    conf: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    conf["arms"] |= changes
    with pytest.raises(ValueError, match=said):
        CampaignSettings.model_validate(conf)
