"""Net gain of a user: what an active user is worth, where the user is active, less what was spent on the user.

The difference of two sides' means is value · effect - additional spend. It is a difference of two means like any other:
no ratio of small differences, no end that does not exist.
"""

from reactivation.statistics.fieller import Spending
from reactivation.statistics.means import Moments

METHOD = "net gain per user, value · effect - spend: Welch, cost and outcome of a user together"


def net_gain(side: Spending, *, value: float) -> Moments:
    """Sums of `value` · outcome - cost over the users of one side. value, cost: in one currency.

    The outcome is 0 or 1, so its square is itself: Σ(vy - c)² = v²Σy - 2vΣyc + Σc².

    References: Stinnett and Mullahy, Medical Decision Making 18 (1998), net benefit.

    >>> net_gain(Spending(4, 2, 3.0, 5.0, 2.0), value=10)
    Moments(n=4, total=17.0, squares=165.0)
    """
    squares = value * value * side.events - 2 * value * side.cost_of_events + side.cost_squares
    return Moments(side.users, value * side.events - side.cost, squares)
