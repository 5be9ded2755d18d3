"""Equal spend: what a wave may use, split over the cells, and what is left of each cell's part."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from reactivation.campaign.assignment.settings import ArmSettings
from reactivation.campaign.settings import CampaignSettings, Wave
from reactivation.contracts.derived import POLICIES

CENTS = 100
Ends = Literal["capacity", "budget"]


@dataclass(frozen=True)
class Room:
    """What one cell may still use in one wave: contacts per channel, and expected spend in cents.

    >>> Room({"sms": 10}, 100).holds("sms", cost=Decimal("0.30"))
    (3, 'budget')
    """

    contacts: Mapping[str, int]
    cents: int

    def holds(self, channel: str, *, cost: Decimal) -> tuple[int, Ends]:
        """How many more contacts there is room for, and which limit ends it."""
        by_capacity, price = self.contacts.get(channel, 0), int(cost * CENTS)
        by_budget = self.cents // price if price else by_capacity
        return (by_budget, "budget") if by_budget < by_capacity else (by_capacity, "capacity")

    def less(self, channel: str, users: int, *, cost: Decimal) -> "Room":
        """The room after some contacts."""
        left = {**self.contacts, channel: self.contacts[channel] - users}
        return replace(self, contacts=left, cents=self.cents - users * int(cost * CENTS))

    def part(self, share: float) -> "Room":
        """A share of the room, rounded down."""
        exact = Decimal(str(share))
        return Room({channel: int(n * exact) for channel, n in self.contacts.items()}, int(self.cents * exact))


def split(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split a whole number by weights, the remainders going to the largest, so that the parts add up to the total.

    >>> split(10, {"model": 2, "rule": 1, "random": 1})
    {'model': 5, 'rule': 3, 'random': 2}
    """
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    parts = {name: total * weight // whole for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: -(total * weights[name] % whole))
    for name in by_remainder[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def rooms(wave: Wave, cells: Mapping[str, int], arms: ArmSettings) -> dict[str, Room]:
    """Each cell's part of a wave's capacities and budget: by contactable users x (1 - holdout share).

    cells: users per cell, `none` among them; all of them are the low-activity users that the totals are stated for.
    """
    low_activity = sum(cells.values())
    open_of_10_000 = round((1 - arms.untouched_share) * 10_000)
    weights = {policy: cells.get(policy, 0) * open_of_10_000 for policy in POLICIES}
    contacts = {c: split(_scaled(n, low_activity), weights) for c, n in wave.capacity_per_1000_users.items()}
    cents = split(_scaled(wave.budget_cny_per_1000_users * CENTS, low_activity), weights)
    return {policy: Room({c: parts[policy] for c, parts in contacts.items()}, cents[policy]) for policy in POLICIES}


def costs(wave: Wave, settings: CampaignSettings) -> list[Decimal]:
    """Expected cost of one contact by each option of a wave, in order."""
    return [settings.cost(option) for option in wave.options]


def _scaled(per_1000_users: Decimal, users: int) -> int:
    return int(per_1000_users * users / 1000)
