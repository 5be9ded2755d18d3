"""Settings of `model_card`: what a reviewer reads of a version, and who answers for it."""

from typing import Literal, Self

from pydantic import Field, model_validator

from reactivation.errors import Finding, SettingsError
from reactivation.frozen_model import FrozenModel

Watched = Literal[
    "score_psi",
    "largest_feature_psi",
    "calibration_slope",
    "roc_auc_against_benchmark",
    "log_loss_against_own_base_rate",
    "log_loss_against_champion",
]
"""Figures of a card that a bound can be set on."""
ANSWERED = ("owner", "validator", "legal_basis", "impact_assessment")
"""What a bank must have answered before a model of it goes live."""


class GroupSettings(FrozenModel):
    """One way to part users. column: of the features, or `branch`. edges: cut a number into bands, increasing."""

    column: str
    edges: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _edges_increase(self) -> Self:
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"edges {list(self.edges)}, must increase")
        return self


class BoundSettings(FrozenModel):
    """What is done when a figure passes a bound, and why the bound lies there."""

    figure: Watched
    above: float | None = None
    below: float | None = None
    action: str
    reason: str

    @model_validator(mode="after")
    def _has_one_end(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError(f"`{self.figure}` needs one of above and below")
        return self

    def is_passed(self, value: float) -> bool:
        return value > self.above if self.above is not None else value < (self.below or 0.0)

    @property
    def text(self) -> str:
        return f"above {self.above:g}" if self.above is not None else f"below {self.below:g}"


class CardSettings(FrozenModel):
    """What a version's card tells. None of it changes a score.

    owner, validator, legal_basis, impact_assessment: null where nobody has answered yet. review_months: after a
    version's cycle. purpose: by model. not_for: uses that are forbidden. open_findings: what people found. sensitive:
    features whose leaving out is tried. groups: ways to part users, by name. most_groups: of each, the largest.
    min_events: users of the rarer outcome from which a group may be flagged. sample_rows: about how many rows of the
    low-active reach the driver for benchmark, backtest, leaving out and drift. benchmark_features, backtest_months: 0
    for none. leave_out: whether refits without features are made. monitoring: bounds.
    """

    owner: str | None
    validator: str | None
    legal_basis: str | None
    impact_assessment: str | None
    review_months: int = Field(gt=0)
    purpose: dict[str, str]
    not_for: tuple[str, ...]
    open_findings: tuple[str, ...]
    sensitive: tuple[str, ...]
    groups: dict[str, GroupSettings]
    most_groups: int = Field(gt=0)
    min_events: int = Field(gt=0)
    sample_rows: int = Field(gt=0)
    benchmark_features: int = Field(ge=0)
    backtest_months: int = Field(ge=0)
    leave_out: bool
    monitoring: tuple[BoundSettings, ...]

    @property
    def unanswered(self) -> tuple[str, ...]:
        return tuple(name for name in ANSWERED if not (getattr(self, name) or "").strip())

    def require_answers(self, region: str) -> None:
        """SettingsError lists all that a bank has not answered."""
        if self.unanswered:
            advice = f"null; say it in conf/regions/{region}.yml"
            findings = [Finding("unanswered", f"model_card.{name}", advice) for name in self.unanswered]
            raise SettingsError("no model goes live without somebody who answers for it", findings)
