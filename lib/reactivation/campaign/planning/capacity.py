"""Equal spend: what a wave may use, split over the cells, and what remains of each cell's part."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from reactivation.campaign.assignment.settings import ArmSettings
from reactivation.campaign.planning.settings import NO_BENEFIT, Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts.derived import CHALLENGER, policies_in

CENTS = 100
GUIDANCE = "guidance"
GUIDANCE_QUEUES = {"model": GUIDANCE, CHALLENGER: f"{GUIDANCE}_{CHALLENGER}"}
"""Queue of the users whom a cell that reads the model does not pick and may guide, by cell."""
Limit = Literal["capacity", "budget"]


class PricedOption(NamedTuple):
    """An option of a wave as the planning counts it.

    label: `channel/benefit`, or `guidance`. bit: its bit in the users' `options_mask`. cost: expected, per contact.
    """

    label: str
    bit: int
    channel: str
    benefit: str
    cost: Decimal

    @property
    def cents(self) -> int:
        return int(self.cost * CENTS)

    def is_in(self, mask: int) -> bool:
        """True where a mask has the option's bit."""
        return bool(mask >> self.bit & 1)


def priced_options(wave: Wave, settings: CampaignSettings) -> tuple[PricedOption, ...]:
    """The options of a wave in conf's order."""
    return tuple(
        PricedOption(option.label, bit, option.channel, option.benefit, settings.cost(option))
        for bit, option in enumerate(wave.options)
    )


def guidance_option(wave: Wave, settings: CampaignSettings) -> PricedOption:
    """The contact at no cost for users whom their cell does not pick; its bit follows those of the options."""
    return PricedOption(GUIDANCE, len(wave.options), settings.guidance_channel, NO_BENEFIT, Decimal(0))


def guides(wave: Wave) -> dict[str, str | None]:
    """Group of functions to which the wave leads, by label of what leads there; None: nowhere."""
    return {**{option.label: option.guide_to for option in wave.options}, GUIDANCE: wave.guide_to}


@dataclass(frozen=True)
class RemainingCapacity:
    """What one cell may still use in one wave: contacts per channel, and expected spend in cents.

    >>> sms = PricedOption("sms/none", 0, "sms", "none", Decimal("0.30"))
    >>> RemainingCapacity({"sms": 10}, 100).most_contacts(sms)
    (3, 'budget')
    """

    contacts: Mapping[str, int]
    cents: int

    def most_contacts(self, option: PricedOption) -> tuple[int, Limit]:
        """How many more users can get an option, and which limit binds."""
        by_capacity = self.contacts.get(option.channel, 0)
        by_budget = self.cents // option.cents if option.cents else by_capacity
        return (by_budget, "budget") if by_budget < by_capacity else (by_capacity, "capacity")

    def after(self, option: PricedOption, users: int) -> "RemainingCapacity":
        """What remains once some users have got an option."""
        contacts = {**self.contacts, option.channel: self.contacts[option.channel] - users}
        return replace(self, contacts=contacts, cents=self.cents - users * option.cents)

    def share(self, share: float) -> "RemainingCapacity":
        """A share of all of it, rounded down."""
        exact = Decimal(str(share))
        contacts = {channel: int(n * exact) for channel, n in self.contacts.items()}
        return RemainingCapacity(contacts, int(self.cents * exact))


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


def of_cells(
    wave: Wave, cells: Mapping[str, int], arms: ArmSettings, *, most: Mapping[str, int] | None = None
) -> dict[str, RemainingCapacity]:
    """Each cell's part of a wave's capacities and budget: by contactable users x (1 - holdout share).

    cells: users per cell, `none` among them; all of them are the low-activity users that the totals are stated for.
    most: contacts that a channel can make at all, whatever the wave asks of it.
    """
    low_activity, weights = sum(cells.values()), weights_of_cells(cells, arms)
    asked = {c: scaled(n, low_activity) for c, n in wave.capacity_per_1000_users.items()}
    contacts = {c: split(min(n, (most or {}).get(c, n)), weights) for c, n in asked.items()}
    cents = split(scaled(wave.budget_cny_per_1000_users * CENTS, low_activity), weights)
    return {
        policy: RemainingCapacity({c: parts[policy] for c, parts in contacts.items()}, cents[policy])
        for policy in weights
    }


def weights_of_cells(cells: Mapping[str, int], arms: ArmSettings) -> dict[str, int]:
    """By what all is split over the cells: contactable users x (1 - holdout share), in ten thousandths."""
    open_of_10_000 = round((1 - arms.untouched_share) * 10_000)
    return {policy: cells.get(policy, 0) * open_of_10_000 for policy in policies_in(cells)}


def scaled(per_1000_users: Decimal, users: int) -> int:
    """What conf states per 1 000 low-activity users, for so many of them; rounded down."""
    return int(per_1000_users * users / 1000)
