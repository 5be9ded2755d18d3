"""Settings of `experiment`: what is measured, how sure one must be, and what would be worth knowing."""

from typing import Self

from pydantic import Field, model_validator

from reactivation.parts import Part


class Metric(Part):
    """One outcome that the read-out compares, as the share of users who have it.

    outcome: boolean column of `outcomes`. minimum_effect: smallest difference of shares that would change a decision.
    """

    outcome: str
    minimum_effect: float = Field(gt=0, lt=1)


class ExperimentSettings(Part):
    """What the month's experiment asks, and the rules its answers must pass.

    alpha: share of false alarms that is accepted, two-sided; intervals are at 1 - alpha.
    power: probability with which a true difference of the size to be detected shall be seen.
    srm_p: a sample ratio whose p-value is below it is a mismatch, and effects are withheld.
    minimum_expected_events: fewer expected events (or non-events) in a side, and it is not estimable.
    spend_tolerance_share: two cells whose realised spend per user differs by more, as a share of the larger, did not
    campaign at equal spend.
    follow_up_days: days after the month's end that are watched for the late waves.
    metrics: name of a metric: what it is; the first is the primary one.
    """

    alpha: float = Field(gt=0, lt=0.5)
    power: float = Field(gt=0.5, lt=1)
    srm_p: float = Field(gt=0, lt=0.1)
    minimum_expected_events: float = Field(ge=1)
    spend_tolerance_share: float = Field(ge=0, le=1)
    follow_up_days: int = Field(ge=0, le=31)
    metrics: dict[str, Metric]

    @model_validator(mode="after")
    def _something_is_measured(self) -> Self:
        if not self.metrics:
            raise ValueError("metrics is empty, must name at least one")
        return self
