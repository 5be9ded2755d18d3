"""One policy for everybody meets each user as often as in its cell of the month."""

import pytest

from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import capacity
from reactivation.contracts.derived import POLICIES
from reactivation_lab.comparisons import single_policy

pytestmark = pytest.mark.numbers

CELLS = {"model": 400, "rule": 300, "random": 300, "none": 111}
EVERYBODY = 1000


@pytest.mark.parametrize("policy", POLICIES)
def test_limits_per_head_are_those_of_the_month(settings: CampaignSettings, policy: str) -> None:
    arms = settings.arms.model_copy(update={"holdout_share": 0.4, "long_holdout_share": 0.1})
    month = settings.model_copy(update={"arms": arms})
    whole = single_policy.rolled_out(month, policy)
    assert whole.arms.untouched_share == 0
    for name, wave in month.waves.items():
        then = capacity.of_cells(wave, CELLS, arms)[policy]
        now = capacity.of_cells(whole.waves[name], {policy: EVERYBODY, "none": CELLS["none"]}, whole.arms)
        touched = CELLS[policy] * (1 - arms.untouched_share)
        for channel, contacts in then.contacts.items():
            assert now[policy].contacts[channel] / EVERYBODY == pytest.approx(contacts / touched, abs=1 / touched)
        assert now[policy].cents / EVERYBODY == pytest.approx(then.cents / touched, abs=1 / touched)
        assert not any(sum(room.contacts.values()) + room.cents for other, room in now.items() if other != policy)


def test_the_months_limits_per_user_add_up_over_waves(settings: CampaignSettings) -> None:
    limits = single_policy.per_user(settings, {"model": 60, "rule": 20, "none": 20})
    budget = sum(float(wave.budget_cny_per_1000_users) for wave in settings.waves.values())
    assert limits.budget == pytest.approx(budget * 100 / 1000 / 80)
    for channel, contacts in limits.capacity.items():
        each = [float(wave.capacity_per_1000_users.get(channel, 0)) for wave in settings.waves.values()]
        assert contacts == pytest.approx(sum(each) * 100 / 1000 / 80)
