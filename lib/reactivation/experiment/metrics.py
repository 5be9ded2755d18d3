"""What is summed over a month's users: outcomes, covariates, and under which names the sums travel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactivation.periods import Window

if TYPE_CHECKING:  # settings name the contrasts, which are made of what is measured
    from reactivation.experiment.settings import ExperimentSettings, Mean

EVERYBODY, WITH_ASSETS = "everybody", "with_assets"
OF_THE_NEXT_MONTH = ("retained", "active_after")
OF_ASSETS = ("has_asset_uplift", "asset_change")
MISSING = "is_missing"


@dataclass(frozen=True)
class Measured:
    """Everything that the month's aggregation sums.

    rates, guardrails: boolean columns of `outcomes` by name. means: columns of numbers by name, with their caps.
    covariates: columns known before the draw that the region has. weeks: weeks of the outcome window.
    """

    rates: Mapping[str, str]
    guardrails: Mapping[str, str]
    means: Mapping[str, Mean]
    covariates: tuple[str, ...]
    weeks: int

    @classmethod
    def of(cls, settings: ExperimentSettings, *, window: Window, columns: Collection[str]) -> Measured:
        """What conf asks for. columns: all that `features` and `scores` have; a covariate of none of them is left out.

        The region may lack its source.
        """
        return cls(
            {name: metric.outcome for name, metric in settings.metrics.items()},
            {name: guardrail.outcome for name, guardrail in settings.guardrails.items()},
            settings.means,
            tuple(name for name in settings.covariates if name in columns),
            len(window.weeks),
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that is compared: shares first, the primary one at their head."""
        return (*self.rates, *self.means)

    @property
    def adjusters(self) -> tuple[str, ...]:
        """The covariates, and last whether any of them is missing; empty where there are none."""
        return (*self.covariates, MISSING) if self.covariates else ()

    def outcome(self, metric: str) -> str:
        """Column of `outcomes` of a metric."""
        return self.means[metric].outcome if metric in self.means else self.rates[metric]

    def known_of(self, metric: str) -> str:
        """Of whom the outcome is known: of everybody or nobody, but for assets."""
        return WITH_ASSETS if self.outcome(metric) in OF_ASSETS else EVERYBODY


def sum_of(*parts: str | int) -> str:
    """Name of a sum.

    >>> sum_of("events", "login")
    'events__login'
    """
    return "__".join(str(part) for part in parts)
