"""Linear and integer programmes over cells of users, by HiGHS: prices of limits, counts of whole users, contradictions.

The same cells give the same answer: searches end by nodes, not by seconds.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array

from reactivation.campaign.planning.cells import FINE, MICRO, Bools, Cells, Floats, Ints, Limit, losses_of

_NODES = 1000
_EXACT = 1e-7
_SPARE = 256
"""Cells nearest to another choice that are decided anew together with the shared ones."""


class Relaxed(NamedTuple):
    """Optimum of the linear programme over cells. value: millionths. prices: by limit, whole billionths per unit."""

    shares: Floats
    value: float
    prices: tuple[int, ...]


class _Rows(NamedTuple):
    """The programme's variables, as cell and alternative, and its rows: one per cell, one per limit."""

    cell: Ints
    alternative: Ints
    of_cells: csr_array
    of_limits: csr_array


def _rows(cells: Cells, limits: Sequence[Limit]) -> _Rows:
    cell, alternative = np.nonzero(cells.is_open)
    shape = (len(cells.users), len(cell))
    of_cells = coo_array((np.ones(len(cell)), (cell, np.arange(len(cell)))), shape=shape).tocsr()
    uses = np.array([[*limit.uses, 0] for limit in limits], dtype=float).reshape(len(limits), cells.is_open.shape[1])
    of_limits = uses[:, alternative]
    for row, limit in enumerate(limits):
        if limit.group is not None:
            of_limits[row] *= cells.group[cell] == limit.group
    return _Rows(cell, alternative, of_cells, csr_array(of_limits))


def relaxed(cells: Cells, limits: Sequence[Limit]) -> Relaxed | None:
    """The linear programme over cells, whose users count as equals; None where their alternatives meet no limits."""
    rows = _rows(cells, limits)
    each = cells.worth[rows.cell, rows.alternative] / cells.users[rows.cell] / MICRO
    above = [i for i, limit in enumerate(limits) if limit.most is not None]
    below = [i for i, limit in enumerate(limits) if limit.least]
    ends = [*(limits[i].most or 0 for i in above), *(-(limits[i].least or 0) for i in below)]
    signs = np.array([1.0] * len(above) + [-1.0] * len(below))
    found = linprog(
        -each,
        A_ub=csr_array(rows.of_limits[[*above, *below]].multiply(signs[:, None])) if ends else None,
        b_ub=np.array(ends, dtype=float) if ends else None,
        A_eq=rows.of_cells,
        b_eq=cells.users.astype(float),
        method="highs",
    )
    if found.status != 0:
        return None
    prices = np.zeros(len(limits))
    if ends:
        np.add.at(prices, [*above, *below], -found.ineqlin.marginals * signs)
    shares = np.zeros(cells.is_open.shape)
    shares[rows.cell, rows.alternative] = found.x
    return Relaxed(shares, -float(found.fun) * MICRO, tuple(round(p * MICRO * FINE) for p in prices))


def rounded(cells: Cells, limits: Sequence[Limit], found: Relaxed) -> Ints | None:
    """Counts of whole users near a relaxed optimum that keep every limit; None where there are none.

    At most as many cells are shared as there are limits. These, and the cells nearest to another choice, are decided
    anew by an integer programme; where that cannot keep the limits, ever more cells are.
    """
    near = np.rint(found.shares)
    is_far: Bools = np.abs(found.shares - near) > 1e-6
    is_shared: Bools = np.any(is_far, axis=1, keepdims=True)[:, 0]
    closest = np.argsort(_regret(cells, limits, found.prices), kind="stable")
    spare = min(_SPARE, len(closest))
    while True:
        free = is_shared.copy()
        free[closest[:spare]] = True
        counts = whole_users(cells, limits, free=free, fixed=near.astype(np.int64), worth=found.value)
        if counts is not None or spare == len(closest):
            return counts
        spare = min(8 * spare, len(closest))


def _regret(cells: Cells, limits: Sequence[Limit], prices: Sequence[int]) -> Floats:
    """What a user of each cell loses by the second-best alternative."""
    ordered = np.sort(losses_of(cells, limits, prices), axis=1)
    return ordered[:, 1] if ordered.shape[1] > 1 else ordered[:, 0]


def whole_users(
    cells: Cells, limits: Sequence[Limit], *, free: Bools, fixed: Ints, worth: float | None = None
) -> Ints | None:
    """Counts of whole users that keep every limit: of the free cells the best ones, of the others as fixed.

    None where that cannot be. worth: of the whole plan, millionths, a millionth of which need not be found; None: a ten
    millionth of the free cells'.
    """
    part, kept = cells.where(free), np.where(free[:, None], 0, fixed)
    taken = [cells.used(limit, kept) for limit in limits]
    rows = _rows(part, limits)
    if len(rows.cell):
        each = part.worth[rows.cell, rows.alternative] / part.users[rows.cell]
        low = [-np.inf if one.least is None else one.least - used for one, used in zip(limits, taken, strict=True)]
        high = [np.inf if one.most is None else one.most - used for one, used in zip(limits, taken, strict=True)]
        within = [LinearConstraint(rows.of_limits, low, high)] if limits else []
        found = milp(
            -each / max(float(np.abs(each).max()), 1.0),
            constraints=[LinearConstraint(rows.of_cells, part.users, part.users), *within],
            integrality=np.ones(len(rows.cell)),
            bounds=Bounds(0, part.users[rows.cell]),
            options={"mip_rel_gap": _enough(part, fixed[free], worth), "node_limit": _NODES},
        )
        if found.x is None:
            return None
        counts = np.zeros(part.is_open.shape, dtype=np.int64)
        counts[rows.cell, rows.alternative] = np.rint(found.x).astype(np.int64)
        kept[free] = counts
    is_whole = bool((kept.sum(axis=1) == cells.users).all())
    is_met = all(limit.is_met(cells.used(limit, kept)) for limit in limits)
    return kept if is_whole and is_met else None


def _enough(part: Cells, fixed: Ints, worth: float | None) -> float:
    """The relative gap at which the search for a part of the plan ends."""
    own = abs(part.value(fixed))
    return _EXACT if worth is None or not own else min(max(_EXACT, abs(worth) * 1e-6 / own), 0.01)


def unmeetable(cells: Cells, limits: Sequence[Limit]) -> list[Limit]:
    """Limits that cannot be met together, none of which can be left out of that; empty where all can be met.

    cells: what each user can get; worth does not matter. Limits are left out one after the other where the rest still
    contradicts itself (the deletion filter of Chinneck and Dravnieks, ORSA Journal on Computing 3, 1991).
    """

    def is_meetable(some: Sequence[Limit]) -> bool:
        nothing = replace(cells, worth=np.zeros_like(cells.worth))
        everybody, none = np.ones(len(cells.users), dtype=bool), np.zeros_like(cells.worth)
        return whole_users(nothing, some, free=everybody, fixed=none) is not None

    left = list(limits)
    if is_meetable(left):
        return []
    for limit in limits:
        without = [one for one in left if one is not limit]
        if not is_meetable(without):
            left = without
    return left
