"""The month's experiment, written down and hashed before the first wave."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from math import sqrt
from typing import Any, NamedTuple

from reactivation import chance
from reactivation.errors import Finding, PlanError
from reactivation.experiment.checks import Design
from reactivation.experiment.contrasts import CONTRASTS, Comparison, Contrast
from reactivation.experiment.estimates import COMPARISON_METHOD, GAIN_METHOD
from reactivation.experiment.proportions import minimum_detectable, z_sum
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Calendar, Month, Window

RATE_NOT_KNOWN = "not known: no base rate from an earlier month"
NOBODY = "not known: a side has no users"
_DRAWN = ("cells", "holdout_share", "long_holdout_share")
BEYOND = "nothing: even every user converting would not be seen"


class Plan(NamedTuple):
    """What `experiment_plan` keeps.

    plan_json: canonical JSON (sorted keys, no spaces). plan_hash: its SHA-256. power_json: for every contrast and
    metric the smallest difference seen with the registered power, at the sizes that chance gave.
    """

    plan_json: str
    plan_hash: str
    power_json: str


def register(
    settings: ExperimentSettings,
    *,
    cycle: Month,
    region: str,
    scenario: str,
    sizes: Mapping[str, int],
    base_rates: Mapping[str, float | None],
    arms: Mapping[str, Any],
    waves: Sequence[Mapping[str, Any]],
    calendar: Calendar,
) -> Plan:
    """Write down what will be compared, how, and what it can see. The same inputs give the same hash.

    sizes: users by `policy.part.touch`, part being `selected` or `all` (picked or not). base_rates: by metric, from
    settled months; None where there is none. arms: plain values of the arms' settings, with `cells` (shares),
    `holdout_share` and `long_holdout_share`. waves: plain values of each wave, with its `as_of`.
    """
    _check_arms(arms)
    plan = {
        "cycle": str(cycle),
        "region": region,
        "scenario": scenario,
        "salts": chance.salt(region, scenario, str(cycle), "<purpose>"),
        "arms": dict(arms),
        "waves": [dict(wave) for wave in waves],
        "zone": calendar.zone,
        "outcome_window": [min((_day(wave) for wave in waves), default=str(cycle.first)), str((cycle + 1).first)],
        "settles_on": str(calendar.settle_on(cycle)),
        "looks": 1,
        "primary_metric": next(iter(settings.metrics)),
        "methods": {"comparison": COMPARISON_METHOD, "gain": GAIN_METHOD},
        "contrasts": [{"name": c.name, "kind": c.kind, "reading": c.reading} for c in CONTRASTS],
        "thresholds": settings.model_dump(mode="json"),
    }
    plan_json = _canonical(plan)
    return Plan(
        plan_json,
        hashlib.sha256(plan_json.encode()).hexdigest(),
        _canonical([_power(c, m, sizes, base_rates.get(m), settings) for c in CONTRASTS for m in settings.metrics]),
    )


def design_of(plan_json: str) -> Design:
    """The shares that a registered plan names, for the checks of its read-out."""
    arms = json.loads(plan_json)["arms"]
    return Design(arms["cells"], arms["holdout_share"], arms["long_holdout_share"])


def window_of(plan_json: str) -> Window:
    """The outcome window that a registered plan names."""
    first, end = (date.fromisoformat(day) for day in json.loads(plan_json)["outcome_window"])
    return Window(first, end)


def _check_arms(arms: Mapping[str, Any]) -> None:
    missing = [name for name in _DRAWN if name not in arms]
    if missing:
        advice = "the read-out tests what chance gave against it: state it in conf under campaign.arms"
        raise PlanError("the plan does not say what was drawn", [Finding("missing", name, advice) for name in missing])


def _power(
    contrast: Contrast, metric: str, sizes: Mapping[str, int], rate: float | None, settings: ExperimentSettings
) -> dict[str, Any]:
    """Smallest detectable difference of one contrast on one metric, or why it is not known."""
    n = [sum(sizes.get(key, 0) for key in side.size_keys) for side in contrast.sides]
    row = {"contrast": contrast.name, "metric": metric, "users": n, "base_rate": rate, "power": settings.power}
    if rate is None:
        return {**row, "minimum_detectable": None, "reason": RATE_NOT_KNOWN}
    if not all(n):
        return {**row, "minimum_detectable": None, "reason": NOBODY}
    if isinstance(contrast, Comparison):
        smallest = minimum_detectable(
            base_rate=rate, n_treatment=n[0], n_control=n[1], alpha=settings.alpha, power=settings.power
        )
    else:
        spread = sqrt(rate * (1 - rate) * sum(1 / users for users in n))
        smallest = z_sum(alpha=settings.alpha, power=settings.power) * spread
    return {**row, "minimum_detectable": smallest, "reason": BEYOND if smallest is None else None}


def _day(wave: Mapping[str, Any]) -> str:
    return str(wave["as_of"])


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
