"""The metrics that a read-out compares: each knows the sums it needs, and how two sides of it are compared."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.experiment.groups import Pair, Totals, sum_of
from reactivation.statistics.cace import Received
from reactivation.statistics.cuped import JointMoments
from reactivation.statistics.estimates import (
    COMPARISON_METHOD,
    GAIN_METHOD,
    GAIN_OF_MEANS_METHOD,
    Estimate,
    compare,
    compare_means,
    gain,
)
from reactivation.statistics.fieller import Spending
from reactivation.statistics.means import Moments
from reactivation.statistics.net_gain import Uplifts, net_gain
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import said
from reactivation.statistics.sequential import Level
from reactivation.statistics.verdicts import Unit

EVERYBODY, WITH_ASSETS = "everybody", "with_assets"
OF_ASSETS = ("has_asset_uplift", "asset_change")


def share(side: Totals, *name: str | int) -> Share:
    """Users with an outcome among those of whom it is known."""
    return Share(side.of("events", *name), side.of("known", *name))


@dataclass(frozen=True)
class OutcomeMetric(ABC):
    """One outcome that the read-out compares, under its name in conf.

    outcome: column of `outcomes`. minimum_effect: smallest difference that would change a decision, in the metric's
    unit.
    """

    name: str
    outcome: str
    minimum_effect: float
    unit: ClassVar[Unit]
    gain_method: ClassVar[str]

    @abstractmethod
    def sums(self, covariates: Collection[str]) -> Iterator[tuple[str, Column]]:
        """The sums that the metric needs of each group, by name; `covariates` are columns beside the outcome."""

    @abstractmethod
    def compare(self, pair: Pair, *, level: Level, minimum_events: float) -> Estimate:
        """The unadjusted comparison of two sides, or why there is none."""

    @abstractmethod
    def _moments(self, side: Totals) -> tuple[Any, Any]:
        """Sum and sum of squares of the outcome."""

    @property
    def known_of(self) -> str:
        """Whose outcome is known: everybody's, or that of users with known assets."""
        return WITH_ASSETS if self.outcome in OF_ASSETS else EVERYBODY

    def blank(self, pair: Pair) -> Estimate:
        """The users of both sides whose outcome is known, without any number beside them."""
        first, second = (int(side.of("known", self.name)) for side in pair)
        return Estimate(first, second)

    def gain(self, first: Estimate, second: Estimate, *, level: Level) -> Estimate:
        """The difference of two effects."""
        found = gain(first, second)
        return replace(found, method=f"{self.gain_method}{level.suffix}") if found.method else found

    def joint(self, side: Totals, covariates: Collection[str]) -> JointMoments | None:
        """Outcome and covariates of the users whose outcome is known.

        None where the outcome is known of some users only and the covariates were not summed over these users.
        """
        n = side.of("known", self.name)
        if not n:
            return JointMoments.empty(1 + len(covariates))
        if covariates and side.of("users", self.known_of) != n:
            return None
        total, squares = self._moments(side)
        columns = list(covariates)
        firsts = [total, *(side.of("sum", self.known_of, x) for x in columns)]
        seconds = {(0, 0): squares}
        for i, x in enumerate(columns, start=1):
            seconds[0, i] = side.of("with", self.name, x)
            for j, other in enumerate(columns[i - 1 :], start=i):
                seconds[i, j] = side.of("product", self.known_of, x, other)
        products = np.zeros((len(firsts), len(firsts)))
        for (i, j), second in seconds.items():  # whole numbers and decimals keep their digits until here
            products[i, j] = products[j, i] = float(second - firsts[i] * firsts[j] / n)
        return JointMoments(int(n), np.array([float(x / n) for x in firsts]), products)


@dataclass(frozen=True)
class ShareMetric(OutcomeMetric):
    """The share of users with an outcome: Newcombe's interval, and Koopman's for the ratio."""

    unit = "points"
    gain_method = GAIN_METHOD

    def sums(self, covariates: Collection[str]) -> Iterator[tuple[str, Column]]:
        """Counts with a delivery and what was spent on users with the outcome are summed as well."""
        is_reached, has_event = F.col("contacts_delivered") > 0, F.col(self.outcome)
        yield from counts(self.name, self.outcome)
        yield sum_of("reached", self.name), F.count_if(is_reached & has_event.isNotNull())
        yield sum_of("reached_events", self.name), F.count_if(is_reached & has_event)
        yield sum_of("cost_of_events", self.name), F.sum(F.when(has_event, F.col("cost")))
        for x in covariates:
            yield sum_of("with", self.name, x), F.sum(F.when(has_event, F.col(x)))

    def compare(self, pair: Pair, *, level: Level, minimum_events: float) -> Estimate:
        """Two shares; not estimable where a side has too few expected events."""
        return compare_shares(pair, self.name, level=level, minimum_events=minimum_events)

    def received(self, side: Totals) -> Received:
        """The outcome beside who had a delivery."""
        names = ("known", "events", "reached", "reached_events")
        return Received(*(int(side.of(name, self.name)) for name in names))

    def spending(self, side: Totals) -> Spending:
        """The outcome beside what was spent: contacts, and benefits redeemed."""
        costs = (side.of("cost"), side.of("cost_squares"), side.of("cost_of_events", self.name))
        return Spending(side.of("users"), side.of("events", self.name), *(float(cost) for cost in costs))

    def net_gain(self, side: Totals, *, value: float, asset_value: float) -> Moments:
        """Money per user: what the outcome and an asset uplift are worth, less what was spent. For who is active."""
        uplifts = Uplifts(side.of("uplifts"), side.of("uplifts_active"), float(side.of("cost_of_uplifts")))
        return net_gain(self.spending(side), value=value, uplifts=uplifts, asset_value=asset_value)

    def _moments(self, side: Totals) -> tuple[Any, Any]:
        events = side.of("events", self.name)
        return events, events


@dataclass(frozen=True)
class MeanMetric(OutcomeMetric):
    """The mean of an outcome, capped at both ends: Welch, and the delta method for the ratio."""

    lowest: float
    highest: float
    unit = "own"
    gain_method = GAIN_OF_MEANS_METHOD

    @property
    def capped(self) -> str:
        """Name of the column that holds the capped outcome."""
        return sum_of("capped", self.name)

    def value(self, data_type: str) -> Column:
        """The capped outcome in the type it is stored in: a cap must not make a double of money."""
        outcome = F.col(self.outcome)
        inner = F.greatest(F.least(outcome, _number(self.highest)), _number(self.lowest))
        return F.when(outcome.isNotNull(), inner.cast(data_type))

    def sums(self, covariates: Collection[str]) -> Iterator[tuple[str, Column]]:
        """Number, sum and sum of squares of the capped outcome."""
        value = F.col(self.capped)
        yield sum_of("known", self.name), F.count(value)
        yield sum_of("total", self.name), F.sum(value)
        yield sum_of("squares", self.name), F.sum(value * value)
        for x in covariates:
            yield sum_of("with", self.name, x), F.sum(value * F.col(x))

    def compare(self, pair: Pair, *, level: Level, minimum_events: float) -> Estimate:  # noqa: ARG002
        """Two means; not estimable below two users on a side."""
        moments = [Moments(side.of("known", self.name), *self._moments(side)) for side in pair]
        alone = [name for name, side in zip(("treatment", "control"), moments, strict=True) if side.n < 2]
        if alone:
            reason = f"fewer than two users with a known value on the side of the {' and of the '.join(alone)}"
            return self.blank(pair).not_estimable(said("nobody_there", reason))
        return compare_means(*moments, level=level)

    def _moments(self, side: Totals) -> tuple[Any, Any]:
        return side.of("total", self.name), side.of("squares", self.name)


def compare_shares(pair: Pair, *name: str | int, level: Level, minimum_events: float) -> Estimate:
    """The comparison of two shares under the name of their sums."""
    found = compare(*(share(side, *name) for side in pair), alpha=level.alpha, minimum_events=minimum_events)
    return replace(found, method=f"{COMPARISON_METHOD}{level.suffix}") if found.method else found


def counts(name: str, outcome: str) -> Iterator[tuple[str, Column]]:
    """Users whose outcome is known, and users who have it."""
    yield sum_of("known", name), F.count(outcome)
    yield sum_of("events", name), F.count_if(F.col(outcome))


def _number(value: float) -> Column:
    """A number of conf as it stands there; a decimal, not a double."""
    return F.lit(value).cast("decimal(18,2)")
