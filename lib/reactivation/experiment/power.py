"""What an experiment can see: the smallest difference of each contrast on each metric, before anybody is touched."""

from collections.abc import Mapping
from math import sqrt
from typing import Any, NamedTuple

from reactivation.contracts.derived import POLICIES, TOUCHES
from reactivation.experiment.contrasts import CONTRASTS, Comparison, Contrast
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.proportions import minimum_detectable, z_sum

RATE_NOT_KNOWN = "not known: no base rate from an earlier month"
NOBODY = "not known: a side has no users"
BEYOND = "nothing: even every user converting would not be seen"


class Rate(NamedTuple):
    """Share of untouched users who have an outcome, and where it was seen; value None where it was nowhere."""

    value: float | None
    basis: str | None = None


NOT_KNOWN = Rate(None)


def statement(
    settings: ExperimentSettings,
    *,
    sizes: Mapping[str, int],
    base_rates: Mapping[str, Rate],
    power: float | None = None,
) -> list[dict[str, Any]]:
    """One row per contrast and metric: users per side, base rate, smallest detectable difference or why none is known.

    sizes: users by `policy.part.touch`, drawn or expected. power: None takes the registered one. Every look is at its
    part of alpha.
    """
    alpha = alpha_per_look(settings.alpha, looks=settings.looks)
    wanted = settings.power if power is None else power
    return [
        _row(contrast, metric, sizes, base_rates.get(metric, NOT_KNOWN), alpha=alpha, power=wanted)
        for contrast in CONTRASTS
        for metric in settings.metrics
    ]


def expected_sizes(
    contactable: int, *, cells: Mapping[str, float], holdout: float, long_holdout: float, selected: float
) -> dict[str, int]:
    """Users by `policy.part.touch` that the shares of conf give in expectation, before anything is drawn.

    selected: share of all contactable users that each policy picks; whom it picks says nothing of cell and touch.

    >>> expected_sizes(
    ...     1000, cells={"model": 0.6, "rule": 0.2, "random": 0.2}, holdout=0.1, long_holdout=0.0, selected=0.5
    ... )["model.selected.holdout"]
    30
    """
    touches = {"touched": 1 - holdout - long_holdout, "holdout": holdout, "long_holdout": long_holdout}
    return {
        f"{policy}.{part}.{touch}": round(contactable * cells[policy] * share * touches[touch])
        for policy in POLICIES
        for part, share in (("selected", selected), ("all", 1.0))
        for touch in TOUCHES
    }


def users_of(contrast: Contrast, sizes: Mapping[str, int]) -> list[int]:
    """Users of each side of a contrast: two of a comparison, four of a gain."""
    return [sum(sizes.get(key, 0) for key in side.size_keys) for side in contrast.sides]


def _row(
    contrast: Contrast, metric: str, sizes: Mapping[str, int], rate: Rate, *, alpha: float, power: float
) -> dict[str, Any]:
    n = users_of(contrast, sizes)
    row = {
        "contrast": contrast.name,
        "metric": metric,
        "users": n,
        "base_rate": rate.value,
        "basis": rate.basis,
        "power": power,
    }
    if rate.value is None:
        return {**row, "minimum_detectable": None, "reason": RATE_NOT_KNOWN}
    if not all(n):
        return {**row, "minimum_detectable": None, "reason": NOBODY}
    if isinstance(contrast, Comparison):
        smallest = minimum_detectable(base_rate=rate.value, n_treatment=n[0], n_control=n[1], alpha=alpha, power=power)
    else:
        spread = sqrt(rate.value * (1 - rate.value) * sum(1 / users for users in n))
        smallest = z_sum(alpha=alpha, power=power) * spread
    return {**row, "minimum_detectable": smallest, "reason": BEYOND if smallest is None else None}
