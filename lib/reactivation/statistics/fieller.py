"""The cost of one incremental user: additional money over additional users, with Fieller's interval."""

from math import sqrt
from typing import NamedTuple

from scipy.stats import norm

from reactivation.statistics.said import Said, said


class Spending(NamedTuple):
    """One side: users, those with the outcome, money spent on all (contacts and redeemed benefits) as sums.

    cost_squares: sum of each user's squared cost. cost_of_events: what was spent on those with the outcome.
    """

    users: int
    events: int
    cost: float
    cost_squares: float
    cost_of_events: float

    @property
    def rate(self) -> float:
        return self.events / self.users

    @property
    def cost_per_user(self) -> float:
        return self.cost / self.users


class CostPerGained(NamedTuple):
    """Money per incremental user. low, high: None at an end that does not exist; all None where nothing can be said."""

    estimate: float | None
    low: float | None
    high: float | None
    says: Said


def cost_per_gained(treatment: Spending, control: Spending, *, alpha: float, currency: str = "") -> CostPerGained:
    """Difference of costs over difference of rates, with Fieller's interval.

    Cost and outcome of a user are correlated (users who come also redeem); the interval allows for it. Where the
    effect's own interval holds zero the cost has no upper end; where the effect is surely negative there is nothing to
    pay for.

    References: Fieller, Journal of the Royal Statistical Society B 16 (1954); Willan and O'Brien, Health Economics 5
    (1996).
    """
    if not treatment.users or not control.users:
        side = "treatment" if not treatment.users else "control"
        return CostPerGained(None, None, None, said("nobody_there", f"not estimable: nobody on the side of the {side}"))
    sides = (treatment, control)
    more, gained = treatment.cost_per_user - control.cost_per_user, treatment.rate - control.rate
    z2 = float(norm.isf(alpha / 2)) ** 2
    v_cost = sum((s.cost_squares / s.users - s.cost_per_user**2) / s.users for s in sides)
    v_rate = sum(s.rate * (1 - s.rate) / s.users for s in sides)
    both = sum((s.cost_of_events / s.users - s.cost_per_user * s.rate) / s.users for s in sides)
    unit = f" {currency}" if currency else ""
    if gained * gained <= z2 * v_rate:
        says = (
            f"not bounded: {more:.4g}{unit} per user moved {100 * gained:+.2f} points, but the interval of the effect "
            "holds zero, so one more user may have cost any amount"
        )
        return CostPerGained(None, None, None, said("price_unbounded", says, more=more, gained=gained))
    if gained < 0:
        lost = said("price_of_a_loss", "the campaign lost users: there is no price of a gain")
        return CostPerGained(None, None, None, lost)
    a, b, c = gained * gained - z2 * v_rate, more * gained - z2 * both, more * more - z2 * v_cost
    half = sqrt(max(b * b - a * c, 0.0))
    low, high = (b - half) / a, (b + half) / a
    estimate = more / gained
    says = f"{estimate:.2f}{unit} per incremental user ({1 - alpha:.0%} interval {low:.2f} to {high:.2f})"
    return CostPerGained(estimate, low, high, said("price", says, price=estimate, low=low, high=high))
