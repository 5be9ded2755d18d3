"""Cost per incremental user: bounded where the effect is surely there, and said so where it is not."""

import pytest
from scipy.stats import norm

from reactivation.statistics.fieller import Spending, cost_per_gained

pytestmark = pytest.mark.numbers


def paid(users: int, events: int, price: float) -> Spending:
    """Everybody cost the same: no variance in the cost."""
    return Spending(users, events, users * price, users * price**2, events * price)


def test_with_a_fixed_price_the_interval_is_that_of_the_effect_turned_over() -> None:
    found = cost_per_gained(paid(10_000, 1_200, 0.5), paid(10_000, 1_000, 0.0), alpha=0.05)
    error = (0.12 * 0.88 / 10_000 + 0.1 * 0.9 / 10_000) ** 0.5
    reach = norm.isf(0.025) * error
    assert found.estimate == pytest.approx(0.5 / 0.02)
    assert (found.low, found.high) == pytest.approx((0.5 / (0.02 + reach), 0.5 / (0.02 - reach)))
    assert "25.00 per incremental user (95% interval" in found.says


@pytest.mark.parametrize(
    ("treatment", "control", "words"),
    [
        (paid(1_000, 105, 0.5), paid(1_000, 100, 0.0), "not bounded: 0.5 per user moved +0.50 points"),
        (paid(1_000, 100, 0.5), paid(1_000, 100, 0.0), "any amount"),  # nothing moved
        (paid(9_000, 700, 0.5), paid(9_000, 900, 0.0), "the campaign lost users"),
        (paid(0, 0, 0.5), paid(9_000, 900, 0.0), "not estimable: nobody on the side of the treatment"),
    ],
)
def test_without_a_sure_gain_there_is_no_price(treatment: Spending, control: Spending, words: str) -> None:
    found = cost_per_gained(treatment, control, alpha=0.05)
    assert (found.estimate, found.low, found.high) == (None, None, None)
    assert words in found.says


def test_a_benefit_that_only_active_users_redeem_raises_cost_and_gain_together() -> None:
    """Cost and outcome hang together, so their ratio varies less than if they did not."""
    tied = Spending(10_000, 1_200, 6_000.0, 30_000.0, 6_000.0)  # 5 each for the 1 200, nothing else
    loose = tied._replace(cost_of_events=6_000.0 * 0.12)  # the same cost, spread over everybody
    widths = [
        found.high - found.low
        for side in (tied, loose)
        if (found := cost_per_gained(side, paid(10_000, 1_000, 0.0), alpha=0.05)).low is not None
        and found.high is not None
        and found.low is not None
    ]
    assert widths[0] < widths[1]
