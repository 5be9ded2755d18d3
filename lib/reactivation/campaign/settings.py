"""Settings of `campaign` as a whole; tiers, arms, waves and release have their own files. Money: region's currency."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, field_validator, model_validator

from reactivation.campaign.assignment.settings import ArmSettings, ChallengerSettings
from reactivation.campaign.planning.settings import (
    NO_BENEFIT,
    Benefit,
    ExplorationSettings,
    Money,
    Option,
    RedemptionSettings,
    Wave,
    problems_of,
)
from reactivation.campaign.release.settings import ReleaseSettings
from reactivation.campaign.release.templates import Template, twice
from reactivation.campaign.tiers.settings import LearningSettings, TierSettings
from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.contracts.derived import CHALLENGER
from reactivation.frozen_model import FrozenModel
from reactivation.periods import Calendar, Month

_PRICES, _BENEFITS = TypeAdapter(dict[str, Money]), TypeAdapter(dict[str, Benefit])


class CampaignSettings(FrozenModel):
    """The month's campaign.

    channel_cost_cny: cost of one contact per channel. guidance_channel: must cost nothing. allocation: how the cell
    `model` is filled once its options' gains are known, at the best total value by `prices`, or in their `order`. lift:
    what the cell `model` reckons to add to a user: what is known of the `tier`, or of the `user`, where scores say it.
    challenger: the policy of the cell of that name; null where there is no such cell. redemption: who says which share
    of the offers is redeemed. lead_days: days between a wave's planning and the day it is sent. templates: by their id.
    waves: null in a region that runs no campaign.
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
    redemption: RedemptionSettings
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
            for option in wave.options:
                shares = getattr(self.benefits.get(option.benefit), "redemption_share", 0)
                if isinstance(shares, dict):
                    yield from _unknown(f"benefits.{option.benefit} redemption_share lacks", [option.channel], shares)
            yield from problems_of(name, wave)
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
    def asks_lifts(self) -> list[str]:
        """Settings by which users' own lifts count."""
        other = self.challenger
        by_lift = {
            "campaign.lift: user": self.lift == "user",
            "campaign.challenger.lift: user": other is not None and other.lift == "user",
            "campaign.challenger.order: lift": other is not None and other.order == "lift",
        }
        return [key for key, is_asked in by_lift.items() if is_asked]

    @property
    def _reading(self) -> dict[str, "CampaignSettings | ChallengerSettings"]:
        """Cells that read the model, with what says how each is filled."""
        return {"model": self} | ({} if self.challenger is None else {CHALLENGER: self.challenger})

    def cost(self, option: Option) -> Decimal:
        """Expected cost of one contact: the channel's, and the benefit's value times its expected redemption."""
        benefit = self.benefits[option.benefit]
        share = Decimal(str(benefit.share(option.channel)))
        expected = self.channel_cost_cny[option.channel] + benefit.value_cny * share
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

    @property
    def guides(self) -> dict[tuple[str, str, str], str | None]:
        """Where the message of each option leads, by wave, channel and benefit; None: nowhere."""
        waves = self.waves.items()
        return {(name, o.channel, o.benefit): o.guide_to for name, wave in waves for o in wave.options}

    def as_registered(self, plan: Mapping[str, Any]) -> "CampaignSettings":
        """The settings with the prices, benefits, arms and waves of a registered plan; what it lacks stays conf's."""
        offers, arms = plan.get("offers", {}), plan.get("arms", {})
        known = {name: arms[name] for name in ArmSettings.model_fields if name in arms}
        if "cells" in known:  # a plan sorts its keys: the order in which cells are cut stands beside them
            known["cells"] = {cell: known["cells"][cell] for cell in plan.get("cell_order", known["cells"])}
        waves = {
            wave["wave"]: Wave.model_validate({name: wave[name] for name in Wave.model_fields if name in wave})
            for wave in plan.get("waves", [])
        }
        parts = {
            "channel_cost_cny": self.channel_cost_cny | _PRICES.validate_python(offers.get("channel_cost_cny", {})),
            "benefits": self.benefits | _BENEFITS.validate_python(offers.get("benefits", {})),
            "arms": ArmSettings.model_validate(self.arms.model_dump(mode="json") | known),
            "waves": waves or self.waves,
        }
        return self.model_copy(update=parts)

    def days_of(self, cycle: Month, calendar: Calendar) -> Mapping[str, date]:
        """The day on which each wave of a cycle is sent, in order: conf's, or where it is closed the calendar's."""
        return {name: calendar.wave_day(wave.day_of(cycle)) for name, wave in self.waves.items()}

    def planned_on(self, cycle: Month, calendar: Calendar) -> Mapping[str, date]:
        """The day as of which each wave of a cycle is planned, `lead_days` before it is sent."""
        return {name: day - timedelta(days=self.lead_days) for name, day in self.days_of(cycle, calendar).items()}


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    fine = list(known)
    return [f"{what}: `{name}` is none of {', '.join(fine)}" for name in dict.fromkeys(names) if name not in fine]
