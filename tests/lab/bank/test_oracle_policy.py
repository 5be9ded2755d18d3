"""The best plan against plans that can be found by hand, and against the greedy fractional knapsack."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactivation_lab.bank.oracle_policy import best

pytestmark = pytest.mark.numbers

PUSH, SMS = ("push", "none"), ("sms", "none")
NO_END = {"push": 1.0, "sms": 1.0}


def test_with_room_for_all_everybody_gets_what_moves_him_most() -> None:
    gains = np.array([[0.1, 0.3], [0.2, 0.1], [-0.1, -0.2], [0.0, np.nan]])
    found = best(gains, options=[PUSH, SMS], costs={PUSH: 0, SMS: 1}, capacity=NO_END, budget=9)
    assert found.value == pytest.approx((0.3 + 0.2) / 4)
    assert (found.contacted, found.spend) == pytest.approx((2 / 4, 1 / 4))


def test_a_channel_without_room_is_not_used() -> None:
    gains = np.array([[0.1, 0.3], [0.2, 0.9]])
    found = best(gains, options=[PUSH, SMS], costs={PUSH: 0, SMS: 1}, capacity={"push": 1, "sms": 0.5}, budget=9)
    assert found.value == pytest.approx((0.1 + 0.9) / 2)


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.05, 3)), min_size=1, max_size=12), st.floats(0, 2))
def test_with_one_user_per_price_it_is_the_fractional_knapsack(users: list[tuple[float, float]], budget: float) -> None:
    """Each user has an option of his own, so gains per cost alone decide: Dantzig's rule."""
    options = [("sms", str(i)) for i in range(len(users))]
    gains = np.full((len(users), len(users)), np.nan)
    np.fill_diagonal(gains, [gain for gain, _ in users])
    costs = {option: cost for option, (_, cost) in zip(options, users, strict=True)}
    found = best(gains, options=options, costs=costs, capacity={"sms": 1.0}, budget=budget)
    left, value = budget * len(users), 0.0
    for gain, cost in sorted(users, key=lambda user: -user[0] / user[1]):
        taken = min(1.0, left / cost)
        value, left = value + taken * gain, left - taken * cost
    assert found.value == pytest.approx(value / len(users), abs=1e-6)


def test_nobody_who_can_be_moved_is_no_plan() -> None:
    found = best(np.array([[-0.1, np.nan]]), options=[PUSH, SMS], costs={PUSH: 0, SMS: 1}, capacity=NO_END, budget=1)
    assert found == (0.0, 0.0, 0.0)
