"""Net gain of a user: value times effect less what is spent, with an interval that covers."""

import numpy as np
import pytest

from reactivation.statistics.estimates import compare_means
from reactivation.statistics.fieller import Spending
from reactivation.statistics.net_gain import Uplifts, net_gain, valued_at
from reactivation.statistics.sequential import Level

pytestmark = pytest.mark.numbers


def test_the_sums_are_those_of_value_less_cost_user_by_user() -> None:
    came, cost = np.array([1, 0, 1, 0, 1]), np.array([2.0, 0.5, 0.0, 0.5, 7.0])
    side = Spending(5, 3, float(cost.sum()), float((cost**2).sum()), float((cost * came).sum()))
    each = 20 * came - cost
    found = net_gain(side, value=20)
    assert (found.n, found.total, found.squares) == pytest.approx((5, each.sum(), (each**2).sum()))
    assert found.variance == pytest.approx(each.var(ddof=1))


def test_an_asset_uplift_counts_beside_who_came_user_by_user() -> None:
    came, rose = np.array([1, 0, 1, 0, 1]), np.array([1, 1, 0, 0, 1])
    cost = np.array([2.0, 0.5, 0.0, 0.5, 7.0])
    side = Spending(5, 3, float(cost.sum()), float((cost**2).sum()), float((cost * came).sum()))
    uplifts = Uplifts(int(rose.sum()), int((rose * came).sum()), float((cost * rose).sum()))
    each = 20 * came + 30 * rose - cost
    found = net_gain(side, value=20, uplifts=uplifts, asset_value=30)
    assert (found.n, found.total, found.squares) == pytest.approx((5, each.sum(), (each**2).sum()))
    assert net_gain(side, value=20, uplifts=uplifts) == net_gain(side, value=20)
    assert str(valued_at(20, 30)) == "an active user is worth 20, and an asset uplift 30 beside it"


@pytest.mark.parametrize("value", [0.5, 5, 20, 80])
def test_the_net_gain_covers_whatever_a_user_is_worth(value: float) -> None:
    """Contacts cost 0.5, who comes redeems 2: 16 % against 10 % come. Also where the net gain is a loss."""
    rng = np.random.default_rng(20261128)
    truth = value * 0.06 - (0.5 + 2 * 0.16)
    covered = []
    for a, b in zip(rng.binomial(2_000, 0.16, 4_000).tolist(), rng.binomial(2_000, 0.10, 4_000).tolist(), strict=True):
        touched = Spending(2_000, a, 1_000 + 2 * a, 0.25 * (2_000 - a) + 6.25 * a, 2.5 * a)
        sides = [net_gain(side, value=value) for side in (touched, Spending(2_000, b, 0.0, 0.0, 0.0))]
        found = compare_means(*sides, level=Level(0.05))
        assert found.difference_low is not None
        assert found.difference_high is not None
        covered.append(found.difference_low <= truth <= found.difference_high)
    assert 0.94 <= np.mean(covered) <= 0.96


def test_it_has_an_interval_where_the_price_of_a_gain_has_none() -> None:
    """Nothing was moved: a cost per gained user would be unbounded, the net gain is the money lost."""
    touched, held = Spending(1_000, 100, 500.0, 250.0, 50.0), Spending(1_000, 100, 0.0, 0.0, 0.0)
    found = compare_means(net_gain(touched, value=20), net_gain(held, value=20), level=Level(0.05))
    assert found.difference == pytest.approx(-0.5)
    assert found.difference_low is not None
