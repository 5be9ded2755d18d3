"""Settings of what a month teaches the next: tiers by evidence, and how far learning may look."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from reactivation.campaign.assignment.settings import is_month
from reactivation.frozen_model import FrozenModel
from reactivation.periods import Month

Share = Annotated[float, Field(ge=0, le=1)]


class LearningSettings(FrozenModel):
    """How far learning may look.

    frozen_after: evidence, options' gains and training rows of months after this one are not used; null: all that has
    settled is. A loop frozen there is what a learning loop is compared with.
    """

    frozen_after: str | None

    @field_validator("frozen_after")
    @classmethod
    def _is_a_month(cls, text: str | None) -> str | None:
        if text is not None and not is_month(text):
            raise ValueError(f"frozen_after `{text}`, must be a month YYYY-MM or null")
        return text

    def not_after(self, month: Month) -> Month:
        """The month, or the one after which learning is frozen, where that is earlier.

        >>> LearningSettings(frozen_after="2026-03").not_after(Month.parse("2026-05"))
        Month('2026-03')
        """
        return month if self.frozen_after is None else min(month, Month.parse(self.frozen_after))


class TierSettings(FrozenModel):
    """Which band of calibrated p_active is which tier.

    band_borders: inner borders of the bands, increasing; a score on a border belongs to the band above it.
    assumed_high_from, assumed_natural_from: a band that begins there or higher is high_potential or natural_converter
    while nothing is known of it; both are borders.
    evidence_months: newest settled months that count. evidence_weight_per_month: weight of a month's users against
    those of the month after it. minimum_users: effective users a side must have to be evidence.
    confidence: of the intervals; a tier changes only where one excludes the threshold. prior_users: a band's own scores
    count as much as so many of its untouched users. lift_spread_share: bands' lifts are taken to differ by at least so
    much (standard deviation) from what the others say, so that no band is judged by these alone. lift_slope: lifts are
    expected to rise with the scores, by so much per 1.0 of p_active, give or take as much (standard deviation).
    minimum_lift_share: a rise of the share active that is worth a contact; registered before it is looked at.
    natural_conversion_from, low_conversion_below: untouched users' share active from which a band converts by itself,
    below which it hardly converts at all. unrandomised_cycles: months in which something other than the registered draw
    decided who was contacted, beside those that the contacts show; they are no evidence.
    """

    band_borders: tuple[Share, ...]
    assumed_high_from: Share
    assumed_natural_from: Share
    evidence_months: int = Field(ge=1)
    evidence_weight_per_month: float = Field(gt=0, le=1)
    minimum_users: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    prior_users: float = Field(gt=0)
    lift_spread_share: float = Field(gt=0, lt=1)
    lift_slope: float
    minimum_lift_share: Share
    natural_conversion_from: Share
    low_conversion_below: Share
    unrandomised_cycles: tuple[str, ...]

    @field_validator("unrandomised_cycles")
    @classmethod
    def _are_months(cls, cycles: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [f"`{text}`" for text in cycles if not is_month(text)]:
            raise ValueError(f"{', '.join(wrong)}, must be months YYYY-MM")
        return cycles

    @model_validator(mode="after")
    def _borders_fit(self) -> Self:
        borders = list(self.band_borders)
        if not borders or borders != sorted(set(borders)) or borders[0] <= 0 or borders[-1] >= 1:
            raise ValueError(f"band_borders {borders}, must increase and lie between 0 and 1")
        missing = [b for b in (self.assumed_high_from, self.assumed_natural_from) if b not in borders]
        if missing or self.assumed_high_from >= self.assumed_natural_from:
            raise ValueError(f"assumed_high_from must lie below assumed_natural_from, and both be one of {borders}")
        if self.low_conversion_below >= self.natural_conversion_from:
            raise ValueError("low_conversion_below must lie below natural_conversion_from")
        return self

    @property
    def bands(self) -> list[tuple[float, float]]:
        """Lowest and highest score of each band, the highest band first: number 1 comes first."""
        ends = [0.0, *self.band_borders, 1.0]
        return list(reversed(list(pairwise(ends))))

    @property
    def middles(self) -> dict[int, float]:
        """Middle of each band by its number."""
        return {number: (low + high) / 2 for number, (low, high) in enumerate(self.bands, start=1)}
