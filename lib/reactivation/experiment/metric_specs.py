"""What a month's read-out measures: conf's metrics and guardrails, the covariates, and the sums of all of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.experiment.groups import Group, sum_of
from reactivation.experiment.metrics import (
    EVERYBODY,
    WITH_ASSETS,
    MeanMetric,
    OutcomeMetric,
    ShareMetric,
    counts,
)
from reactivation.experiment.settings import ExperimentSettings, Guardrail
from reactivation.periods import Window

MISSING = "is_missing"


@dataclass(frozen=True)
class MetricSpecs:
    """Everything that the month's aggregation sums.

    shares, means: what is compared; the primary metric is among the shares. guardrails: what must not be harmed.
    covariates: columns known before the draw that the region has. weeks: weeks of the outcome window. spend_counted: as
    in the settings. primary: name of the primary metric.
    """

    shares: tuple[ShareMetric, ...]
    means: tuple[MeanMetric, ...]
    guardrails: Mapping[str, Guardrail]
    covariates: tuple[str, ...]
    weeks: int
    spend_counted: str = "planned"
    primary: str = ""

    @classmethod
    def of(cls, settings: ExperimentSettings, *, window: Window, columns: Collection[str]) -> "MetricSpecs":
        """What conf asks for. columns: all columns of `features` and `scores`.

        A covariate that is none of these columns is left out; none is registered so: see `balance.require_numbers`.
        """
        return cls(
            tuple(ShareMetric(n, spec.outcome, spec.minimum_effect) for n, spec in settings.metrics.items()),
            tuple(
                MeanMetric(n, spec.outcome, spec.minimum_effect, spec.lowest, spec.highest)
                for n, spec in settings.means.items()
            ),
            settings.guardrails,
            tuple(name for name in settings.covariates if name in columns),
            len(window.weeks),
            settings.spend_counted,
            settings.primary_metric,
        )

    @property
    def compared(self) -> tuple[OutcomeMetric, ...]:
        """All metrics that are compared, shares first."""
        return (*self.shares, *self.means)

    def only(self, metrics: Collection[str]) -> "MetricSpecs":
        """The same of some metrics alone, without guardrails."""
        shares = tuple(metric for metric in self.shares if metric.name in metrics)
        means = tuple(metric for metric in self.means if metric.name in metrics)
        return replace(self, shares=shares, means=means, guardrails={})

    @property
    def adjusters(self) -> tuple[str, ...]:
        """The covariates, and last whether any of them is missing; empty where there are no covariates."""
        return (*self.covariates, MISSING) if self.covariates else ()

    @property
    def cost(self) -> Column:
        """What was spent on a user: contacts at their cost, delivered or (0.1.0) planned, and benefits redeemed.

        Null where no source tells of one of them.
        """
        contacts = "delivered_cost" if self.spend_counted == "delivered" else "contact_cost"
        return F.col(contacts) + F.col("benefits_redeemed")

    def said_once(self, groups: Iterable[Group], *, asked: Collection[str]) -> dict[str, str]:
        """Metrics that are no question of the registered order (`asked`) and equal the primary one for every user."""
        known = [group.totals.sums for group in groups]
        return {
            metric.name: self.primary
            for metric in self.shares
            if metric.name not in (self.primary, *asked)
            and known
            and all(sums.get(sum_of("apart", metric.name)) == 0 for sums in known)
        }

    def sums(self) -> dict[str, Column]:
        """Every sum by its name, of metrics, guardrails, weeks and covariates."""
        return {
            **{name: column for metric in self.compared for name, column in metric.sums(self.adjusters)},
            **{n: column for name, spec in self.guardrails.items() for n, column in counts(name, spec.outcome)},
            **dict(self._apart()),
            **dict(self._of_weeks()),
            **dict(self._of_covariates()),
        }

    def _apart(self) -> Iterator[tuple[str, Column]]:
        """Users of whom a metric says something else than the primary one does."""
        first = next((metric.outcome for metric in self.shares if metric.name == self.primary), None)
        for metric in self.shares:
            if first is not None and metric.name != self.primary:
                is_same = F.col(metric.outcome).eqNullSafe(F.col(first))
                yield sum_of("apart", metric.name), F.count_if(F.col("is_there") & ~is_same)

    def _of_weeks(self) -> Iterator[tuple[str, Column]]:
        for week in range(1, self.weeks + 1):
            yield sum_of("known", "week", week), F.count("active_weeks")
            yield sum_of("events", "week", week), F.count_if(F.col("active_weeks").bitwiseAND(1 << (week - 1)) != 0)

    def _of_covariates(self) -> Iterator[tuple[str, Column]]:
        """Sums and products of the covariates, over everybody and over the users with known assets."""
        sets = {EVERYBODY: F.col("is_there"), WITH_ASSETS: F.col("has_asset_uplift").isNotNull()}
        for name, belongs in sets.items():
            yield sum_of("users", name), F.count_if(belongs)
            for x in self.adjusters:
                yield sum_of("sum", name, x), F.sum(F.when(belongs, F.col(x)))
            for x, other in combinations_with_replacement(self.adjusters, 2):
                yield sum_of("product", name, x, other), F.sum(F.when(belongs, F.col(x) * F.col(other)))
