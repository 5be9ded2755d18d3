"""The month's experiment, written down and hashed before the first wave."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from reactivation import randomization
from reactivation.errors import Finding, PlanError
from reactivation.experiment.contrasts import among
from reactivation.experiment.power import BaseRate, statement
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Calendar, Month, Window
from reactivation.statistics.estimates import COMPARISON_METHOD, GAIN_METHOD

PlanText = dict[str, Any]

_DRAWN = ("cells", "holdout_share", "long_holdout_share", "long_holdout_since")
_BY_CYCLE = ("cell", "touch", "order", "ties")


class Plan(NamedTuple):
    """What `experiment_plan` keeps.

    plan_json: canonical JSON (sorted keys, no spaces). plan_hash: its SHA-256. power_json: for every contrast and
    metric the smallest difference seen with the registered power, at the sizes that chance gave.
    """

    plan_json: str
    plan_hash: str
    power_json: str


def draft(
    settings: ExperimentSettings,
    *,
    cycle: Month,
    region: str,
    scenario: str,
    arms: Mapping[str, Any],
    waves: Sequence[Mapping[str, Any]],
    calendar: Calendar,
    tiers: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    offers: Mapping[str, Any] | None = None,
    population: Mapping[str, Any] | None = None,
) -> PlanText:
    """What will be compared, how, and who decides by which rules, as plain values: all of it known before any draw.

    arms: plain values of the arms' settings, with `cells` (shares in the order in which they are cut), the holdouts'
    shares and `long_holdout_since`. waves: plain values of each wave, with its `as_of`. tiers: plain values of the rule
    by which evidence makes tiers, the smallest lift worth a contact among them. labels: of what counts as an outcome.
    offers: of what offers cost and how explorers draw them. population: of who sleeps, and who may be contacted how
    often. The same inputs give the same plan.
    """
    missing = [name for name in _DRAWN if name not in arms]
    if missing:
        advice = "the read-out tests what chance gave against it: state it in conf under campaign.arms"
        raise PlanError("the plan does not say what was drawn", [Finding("missing", name, advice) for name in missing])
    own = {purpose: randomization.salt(region, scenario, str(cycle), purpose) for purpose in _BY_CYCLE}
    long = randomization.salt(region, scenario, str(arms["long_holdout_since"]), "long_holdout")
    window = Window(min((_day(wave) for wave in waves), default=cycle.first), (cycle + 1).first)
    settles_on = str(calendar.settle_on(cycle))
    parts = {"tiers": tiers, "labels": labels, "offers": offers, "population": population}
    plan = {
        "cycle": str(cycle),
        "region": region,
        "scenario": scenario,
        "salts": {
            **own,
            "long_holdout": long,
            "waves": randomization.salt(region, scenario, str(cycle), "<wave>_<purpose>"),
        },
        "cell_order": list(arms["cells"]),
        "arms": dict(arms),
        **{name: dict(part) for name, part in parts.items() if part is not None},
        "waves": [dict(wave) for wave in waves],
        "zone": calendar.zone,
        "outcome_window": [str(window.first), str(window.end)],
        "settle_days": calendar.settle_days,
        "settles_on": settles_on,
        "look_days": [*map(str, settings.look_days(cycle)), settles_on],
        "alpha_per_look": settings.alpha_per_look,
        "methods": {"comparison": COMPARISON_METHOD, "gain": GAIN_METHOD},
        "contrasts": [{"name": c.name, "kind": c.kind, "reading": c.reading} for c in among(arms["cells"])],
        "thresholds": settings.model_dump(mode="json", exclude=_unasked(settings)),
    }
    return dict(json.loads(canonical(plan)))


def register(
    plan: PlanText,
    settings: ExperimentSettings,
    *,
    sizes: Mapping[str, int],
    base_rates: Mapping[str, BaseRate],
) -> Plan:
    """Seal a plan, and say what it can see at the sizes that chance gave.

    sizes: users by `policy.part.touch`, part being `selected` or `all` (picked or not). base_rates: by metric, from
    settled months.
    """
    plan_json = canonical(plan)
    return Plan(plan_json, sealed(plan_json), canonical(statement(settings, sizes=sizes, base_rates=base_rates)))


def sealed(plan_json: str) -> str:
    """The hash by which anyone can tell that a plan is the one that was registered."""
    return hashlib.sha256(plan_json.encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON in the one form that is hashed: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _unasked(settings: ExperimentSettings) -> set[str]:
    """Keys that an older release did not know are there only where they are asked for."""
    return set() if settings.asset_uplift_value else {"asset_uplift_value"}


def _day(wave: Mapping[str, Any]) -> date:
    return date.fromisoformat(str(wave["as_of"]))
