"""The outcomes of any experiment: how one arm is compared with the control, from sums, or why it cannot be."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

from reactivation.experiment.any_table.spec import Spec
from reactivation.experiment.any_table.sums import OutcomeSums
from reactivation.statistics.estimates import Estimate, compare, compare_means, whole
from reactivation.statistics.means import Spread
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import Said
from reactivation.statistics.sequential import Level
from reactivation.statistics.verdicts import Unit


@dataclass(frozen=True)
class ArmMetric(ABC):
    """One outcome of a spec. minimum_effect: smallest difference that would change a decision; None: not registered."""

    name: str
    minimum_effect: float | None
    unit: ClassVar[Unit]
    wrong_values: ClassVar[str]

    @abstractmethod
    def compare(
        self,
        treatment: OutcomeSums,
        control: OutcomeSums,
        *,
        names: tuple[str, str],
        level: Level,
        minimum_events: float,
    ) -> Estimate:
        """The unadjusted comparison of two arms, whose names are used in words."""

    def why_not(self, treatment: OutcomeSums, control: OutcomeSums, names: tuple[str, str]) -> str | None:
        """What keeps two arms from being compared at all, in words; None where nothing does."""
        sides = dict(zip(names, (treatment, control), strict=True))
        wrong = {name: side.wrong for name, side in sides.items() if side.wrong}
        if wrong:
            found = ", ".join(f"{whole(n)} in `{name}`" for name, n in wrong.items())
            return f"values are {self.wrong_values}: {found}; mend the table, or make another outcome of them"
        empty = [name for name, side in sides.items() if not side.joint.n]
        if not empty:
            return None
        unknown = sum(sides[name].unknown for name in empty)
        without = f" ({whole(unknown)} rows without it)" if unknown else ""
        return f"the outcome is known of nobody in {_quoted(empty)}{without}"


@dataclass(frozen=True)
class ArmShare(ArmMetric):
    """A column of 0 and 1: Newcombe and Koopman.

    Where users arrive over time, intervals are those of the confidence sequence, with the variance p(1 - p).
    """

    unit = "points"
    wrong_values = "neither 0 nor 1"

    def compare(
        self,
        treatment: OutcomeSums,
        control: OutcomeSums,
        *,
        names: tuple[str, str],
        level: Level,
        minimum_events: float,
    ) -> Estimate:
        """Two shares; not estimable where an arm has too few expected events."""
        sides = (treatment.joint.outcome, control.joint.outcome)
        if reason := self.why_not(treatment, control, names):
            return Estimate(int(sides[0].n), int(sides[1].n)).not_estimable(Said(reason))
        shares = [Share(round(side.mean * side.n), int(side.n)) for side in sides]
        found = compare(*shares, alpha=level.alpha, minimum_events=minimum_events)
        if found.status != "estimated":
            return replace(found, reason=_named(found.reason, names))
        if level.tuning is None:
            return replace(found, method=f"{found.method}{level.suffix}")
        first, second = (Spread(s.users, s.rate, s.rate * (1 - s.rate)) for s in shares)
        return compare_means(first, second, level=level, method="difference of shares; ratio: delta method")


@dataclass(frozen=True)
class ArmMean(ArmMetric):
    """A column of numbers: Welch, and the delta method for the ratio."""

    unit = "own"
    wrong_values = "infinite or no numbers"

    def compare(
        self,
        treatment: OutcomeSums,
        control: OutcomeSums,
        *,
        names: tuple[str, str],
        level: Level,
        minimum_events: float,  # noqa: ARG002
    ) -> Estimate:
        """Two means; not estimable below two rows in an arm."""
        sides = (treatment.joint.outcome, control.joint.outcome)
        reason = self.why_not(treatment, control, names)
        alone = [name for name, side in zip(names, sides, strict=True) if side.n < 2]
        if alone and reason is None:
            reason = f"one user alone in {_quoted(alone)}: a mean needs two to have an interval"
        if reason:
            return Estimate(int(sides[0].n), int(sides[1].n)).not_estimable(Said(reason))
        return compare_means(*sides, level=level)


def metrics_of(spec: Spec) -> tuple[ArmMetric, ...]:
    """All outcomes of a spec, rates first."""
    minimum = spec.minimum_effects
    return (
        *(ArmShare(name, minimum.get(name)) for name in spec.rates),
        *(ArmMean(name, minimum.get(name)) for name in spec.means),
    )


def _quoted(names: Collection[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _named(reason: str | None, names: tuple[str, str]) -> Said | None:
    """The same words with the arms' names in place of the sides'."""
    if reason is None:
        return None
    told = reason.replace("the side of the treatment", f"`{names[0]}`")
    return Said(told.replace("the side of the control", f"`{names[1]}`"))
