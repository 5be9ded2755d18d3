"""Users in cells, limits and their prices: the plain numbers that the allocation by prices reckons with.

Values are whole millionths of the currency, prices whole billionths, so sums are the same in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MICRO, FINE = 1_000_000, 1_000
"""Millionths of the currency in which values are counted, and how many units of prices make one of those."""
NEVER = -(10**15)
"""Value, in millionths, of an option that a user cannot get."""
STEPS = 1 << 12
"""Of a window; losses are told apart by how many digits to the base 4 they have in these: 7 levels, finest at ties."""
MOST_ALTERNATIVES = 15


class Limit(NamedTuple):
    """One limit. uses: units per contact, by option. least, most: of the units; None: no end on that side.

    group: number of the group whose users alone count (a branch with a floor); None: everybody. scale: units in one of
    what the limit is told in (100 cents).
    """

    name: str
    uses: tuple[int, ...]
    most: int | None = None
    least: int | None = None
    group: int | None = None
    scale: int = 1

    def is_met(self, used: int) -> bool:
        """True where so many units keep the limit."""
        return (self.most is None or used <= self.most) and (self.least is None or used >= self.least)

    def share(self, share: float) -> "Limit":
        """The limit of a sample of so large a share, rounded down."""
        most, least = (None if end is None else int(end * share) for end in (self.most, self.least))
        return self._replace(most=most, least=least)


@dataclass(frozen=True)
class Cells:
    """Users in cells. Alternatives are the options in order, then nothing.

    keys: by which users find their cell, a row per cell: the number of their group, then the values of equals, or the
    code of a look. users: how many. worth: sum over them of what each alternative is worth, millionths, cells x
    alternatives. is_open: whether the alternative is one for the cell.
    """

    keys: Ints
    users: Ints
    worth: Ints
    is_open: Bools

    @classmethod
    def of_equals(cls, keys: Ints, users: Ints) -> "Cells":
        """Cells of users with equal values, all alternatives open that they have. keys: group, then values per user."""
        whole = with_nothing(keys[:, 1:])
        is_open = whole > NEVER // 2
        return cls(keys, users, np.where(is_open, whole, 0) * users[:, None], is_open)

    @classmethod
    def of_looks(cls, keys: Ints, users: Ints, worth: Ints) -> "Cells":
        """Cells of a look, whose code says which alternatives are open. keys: group and code."""
        return cls(keys, users, worth, (keys[:, 1:] >> 4 * np.arange(worth.shape[1])) % 16 > 0)

    @property
    def group(self) -> Ints:
        return self.keys[:, 0]

    def where(self, chosen: Bools) -> "Cells":
        """Some of the cells."""
        return Cells(self.keys[chosen], self.users[chosen], self.worth[chosen], self.is_open[chosen])

    def used(self, limit: Limit, counts: Ints) -> int:
        """Units of a limit that so many users take, cells x alternatives."""
        is_in = np.ones(len(self.group), dtype=bool) if limit.group is None else self.group == limit.group
        return int(counts[is_in, :-1].sum(axis=0) @ np.array(limit.uses, dtype=np.int64))

    def value(self, counts: Ints) -> float:
        """What so many users are worth, millionths, those of a cell taken as equals."""
        return float((self.worth / self.users[:, None] * counts).sum())


class Pass(NamedTuple):
    """What one look at all users at some prices tells. best: sum of their best values less prices, billionths."""

    cells: Cells
    best: int


def with_nothing(values: Ints) -> Ints:
    """Values with those of no contact, 0, as the last column."""
    return np.column_stack([values, np.zeros(len(values), dtype=np.int64)])


def option_prices(limits: Sequence[Limit], prices: Sequence[int], *, among: Ints, options: int) -> Ints:
    """What one contact costs at prices of the limits, billionths, groups x options.

    among: groups of users; one that only a limit names has a row too, for a branch may have nobody to plan for.
    """
    groups = 1 + max([int(among.max(initial=0)), *(limit.group or 0 for limit in limits)])
    found = np.zeros((groups, options), dtype=np.int64)
    for limit, price in zip(limits, prices, strict=True):
        found[slice(None) if limit.group is None else limit.group] += np.array(limit.uses, dtype=np.int64) * price
    return found


def worth_of_limits(limits: Sequence[Limit], prices: Sequence[int]) -> int:
    """What the limits are worth at prices, billionths: a price above 0 counts the most, one below 0 the least."""
    return sum(p * ((limit.most if p > 0 else limit.least) or 0) for limit, p in zip(limits, prices, strict=True))


def losses(values: Ints, group: Ints, limits: Sequence[Limit], prices: Sequence[int]) -> tuple[Ints, Ints]:
    """By user the best value less prices, and what each alternative loses against it, billionths."""
    of_option = option_prices(limits, prices, among=group, options=values.shape[1])
    reduced = with_nothing(values * FINE - of_option[group])
    best: Ints = reduced.max(axis=1)
    return best, best[:, None] - reduced


def losses_of(cells: Cells, limits: Sequence[Limit], prices: Sequence[int]) -> Floats:
    """What each alternative of a cell loses per user against the cell's best, billionths; closed ones: infinity."""
    of_option = option_prices(limits, prices, among=cells.group, options=cells.worth.shape[1] - 1)
    of_option = with_nothing(of_option)[cells.group]
    each = cells.worth / cells.users[:, None] * FINE - of_option
    reduced = np.where(cells.is_open, each, -np.inf)
    found: Floats = reduced.max(axis=1, keepdims=True) - reduced
    return found


def look(values: Ints, group: Ints, limits: Sequence[Limit], prices: Sequence[int], width: int) -> Pass:
    """One look at users in memory: cells of those whose alternatives lie equally close to their best.

    values: a row per user, millionths, `NEVER`: not possible. width: an alternative that loses at most so much,
    billionths, is one. `priced` does the same with all users.
    """
    best, loss = losses(values, group, limits, prices)
    is_open = loss <= width
    step = np.where(is_open, loss, 0) * STEPS // (width + 1)
    level = np.maximum(np.ceil(np.log2(step + 0.5) / 2), 0).astype(np.int64) + 1
    code = np.where(is_open, level, 0) @ (1 << 4 * np.arange(loss.shape[1], dtype=np.int64))
    keys, place, users = np.unique(np.column_stack([group, code]), axis=0, return_inverse=True, return_counts=True)
    worth = np.zeros((len(keys), loss.shape[1]), dtype=np.int64)
    np.add.at(worth, place.reshape(-1), np.where(is_open, with_nothing(values), 0))
    return Pass(Cells.of_looks(keys, users.astype(np.int64), worth), int(best.sum()))


def best_at(cells: Cells, limits: Sequence[Limit], prices: Sequence[int]) -> int:
    """Sum of the best values less prices, billionths, of cells of equals (`Cells.of_equals`)."""
    of_option = option_prices(limits, prices, among=cells.group, options=cells.worth.shape[1] - 1)[cells.group]
    each = cells.worth[:, :-1] * FINE - of_option * cells.users[:, None]
    return int(np.where(cells.is_open[:, :-1], each, 0).max(axis=1, initial=0).sum())
