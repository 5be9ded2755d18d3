"""Settings of `experiment`: what is asked and measured, how sure one must be, and what would be worth knowing."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from reactivation.contracts.derived import OUTCOMES
from reactivation.errors import nearest
from reactivation.experiment.contrasts import CAUSAL
from reactivation.experiment.primary_estimator import PrimaryEstimator
from reactivation.frozen_model import FrozenModel
from reactivation.periods import Month, Window
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.non_inferiority import Harm

ACTIVE = "is_active"
"""Column of `outcomes` that options, prices and an active user's worth are about."""


def _flag(name: str) -> str:
    return _outcome(name, {c.name for c in OUTCOMES.columns if c.type == "boolean"}, "boolean")


def _number(name: str) -> str:
    texts = {c.name for c in OUTCOMES.columns if c.type in ("boolean", "string")}
    return _outcome(name, {*OUTCOMES.column_names} - {*OUTCOMES.key} - texts, "number")


def _outcome(name: str, known: Collection[str], kind: str) -> str:
    if name not in known:
        raise ValueError(f"`{name}` is no {kind} of `outcomes`, {nearest(name, sorted(known))}")
    return name


class Metric(FrozenModel):
    """One outcome that the read-out compares, as the share of users who have it.

    outcome: boolean column of `outcomes`. minimum_effect: smallest difference of shares that would change a decision.
    pre_period: the same asked of the newest month before a cycle, as a Spark SQL condition over the columns of
    `features`; without one the metric has no A/A analysis.
    """

    outcome: Annotated[str, AfterValidator(_flag)]
    minimum_effect: float = Field(gt=0, lt=1)
    pre_period: str | None = None


class Guardrail(FrozenModel):
    """What a campaign must not harm.

    outcome: boolean column of `outcomes`. margin: largest harm that is accepted, as a difference of shares.
    harm: `rise` where more of it is worse, `fall` where less is.
    """

    outcome: Annotated[str, AfterValidator(_flag)]
    margin: float = Field(gt=0, lt=1)
    harm: Harm = "rise"


class BalanceSettings(FrozenModel):
    """What is looked at before the launch; it warns and withholds nothing.

    covariates: numeric columns of `features`. standardised_difference: a larger one, in standard deviations of a user,
    is named. p: so is a difference whose p-value, adjusted for the number of all questions asked, is smaller.
    """

    covariates: tuple[str, ...] = Field(min_length=1)
    standardised_difference: float = Field(gt=0)
    p: float = Field(gt=0, lt=0.5)


class Mean(FrozenModel):
    """One outcome that the read-out compares by its mean.

    outcome: column of numbers of `outcomes`. lowest, highest: what lies beyond counts as this much, so that a few large
    values do not decide. minimum_effect: smallest difference of means that would change a decision, in its own unit.
    """

    outcome: Annotated[str, AfterValidator(_number)]
    lowest: float
    highest: float
    minimum_effect: float = Field(gt=0)

    @model_validator(mode="after")
    def _caps_are_in_order(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest {self.lowest}, must be below highest {self.highest}")
        return self


class Question(FrozenModel):
    """One question of the registered order: a causal contrast on a metric."""

    contrast: str
    metric: str


class ActiveUserValue(FrozenModel):
    """What a user is worth who is active in the month because of the campaign, in the region's currency.

    registered: the value that the net gain is judged by. range: further values, in order, for who doubts that one.
    """

    registered: float = Field(gt=0)
    range: tuple[float, ...]

    @model_validator(mode="after")
    def _range_increases(self) -> Self:
        if list(self.range) != sorted({value for value in self.range if value > 0}):
            raise ValueError(f"range {list(self.range)}, must increase and lie above 0")
        return self


class ExperimentSettings(FrozenModel):
    """What the month's experiment asks, and the rules its answers must pass.

    hypotheses: per causal contrast that is asked, the key of its sentence in the report's catalogues (in plans of 0.1.0
    the sentence itself). primary_metric: the metric that decides. headline: the one
    estimator whose intervals give the verdicts over all users: `unadjusted`, `cuped` (with the covariates) or
    `post_stratified` (by branch and tier). Guardrails, the reached, parts, weeks and disagreements are unadjusted.
    alpha: share of false alarms that is accepted over all looks, two-sided; intervals are at 1 - alpha_per_look.
    interim_look_days: days of the cycle's month on which effects are read beside the look at the settle date.
    power: probability with which a true difference of the size to be detected shall be seen.
    srm_p: a sample ratio whose p-value is below it is a mismatch, and effects are withheld.
    minimum_expected_events: fewer expected events (or non-events) in a side, and it is not estimable.
    spend_tolerance_share: two cells whose realised spend per user differs by more, as a share of the larger, did not
    campaign at equal spend.
    most_outside_share, most_redeemed_share: shares of the held out with a contact of another sender, or with a redeemed
    benefit of ours; where more have one, the holdout was no holdout and effects are withheld.
    most_contacted_share: share of the held out with a contact of ours; more withholds as well.
    most_outside_difference: difference between the shares of two sides with a contact of another sender; a larger one
    that chance does not explain withholds.
    sequence: questions in the order in which they are tested, each at full alpha, until the first that is not proven;
    empty: no order was registered, and every question has its own verdict (0.1.0).
    spend_counted: what is read out as spend: `delivered` contacts or (0.1.0) `planned` ones, and benefits redeemed.
    active_user_value: for the net gain of the policies; None: none is read out (0.1.0). asset_uplift_value: what a user
    with an asset uplift is worth beside, in the same currency; None: nothing.
    follow_up_days: days after the month's end that are watched for the late waves.
    metrics: by name, what each is as a share of users. means: the same for means. guardrails: what must not be harmed.
    A region takes one of these, or a hypothesis, out of base by null.
    covariates: columns of `features` or `scores`, known before the draw, for CUPED.
    """

    hypotheses: dict[str, str]
    primary_metric: str
    headline: PrimaryEstimator
    alpha: float = Field(gt=0, lt=0.5)
    interim_look_days: tuple[int, ...]
    power: float = Field(gt=0.5, lt=1)
    srm_p: float = Field(gt=0, lt=0.1)
    minimum_expected_events: float = Field(ge=1)
    spend_tolerance_share: float = Field(ge=0, le=1)
    most_outside_share: float = Field(default=1, ge=0, le=1)
    most_redeemed_share: float = Field(default=1, ge=0, le=1)
    most_contacted_share: float = Field(default=1, ge=0, le=1)
    most_outside_difference: float = Field(default=1, ge=0, le=1)
    sequence: tuple[Question, ...] = ()
    spend_counted: Literal["planned", "delivered"] = "planned"
    active_user_value: ActiveUserValue | None = None
    asset_uplift_value: float | None = Field(default=None, gt=0)
    follow_up_days: int = Field(ge=0, le=31)
    metrics: dict[str, Metric]
    means: dict[str, Mean] = Field(default_factory=dict)
    guardrails: dict[str, Guardrail]
    covariates: tuple[str, ...] = ()
    balance: BalanceSettings

    @field_validator("hypotheses", "metrics", "means", "guardrails", mode="before")
    @classmethod
    def _null_is_not_asked(cls, named: object) -> object:
        return {k: v for k, v in named.items() if v is not None} if isinstance(named, Mapping) else named

    @model_validator(mode="after")
    def _something_is_asked_and_measured(self) -> Self:
        names = [*self.metrics, *self.means, *self.guardrails]
        problems = [
            *_not_among("hypotheses", self.hypotheses, [contrast.name for contrast in CAUSAL]),
            *(f"hypotheses.{name} is empty, must be a sentence" for name, text in self.hypotheses.items() if not text),
            *_not_among("primary_metric", [self.primary_metric], self.metrics),
            *_not_among("sequence contrast", [one.contrast for one in self.sequence], [c.name for c in CAUSAL]),
            *_not_among("sequence metric", [one.metric for one in self.sequence], [*self.metrics, *self.means]),
            *(f"{name} is named twice among metrics, means and guardrails" for name in _twice(names)),
            *(f"{name} is asked twice in sequence" for name in _twice([str(one) for one in self.sequence])),
        ]
        if not self.metrics or not self.hypotheses:
            problems.append("metrics or hypotheses is empty, must name at least one")
        if self.headline == "cuped" and not self.covariates:
            problems.append("headline is cuped, but covariates is empty: name some, or register another headline")
        if list(self.interim_look_days) != sorted({day for day in self.interim_look_days if 2 <= day <= 28}):
            problems.append(f"interim_look_days {list(self.interim_look_days)}, must increase and lie from 2 to 28")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def active_metric(self) -> str | None:
        """Name of the metric of users who were active, by its outcome; None: nobody asked for one."""
        return next((name for name, metric in self.metrics.items() if metric.outcome == ACTIVE), None)

    @property
    def looks(self) -> int:
        """How often effects are read: on the interim days, and at the settle date."""
        return len(self.interim_look_days) + 1

    @property
    def asset_worth(self) -> Decimal:
        """What an asset uplift is worth; 0: conf gives it no value."""
        return Decimal(str(self.asset_uplift_value or 0))

    @property
    def alpha_per_look(self) -> float:
        """The level of each of them."""
        return alpha_per_look(self.alpha, looks=self.looks)

    def look_days(self, cycle: Month) -> tuple[date, ...]:
        """The interim days of a cycle."""
        return tuple(cycle.first.replace(day=day) for day in self.interim_look_days)

    def follow_up(self, month: Window) -> Window:
        """The days of the month after the campaign's that are watched, at least one and at most all of it."""
        days = min(max(self.follow_up_days, 1), month.days)
        return Window(month.first, month.first + timedelta(days=days))


AS_IN_0_1_0 = (
    "most_contacted_share",
    "most_outside_difference",
    "sequence",
    "spend_counted",
    "active_user_value",
    "asset_uplift_value",
)
"""Rules that an older plan does not name: it is read out without them, by their defaults, whatever conf says now."""


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _not_among(what: str, names: Collection[str], known: Collection[str]) -> Iterator[str]:
    """A problem per name that is not known, with the nearest that is."""
    yield from (f"{what}: `{name}` is not known, {nearest(name, known)}" for name in names if name not in known)
