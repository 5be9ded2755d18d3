"""Groups of users by what chance and the policies made of them, with the sums of all that is compared.

Sums are whole numbers and decimals: sums of parts are the sums of the whole, to the last digit and in any order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from reactivation.experiment.metrics import Measured, sum_of
from reactivation.statistics.cace import Received
from reactivation.statistics.cuped import Joint
from reactivation.statistics.fieller import Spending
from reactivation.statistics.means import Moments
from reactivation.statistics.proportions import Share

Exact = int | float | Decimal


@dataclass(frozen=True)
class Totals:
    """Sums over some users, by name; what is not named is 0."""

    sums: Mapping[str, Exact]

    def of(self, *parts: str | int) -> Any:
        """One sum."""
        return self.sums.get(sum_of(*parts), 0)

    def share(self, metric: str) -> Share:
        """Users with the outcome among those of whom it is known."""
        return Share(self.of("events", metric), self.of("known", metric))

    def moments(self, metric: str) -> Moments:
        """Size, sum and sum of squares of an outcome compared by its mean."""
        return Moments(self.of("known", metric), self.of("total", metric), self.of("squares", metric))

    def received(self, metric: str) -> Received:
        """A share beside who had a delivery."""
        deliveries = (self.of("reached", metric), self.of("reached_events", metric))
        return Received(*(int(n) for n in (self.of("known", metric), self.of("events", metric), *deliveries)))

    def spending(self, metric: str) -> Spending:
        """What was spent beside an outcome: contacts, and benefits redeemed."""
        costs = (self.of("cost"), self.of("cost_squares"), self.of("cost_of_events", metric))
        return Spending(self.of("users"), self.of("events", metric), *(float(cost) for cost in costs))

    def joint(self, metric: str, measured: Measured) -> Joint | None:
        """The outcome and the covariates of those of whom it is known.

        None where it is known of some only whose covariates were not summed apart.
        """
        n, covariates, known = self.of("known", metric), measured.adjusters, measured.known_of(metric)
        if not n:
            return Joint.empty(1 + len(covariates))
        if covariates and self.of("users", known) != n:
            return None
        is_rate = metric in measured.rates
        total = self.of("events" if is_rate else "total", metric)
        squares = total if is_rate else self.of("squares", metric)
        firsts = [total, *(self.of("sum", known, x) for x in covariates)]
        seconds: dict[tuple[int, int], Any] = {(0, 0): squares}
        for i, x in enumerate(covariates, start=1):
            seconds[0, i] = self.of("with", metric, x)
            for j, other in enumerate(covariates[i - 1 :], start=i):
                seconds[i, j] = self.of("product", known, x, other)
        width = len(firsts)
        centred = [[_centred(seconds, firsts, n, min(i, j), max(i, j)) for j in range(width)] for i in range(width)]
        return Joint(int(n), np.array([float(x / n) for x in firsts]), np.array(centred))


@dataclass(frozen=True)
class Group:
    """Users of one cell, picked or not, with one touch, and all else alike that is named.

    picked_by: the policies that would pick them, whatever their cell. branch, tier: fixed before the draw.
    totals: sums over them; `assigned` counts those of whom no outcome came back as well, `users` does not.
    """

    policy: str
    is_selected: bool
    touch: str | None
    totals: Totals
    picked_by: frozenset[str] = frozenset()
    branch: str = ""
    tier: str = ""

    @property
    def users(self) -> int:
        return int(self.totals.of("users"))

    @property
    def assigned(self) -> int:
        return int(self.totals.of("assigned"))

    @property
    def stratum(self) -> str:
        """Branch and tier in a word."""
        return f"branch={self.branch}, tier={self.tier}"


def total(groups: Iterable[Group]) -> Totals:
    """The sums over all users of some groups."""
    whole: dict[str, Exact] = {}
    for group in groups:
        for name, value in group.totals.sums.items():
            whole[name] = whole.get(name, 0) + value  # type: ignore[operator]
    return Totals(whole)


def by_arm(groups: Iterable[Group]) -> tuple[Group, ...]:
    """The groups of policy, pick and touch, all else together: at most 24 of them."""
    return tuple(
        Group(policy, is_selected, touch, total(members))
        for (policy, is_selected, touch), members in split_by(
            groups, lambda group: (group.policy, group.is_selected, group.touch)
        ).items()
    )


def split_by(groups: Iterable[Group], key: Callable[[Group], Any]) -> dict[Any, list[Group]]:
    """The groups by what `key` says of each, in order of first appearance."""
    found: dict[Any, list[Group]] = {}
    for group in groups:
        found.setdefault(key(group), []).append(group)
    return found


def _centred(seconds: Mapping[tuple[int, int], Any], firsts: Sequence[Any], n: int, i: int, j: int) -> float:
    """Sum of products less the product of sums over n: whole numbers and decimals keep their digits until here."""
    return float(seconds[i, j] - firsts[i] * firsts[j] / n)
