"""Groups of users by what chance and the policies made of them, with the sums of all that is compared.

Sums are whole numbers and decimals: the sums of parts add up to the sums of the whole, to the last digit, in any order.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Exact = int | float | Decimal


def sum_of(*parts: str | int) -> str:
    """Name of a sum.

    >>> sum_of("events", "login")
    'events__login'
    """
    return "__".join(str(part) for part in parts)


@dataclass(frozen=True)
class Totals:
    """Sums over some users, by name; a sum that is not named is 0."""

    sums: Mapping[str, Exact]

    def of(self, *parts: str | int) -> Any:
        """One sum."""
        return self.sums.get(sum_of(*parts), 0)


Pair = tuple[Totals, Totals]
"""The sums of a comparison's treatment and of its control."""


@dataclass(frozen=True)
class Group:
    """Users of one cell with one touch, all of them picked or none, who share all other fields.

    picked_by: the policies that would pick them, whatever their cell. branch, tier: fixed before the draw.
    totals: sums over them; `assigned` counts all of them, `users` those whose outcome came back.
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
        """Branch and tier as one name."""
        return f"branch={self.branch}, tier={self.tier}"


def total(groups: Iterable[Group]) -> Totals:
    """The sums over all users of some groups."""
    whole: dict[str, Exact] = {}
    for group in groups:
        for name, value in group.totals.sums.items():
            whole[name] = whole.get(name, 0) + value  # type: ignore[operator]
    return Totals(whole)


def by_arm(groups: Iterable[Group]) -> tuple[Group, ...]:
    """The groups merged by policy, pick and touch: at most 24 of them."""
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


def parts_of(groups: Iterable[Group]) -> dict[str, list[Group]]:
    """The groups of users in some cell by branch, then by tier: `branch=…`, `tier=…`, each kind in order."""
    in_cells = [group for group in groups if group.touch is not None]
    by_branch = split_by(in_cells, lambda group: f"branch={group.branch}")
    return dict(sorted(by_branch.items())) | dict(
        sorted(split_by(in_cells, lambda group: f"tier={group.tier}").items())
    )
