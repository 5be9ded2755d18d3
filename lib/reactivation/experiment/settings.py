"""Settings of `experiment`: what is measured, how sure one must be, and what would be worth knowing."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from reactivation.parts import Part
from reactivation.periods import Window


class Metric(Part):
    """One outcome that the read-out compares, as the share of users who have it.

    outcome: boolean column of `outcomes`. minimum_effect: smallest difference of shares that would change a decision.
    """

    outcome: str
    minimum_effect: float = Field(gt=0, lt=1)


class Mean(Part):
    """One outcome that the read-out compares by its mean.

    outcome: column of numbers of `outcomes`. lowest, highest: what lies beyond counts as this much, so that a few large
    values do not decide. minimum_effect: smallest difference of means that would change a decision, in its own unit.
    """

    outcome: str
    lowest: float
    highest: float
    minimum_effect: float = Field(gt=0)

    @model_validator(mode="after")
    def _caps_are_in_order(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest {self.lowest}, must be below highest {self.highest}")
        return self


class Guardrail(Part):
    """One outcome that the campaign must not raise by more than a margin.

    outcome: boolean column of `outcomes`, of which more is worse. margin: largest rise of the share that is accepted.
    """

    outcome: str
    margin: float = Field(gt=0, lt=1)


class ExperimentSettings(Part):
    """What the month's experiment asks, and the rules its answers must pass.

    alpha: share of false alarms that is accepted, two-sided; intervals are at 1 - alpha.
    looks: number of looks that were registered beforehand, over which alpha is split.
    power: probability with which a true difference of the size to be detected shall be seen.
    srm_p: a sample ratio whose p-value is below it is a mismatch, and effects are withheld.
    minimum_expected_events: fewer expected events (or non-events) in a side, and it is not estimable.
    spend_tolerance_share: two cells whose realised spend per user differs by more, as a share of the larger, did not
    campaign at equal spend.
    most_outside_share, most_redeemed_share: shares of the held out with a contact of another sender, or with a redeemed
    benefit of ours; where more have one, the holdout was no holdout and effects are withheld.
    follow_up_days: days after the month's end that are watched for the late waves.
    metrics: name of a metric: what it is, as a share of users; the first is the primary one. means: the same for means.
    guardrails: name of a guardrail: what must not rise. covariates: columns of `features` or `scores`, known before the
    draw, for CUPED.
    """

    alpha: float = Field(gt=0, lt=0.5)
    looks: int = Field(default=1, ge=1)
    power: float = Field(gt=0.5, lt=1)
    srm_p: float = Field(gt=0, lt=0.1)
    minimum_expected_events: float = Field(ge=1)
    spend_tolerance_share: float = Field(ge=0, le=1)
    most_outside_share: float = Field(default=1, ge=0, le=1)
    most_redeemed_share: float = Field(default=1, ge=0, le=1)
    follow_up_days: int = Field(ge=0, le=31)
    metrics: dict[str, Metric]
    means: dict[str, Mean] = Field(default_factory=dict)
    guardrails: dict[str, Guardrail] = Field(default_factory=dict)
    covariates: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _something_is_measured(self) -> Self:
        if not self.metrics:
            raise ValueError("metrics is empty, must name at least one")
        names = [*self.metrics, *self.means, *self.guardrails]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: named twice among metrics, means and guardrails")
        return self

    def follow_up(self, month: Window) -> Window:
        """The days of the month after the campaign's that are watched, at least one and at most all of it."""
        days = min(max(self.follow_up_days, 1), month.days)
        return Window(month.first, month.first + timedelta(days=days))
