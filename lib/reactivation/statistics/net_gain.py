"""Net gain of a user: what being active, and an asset uplift, is worth where the user has it, less what was spent.

The difference of two sides' means is value · effect - additional spend. It is a difference of two means like any other:
no ratio of small differences, no end that does not exist.
"""

from typing import NamedTuple

from reactivation.statistics.fieller import Spending
from reactivation.statistics.means import Moments
from reactivation.statistics.said import Said, said

METHOD = "net gain per user, value · effect - spend: Welch, cost and outcome of a user together"


class Uplifts(NamedTuple):
    """Users of one side with an asset uplift, those of them with the outcome, and what was spent on them."""

    users: int = 0
    with_outcome: int = 0
    cost: float = 0.0


NO_UPLIFTS = Uplifts()


def net_gain(side: Spending, *, value: float, uplifts: Uplifts = NO_UPLIFTS, asset_value: float = 0.0) -> Moments:
    """Sums of `value` · outcome + `asset_value` · uplift - cost over the users of one side, all in one currency.

    Outcome y and uplift u are 0 or 1, so their squares are themselves: Σ(vy + wu - c)² =
    v²Σy - 2vΣyc + Σc² + w²Σu + 2w(vΣyu - Σuc). A user whose assets are not known has no uplift that counts.

    References: Stinnett and Mullahy, Medical Decision Making 18 (1998), net benefit.

    >>> net_gain(Spending(4, 2, 3.0, 5.0, 2.0), value=10)
    Moments(n=4, total=17.0, squares=165.0)
    """
    squares = value * value * side.events - 2 * value * side.cost_of_events + side.cost_squares
    squares += asset_value * (asset_value * uplifts.users + 2 * (value * uplifts.with_outcome - uplifts.cost))
    return Moments(side.users, value * side.events + asset_value * uplifts.users - side.cost, squares)


def valued_at(value: float, asset_value: float) -> Said:
    """By what values a net gain was reckoned."""
    if not asset_value:
        return said("worth", f"an active user is worth {value:g}", value=value)
    words = f"an active user is worth {value:g}, and an asset uplift {asset_value:g} beside it"
    return said("worth_both", words, value=value, assets=asset_value)
