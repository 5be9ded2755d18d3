"""Who gets what at the best total value within limits, with a bound that proves how near the best that is.

The textbook Lagrangian dual of a multiple-choice knapsack with many limits. Each limit has a price per unit; a user
takes the option whose value, less the prices of what it uses, is the highest and above 0. Whatever the prices, the sum
of what users so take and of what the limits are worth bounds the best plan there is (Everett, Operations Research 11,
1963; Geoffrion 1974). The first prices come from a linear programme over few users. Then each look at all users gives a
bound, cells of those whose best alternatives lie close together, and, by a linear programme over these cells, a plan
and the next prices: cutting planes, one per cell (Kelley 1960; Birge and Louveaux 1988). No Spark here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reactivation.campaign.planning import programmes
from reactivation.campaign.planning.cells import (
    FINE,
    Cells,
    Ints,
    Limit,
    Pass,
    best_at,
    look,
    losses,
    worth_of_limits,
)
from reactivation.campaign.planning.programmes import Relaxed

Prices = tuple[int, ...]
Look = Callable[[Prices, int], Pass]
Width = Callable[[Prices, float], int]

FEW = 2_000
"""Cells that one linear programme takes in about a second; up to so many, an integer programme finishes the plan."""
_FIRST_SHARE = 0.1
"""Of the users, whose second-best alternative lies in the first window; a third of it while the gap closes fast."""
_MOST_LOOKS = 12
_CLOSED = 10**16
"""No open alternative loses so much: ten millions of the currency."""
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Plan:
    """A plan and what proves it near the best.

    cells: those of the look that gave the plan; counts: users, cells x alternatives. priced_at, width: prices and
    window of that look, by which users find their cell; width None: cells hold equals. prices: those of the bound,
    billionths per unit of each limit. bound: millionths, what no plan exceeds. looks: at all users.
    """

    cells: Cells
    counts: Ints
    priced_at: Prices
    width: int | None
    prices: Prices
    bound: float
    looks: int

    @property
    def value(self) -> float:
        """What the plan is worth, millionths; of cells that do not hold equals, on average over who is meant."""
        return self.cells.value(self.counts)

    def gap(self, value: float) -> float:
        """Share of the bound by which a plan of so many millionths may be less than the best: certified."""
        return max(0.0, self.bound - value) / abs(self.bound) if self.bound else 0.0


def of_equals(cells: Cells, limits: Sequence[Limit], *, is_finished: bool = True) -> Plan | None:
    """The plan of cells of equals; None where whole users cannot keep the limits.

    is_finished: where the cells are few, the integer programme over all of them is solved as well.
    """
    if not len(cells.users):
        nobody = (0,) * len(limits)
        return Plan(cells, cells.worth, nobody, None, nobody, 0.0, 0) if all(x.is_met(0) for x in limits) else None
    found = programmes.relaxed(cells, limits)
    if found is None:
        return None
    bound = (best_at(cells, limits, found.prices) + worth_of_limits(limits, found.prices)) / FINE
    counts = programmes.rounded(cells, limits, found)
    if is_finished and len(cells.users) <= FEW:
        everybody = np.ones(len(cells.users), dtype=bool)
        whole = programmes.whole_users(cells, limits, free=everybody, fixed=np.zeros_like(cells.worth))
        if whole is not None and (counts is None or cells.value(whole) > cells.value(counts)):
            counts = whole
    return None if counts is None else Plan(cells, counts, found.prices, None, found.prices, bound, 0)


def by_looks(see: Look, limits: Sequence[Limit], start: Prices, *, width: Width) -> Plan | None:
    """The plan of users who are looked at a few times; None where whole users cannot keep the limits.

    see: looks at all of them. width: of a window at some prices that holds so large a share of the users.
    """
    bound, centre, prices = np.inf, start, start
    best: tuple[Relaxed, Cells, Prices, int] | None = None
    share, gap, looks = _FIRST_SHARE, np.inf, 0
    while looks < _MOST_LOOKS and gap > _TOLERANCE:
        window = width(prices, share)
        seen, looks = see(prices, window), looks + 1
        now = (seen.best + worth_of_limits(limits, prices)) / FINE
        found = programmes.relaxed(seen.cells, limits) if now <= bound else None
        if found is None:  # a step too far, or a window that holds too few: back, and look wider
            bound, prices, share = min(bound, now), centre, min(3 * share, 1.0)
            continue
        if best is None or found.value > best[0].value:
            best = found, seen.cells, prices, window
        before, gap, bound = gap, (now - best[0].value) / max(abs(now), 1.0), now
        centre, prices, share = prices, found.prices, share / 3 if gap < before / 3 else share
    if best is None:
        return None
    found, cells, prices, window = best
    counts = programmes.rounded(cells, limits, found)
    return None if counts is None else Plan(cells, counts, prices, window, centre, bound, looks)


def first_prices(values: Ints, group: Ints, limits: Sequence[Limit]) -> Prices:
    """Prices from a sample of users in no particular order. values: as for `look`. limits: those of the sample."""
    share = min(1.0, FEW / len(values))
    of_few, few = [limit.share(share) for limit in limits], equals(values[:FEW], group[:FEW])
    start: Prices = (0,) * len(limits)
    for part in (1.0, 0.8, 0.0):  # of the least: few users may not hold those whom all users hold
        asked = [one._replace(least=None if one.least is None else int(one.least * part)) for one in of_few]
        if found := programmes.relaxed(few, asked):
            start = found.prices
            break
    plan = None
    if share < 1:
        plan = by_looks(in_memory(values, group, limits), limits, start, width=widths(values, group, limits))
    return plan.prices if plan else start


def in_memory(values: Ints, group: Ints, limits: Sequence[Limit]) -> Look:
    """A look at users who are all here."""
    return lambda prices, width: look(values, group, limits, prices, width)


def widths(values: Ints, group: Ints, limits: Sequence[Limit]) -> Width:
    """Width of a window, billionths, that holds the second-best alternative of a share of a sample at some prices."""
    rounding = 4 * max((sum(limit.uses[o] for limit in limits) for o in range(values.shape[1])), default=0)

    def width(prices: Prices, share: float) -> int:
        loss = losses(values, group, limits, prices)[1]
        if share >= 1:
            return max(int(loss[loss < _CLOSED].max(initial=0)), rounding, FINE)
        second = np.partition(loss, 1, axis=1)[:, 1]
        return min(max(int(np.quantile(second, share)), rounding, FINE), _CLOSED)

    return width


def equals(values: Ints, group: Ints) -> Cells:
    """Cells of users with equal values. values: as for `look`."""
    keys, users = np.unique(np.column_stack([group, values]), axis=0, return_counts=True)
    return Cells.of_equals(keys, users.astype(np.int64))
