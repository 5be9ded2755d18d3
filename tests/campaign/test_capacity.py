"""Equal spend: how capacities and budgets are split, and what is left of them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import exploration
from reactivation.campaign.planning.capacity import PricedOption, RemainingCapacity, of_cells, split
from reactivation.campaign.planning.exploration import Candidates

pytestmark = pytest.mark.numbers

OPTIONS = [
    PricedOption("push/none", 0, "push", "none", Decimal(0)),
    PricedOption("sms/gift", 1, "sms", "gift", Decimal("1.55")),
]
PLENTY = RemainingCapacity({"push": 1000, "sms": 1000}, 1_000_000)


@given(st.integers(0, 10**9), st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**6), min_size=1))
@settings(max_examples=50)
def test_parts_add_up_and_none_is_a_whole_unit_off(total: int, weights: dict[str, int]) -> None:
    parts, whole = split(total, weights), sum(weights.values())
    assert sum(parts.values()) == (total if whole else 0)
    assert all(abs(parts[name] * whole - total * weight) < whole for name, weight in weights.items() if whole)


def test_cells_share_by_their_contactable_users(settings: CampaignSettings) -> None:
    # 2 000 low-activity users, a quarter of them not contactable: capacity is stated for all of them.
    found = of_cells(settings.waves["W1"], {"model": 900, "rule": 300, "random": 300, "none": 500}, settings.arms)
    assert {policy: part.contacts["sms"] for policy, part in found.items()} == {
        "model": 1200,
        "rule": 400,
        "random": 400,
    }
    assert {policy: part.cents for policy, part in found.items()} == {
        "model": 1_200_000,
        "rule": 400_000,
        "random": 400_000,
    }


def test_all_who_are_wanted_explore_where_there_is_capacity() -> None:
    few = [Candidates(bucket, 0b11, 1) for bucket in range(0, 10_000, 100)]
    found = exploration.threshold(
        few, wanted_share=0.05, options=OPTIONS, reserve=PLENTY, whole=PLENTY, odds=exploration.Odds(0.25)
    )
    assert found == 500


@pytest.mark.parametrize(
    ("reserve", "whole", "units"),
    [
        (RemainingCapacity({"push": 100, "sms": 3}, 10**6), PLENTY, 8),  # 3 of 8 are expected to draw the SMS
        (
            RemainingCapacity({"push": 100, "sms": 100}, 500),
            PLENTY,
            8,
        ),  # 5 CNY hold the 4.65 of 8 draws, not the 5.23 of 9
        (PLENTY, RemainingCapacity({"push": 1000, "sms": 6}, 10**6), 6),  # were all to draw the SMS, 6 could get it
    ],
)
def test_exploration_falls_before_anybody_draws_where_capacity_is_short(
    reserve: RemainingCapacity, whole: RemainingCapacity, units: int
) -> None:
    candidates = [Candidates(10 * n, 0b11, 1) for n in range(50)]
    bucket = exploration.threshold(
        candidates, wanted_share=0.05, options=OPTIONS, reserve=reserve, whole=whole, odds=exploration.Odds(0.25)
    )
    assert sum(one.bucket < bucket for one in candidates) == units


@pytest.mark.parametrize("mask", range(1, 32))
def test_the_chances_of_a_user_add_up_to_one(mask: int) -> None:
    shares = exploration.shares(mask, exploration.Odds(0.3))
    assert sum(shares.values()) == pytest.approx(1)
    assert len(shares) == mask.bit_count() + 1
