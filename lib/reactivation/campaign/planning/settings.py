"""Settings of waves: their options and guidance, what benefits cost, and how explorers draw.

Capacities and budgets are stated per 1 000 low-activity users: the programme's branch has 3.37 million of them, the
demo some ten thousand, and the same wave means the same intensity in both. Money is in the region's currency.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from reactivation.campaign.assignment.settings import Share, check_facts_only
from reactivation.contracts.derived import CHALLENGER, POLICIES
from reactivation.frozen_model import FrozenModel
from reactivation.periods import Month

NO_BENEFIT = "none"
MOST_OPTIONS = 5
LEAST_SHARE, LEAST_NONE_SHARE = 0.1, 0.2
"""Least probability of an option, and of none, where probabilities are adaptive."""
GUIDE_MONTHS = 3
"""Whole months in which a user has not used what guidance is to lead to; one of base's `features.lookback_months`."""
Group = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
"""Name of a group of functions: a key of `activity.function_groups`."""
GUIDED_TIERS = ("high_potential", "low_potential")
"""Tiers of the users whom a cell that reads the model may guide at no cost where it does not pick them."""
Money = Annotated[Decimal, Field(ge=0, decimal_places=2)]
"""An amount in whole cents, as ledgers and budgets count it: what lies below one would be rounded away."""


class Benefit(FrozenModel):
    """What a benefit costs: its face value, and the share of the offers that are expected to be redeemed.

    redemption_share: of the offers by every channel, or by channel.
    """

    value_cny: Money
    redemption_share: Share | dict[str, Share]

    def share(self, channel: str) -> float:
        """Share of the offers by a channel that are expected to be redeemed; 0 by one that is not named."""
        by_channel = self.redemption_share
        return by_channel.get(channel, 0.0) if isinstance(by_channel, dict) else by_channel


class RedemptionSettings(FrozenModel):
    """Whether settled months say how many offers are redeemed; conf's shares then count as much as so many offers."""

    is_learnt: bool
    prior_offers: int = Field(ge=1)


class Option(FrozenModel):
    """One thing a wave can do for a user: a channel with a benefit; `only_if`: condition on the user's facts.

    guide_to: group of functions that the message leads to; only who has not used it lately can get the option.
    """

    channel: str
    benefit: str
    only_if: str | None = None
    guide_to: Group | None = None

    @field_validator("only_if")
    @classmethod
    def _reads_no_model(cls, expression: str | None) -> str | None:
        return expression if expression is None else check_facts_only(expression)

    @property
    def label(self) -> str:
        """`channel/benefit`, as `drawn_from` of `wave_plan` names it."""
        return f"{self.channel}/{self.benefit}"

    @property
    def condition(self) -> str | None:
        """Spark SQL condition on the facts of who can get it; None: everybody whom the channel reaches."""
        return _both(self.only_if, self.guide_to)


def unused(group: str) -> str:
    """Spark SQL condition on features: no use of a group of functions in the last `GUIDE_MONTHS` months.

    >>> unused("payment")
    'coalesce(function_payment_count_3m, 0) = 0'
    """
    return f"coalesce(function_{group}_count_{GUIDE_MONTHS}m, 0) = 0"


def _both(wanted: str | None, group: str | None) -> str | None:
    if group is None or wanted is None:
        return wanted if group is None else unused(group)
    return f"({wanted}) and {unused(group)}"


class Wave(FrozenModel):
    """One wave of the month.

    day: day of the month on which it is sent, where that is open (see `open_days`); it is planned `lead_days` before.
    qualifies: per cell, Spark SQL condition on a picked user. All may read `features`, month-to-date activity
    (`<measure>_to_date`), `policy_rank` and `policy_rank_share` (the rank over the contactable users); in the cell
    `model` also tier, band and scores. first: the same per cell, on a user who goes before the others of the cell;
    absent: the cell's own order alone. `challenger` has the model's conditions where it is not named, and may read as
    much.
    options: in order of preference; who cannot get one, or comes too late for it, is offered the next.
    capacity_per_1000_users: contacts per channel, budget_cny_per_1000_users: expected spend, both per 1 000
    low-activity users. exploration_share: share of the qualifiers whose option is drawn. guidance: condition on a
    user of a cell that reads the model whom it does not pick, natural converters apart, to get zero-cost guidance in
    this wave; absent: nobody does. guide_to: group of functions that this guidance leads to, for who has not used it
    lately. least_contacts_per_1000_users, least_per_branch_per_1000_users: contacts that the wave is to make at least,
    by channel or by branch, also per 1 000 low-activity users; a cell that is allocated by prices keeps its part of
    them; absent: none.
    """

    day: int = Field(ge=2, le=28)
    qualifies: dict[str, str]
    first: dict[str, str] | None = None
    options: tuple[Option, ...] = Field(min_length=1, max_length=MOST_OPTIONS)
    capacity_per_1000_users: dict[str, Decimal]
    budget_cny_per_1000_users: Decimal = Field(ge=0)
    exploration_share: Share
    guidance: str | None = None
    guide_to: Group | None = None
    least_contacts_per_1000_users: dict[str, Decimal] | None = None
    least_per_branch_per_1000_users: dict[str, Decimal] | None = None

    @field_validator("qualifies", "first")
    @classmethod
    def _one_condition_per_cell(cls, conditions: dict[str, str] | None) -> dict[str, str] | None:
        if conditions is None:
            return None
        if set(conditions) - {CHALLENGER} != set(POLICIES):
            raise ValueError(f"has {', '.join(conditions)}, must have {', '.join(POLICIES)}")
        for policy in ("rule", "random"):
            check_facts_only(conditions[policy])
        return conditions

    def qualifies_in(self, cell: str) -> str | None:
        """The condition of a cell, that of the challenger as it counts; None: `none` has no condition."""
        return self.qualifies.get(cell, self.qualifies["model"] if cell == CHALLENGER else None)

    @property
    def guided(self) -> str | None:
        """Condition on the users to be guided, what they have not used among it; None: nobody is."""
        return None if self.guidance is None else _both(self.guidance, self.guide_to)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self.capacity_per_1000_users)

    def day_of(self, cycle: Month) -> date:
        """Conf's day in a cycle, be it open or closed."""
        return cycle.first + timedelta(days=self.day - 1)


class ExplorationSettings(FrozenModel):
    """How options are drawn.

    none_share: P(nothing is sent); the rest is shared by the options a user can get: equally, or where they are
    `adaptive`, by how likely each is the best one, as settled months showed before the first wave (see `adaptive`).
    Then nothing is sent with probability 0.2 at least, and each option with 0.1. reserve_share: of every capacity and
    budget, kept for the draws; what they leave goes to the others.
    """

    none_share: float = Field(gt=0, lt=1)
    reserve_share: Share
    adaptive: bool

    @model_validator(mode="after")
    def _leaves_each_its_least(self) -> Self:
        most = 1 - MOST_OPTIONS * LEAST_SHARE
        if self.adaptive and not LEAST_NONE_SHARE <= self.none_share <= most:
            raise ValueError(f"none_share {self.none_share}, must lie from {LEAST_NONE_SHARE} to {most} to be adaptive")
        return self


def problems_of(name: str, wave: Wave) -> Iterator[str]:
    """What is wrong with where a wave guides to, and with options that nothing tells apart."""
    if wave.guide_to is not None and wave.guidance is None:
        yield f"waves.{name}.guide_to: the wave has no guidance"
    labels = [option.label for option in wave.options]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        yield f"waves.{name} offers {label} more than once: draws, contacts and lifts go by channel and benefit"
