"""Settings of `campaign`: waves with their options, costs, capacities and budgets; tiers and arms have their own files.

Capacities and budgets are stated per 1 000 low-activity users: the programme's branch has 3.37 million of them, the
demo some ten thousand, and the same wave means the same intensity in both. Money is in the region's currency.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from reactivation.campaign.assignment.settings import ArmSettings, ChallengerSettings, Share, check_facts_only
from reactivation.campaign.release.settings import ReleaseSettings
from reactivation.campaign.release.templates import Template, twice
from reactivation.campaign.tiers.settings import LearningSettings, TierSettings
from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.contracts.derived import CHALLENGER, POLICIES
from reactivation.frozen_model import FrozenModel
from reactivation.periods import Calendar, Month

NO_BENEFIT = "none"
MOST_OPTIONS = 5
GUIDED_TIERS = ("high_potential", "low_potential")
"""Tiers of the users whom a cell that reads the model may guide at no cost where it does not pick them."""


Money = Annotated[Decimal, Field(ge=0, decimal_places=2)]
"""An amount in whole cents, as ledgers and budgets count it: what lies below one would be rounded away."""


class Benefit(FrozenModel):
    """What a benefit costs: its face value, and the share of the offers that are expected to be redeemed."""

    value_cny: Money
    redemption_share: Share


class Option(FrozenModel):
    """One thing a wave can do for a user: a channel with a benefit; `only_if`: condition on the user's facts."""

    channel: str
    benefit: str
    only_if: str | None = None

    @field_validator("only_if")
    @classmethod
    def _reads_no_model(cls, expression: str | None) -> str | None:
        return expression if expression is None else check_facts_only(expression)

    @property
    def label(self) -> str:
        """`channel/benefit`, as `drawn_from` of `wave_plan` names it."""
        return f"{self.channel}/{self.benefit}"


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
    this wave; absent: nobody does. least_contacts_per_1000_users, least_per_branch_per_1000_users: contacts that the
    wave is to make at least, by channel or by branch, also per 1 000 low-activity users; a cell that is allocated by
    prices keeps its part of them; absent: none.
    """

    day: int = Field(ge=2, le=28)
    qualifies: dict[str, str]
    first: dict[str, str] | None = None
    options: tuple[Option, ...] = Field(min_length=1, max_length=MOST_OPTIONS)
    capacity_per_1000_users: dict[str, Decimal]
    budget_cny_per_1000_users: Decimal = Field(ge=0)
    exploration_share: Share
    guidance: str | None = None
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
    def channels(self) -> tuple[str, ...]:
        return tuple(self.capacity_per_1000_users)

    def day_of(self, cycle: Month) -> date:
        """Conf's day in a cycle, be it open or closed."""
        return cycle.first + timedelta(days=self.day - 1)


class ExplorationSettings(FrozenModel):
    """How options are drawn.

    none_share: P(nothing is sent); the rest is shared equally by the options a user can get. reserve_share: of every
    capacity and budget, kept for the draws; what they leave goes to the others.
    """

    none_share: float = Field(gt=0, lt=1)
    reserve_share: Share


class CampaignSettings(FrozenModel):
    """The month's campaign.

    channel_cost_cny: cost of one contact per channel. guidance_channel: must cost nothing. allocation: how the cell
    `model` is filled once its options' gains are known, at the best total value by `prices`, or in their `order`. lift:
    what the cell `model` reckons to add to a user: what is known of the `tier`, or of the `user`, where scores say it.
    challenger: the policy of the cell of that name; null where there is no such cell.
    lead_days: days between a wave's planning and the day it is sent. templates: by their id. waves: null in a region
    that runs no campaign.
    """

    learning: LearningSettings
    tiers: TierSettings
    arms: ArmSettings
    channel_cost_cny: dict[str, Money]
    guidance_channel: str
    allocation: Literal["prices", "order"]
    lift: Literal["tier", "user"]
    challenger: ChallengerSettings | None = None
    benefits: dict[str, Benefit]
    exploration: ExplorationSettings
    lead_days: int = Field(ge=0)
    release: ReleaseSettings
    templates: dict[str, Template]
    waves: dict[str, Wave]

    @field_validator("waves", mode="before")
    @classmethod
    def _null_is_no_wave(cls, waves: object) -> object:
        return {} if waves is None else waves

    @model_validator(mode="after")
    def _waves_fit(self) -> Self:
        problems = [*_unknown("channel_cost_cny", self.channel_cost_cny, CONTACT_CHANNELS), *self._problems()]
        days = [wave.day for wave in self.waves.values()]
        if days != sorted(set(days)):
            problems.append(f"waves are on the days {days}, must be in order and on different days")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if self.channel_cost_cny.get(self.guidance_channel) != 0:
            yield f"guidance_channel `{self.guidance_channel}` must be a channel that costs nothing"
        if (self.challenger is None) != (CHALLENGER not in self.arms.cells):
            yield "challenger and its share in arms.cells go together: give both, or neither"
        offered = {option.benefit for wave in self.waves.values() for option in wave.options} - {NO_BENEFIT}
        yield from _unknown("release.benefit_days lacks a benefit", sorted(offered), self.release.benefit_days)
        yield from _unknown("release.stock_per_month lacks a benefit", sorted(offered), self.release.stock_per_month)
        yield from _unknown("release.send_days lacks a channel", self.channel_cost_cny, self.release.send_days)
        yield from twice(self.templates)
        for name, wave in self.waves.items():
            if wave.day - self.lead_days < 2:
                yield f"waves.{name} is sent on day {wave.day}: with lead_days {self.lead_days} planned before day 2"
            known = set(wave.channels) & set(self.channel_cost_cny)
            yield from _unknown(f"waves.{name} channels", (o.channel for o in wave.options), known)
            least = wave.least_contacts_per_1000_users or {}
            yield from _unknown(f"waves.{name} least_contacts_per_1000_users", least, wave.channels)
            yield from _unknown(f"waves.{name} benefits", (o.benefit for o in wave.options), self.benefits)
            if wave.guidance is not None:
                yield from _unknown(f"waves.{name} guidance", [self.guidance_channel], wave.channels)

    @property
    def cells_by_prices(self) -> tuple[str, ...]:
        """Cells that are allocated by prices once all gains of a wave are known."""
        return tuple(cell for cell, how in self._reading.items() if how.allocation == "prices")

    @property
    def cells_by_lift(self) -> tuple[str, ...]:
        """Cells that reckon with users' own lifts."""
        return tuple(cell for cell, how in self._reading.items() if how.lift == "user")

    @property
    def _reading(self) -> dict[str, "CampaignSettings | ChallengerSettings"]:
        """Cells that read the model, with what says how each is filled."""
        return {"model": self} | ({} if self.challenger is None else {CHALLENGER: self.challenger})

    def cost(self, option: Option) -> Decimal:
        """Expected cost of one contact: the channel's, and the benefit's value times its expected redemption."""
        benefit = self.benefits[option.benefit]
        expected = self.channel_cost_cny[option.channel] + benefit.value_cny * Decimal(str(benefit.redemption_share))
        return expected.quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def worst_costs(self) -> dict[tuple[str, str], Decimal]:
        """Cost of one contact by each (channel, benefit) where its benefit is redeemed."""
        return {
            (channel, code): (cost + benefit.value_cny).quantize(Decimal("0.01"))
            for channel, cost in self.channel_cost_cny.items()
            for code, benefit in self.benefits.items()
        }

    @property
    def offers(self) -> dict[tuple[str, str], Decimal]:
        """Expected cost of one contact by each (channel, benefit) that some wave offers, in conf's order."""
        return {(o.channel, o.benefit): self.cost(o) for wave in self.waves.values() for o in wave.options}

    def days_of(self, cycle: Month, calendar: Calendar) -> Mapping[str, date]:
        """The day on which each wave of a cycle is sent, in order: conf's, or where it is closed the calendar's."""
        return {name: calendar.wave_day(wave.day_of(cycle)) for name, wave in self.waves.items()}

    def planned_on(self, cycle: Month, calendar: Calendar) -> Mapping[str, date]:
        """The day as of which each wave of a cycle is planned, `lead_days` before it is sent."""
        return {name: day - timedelta(days=self.lead_days) for name, day in self.days_of(cycle, calendar).items()}


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    fine = list(known)
    return [f"{what}: `{name}` is none of {', '.join(fine)}" for name in dict.fromkeys(names) if name not in fine]
