"""Plan a wave, or all waves of a month, under other settings without writing, and show what would differ."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import argument_types, campaign
from reactivation.campaign import Ledger
from reactivation.contracts import derived
from reactivation.frames import records
from reactivation.pipelines import plan_wave, releases
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested


def add_arguments(parser: ArgumentParser) -> None:
    """What else may be said; the other settings come by --set."""
    parser.add_argument(
        "--budgets",
        type=argument_types.amount,
        nargs="*",
        default=[],
        metavar="FACTOR",
        help="value at these times the wave's budget",
    )


def run(r: Run) -> None:
    """Each wave on its own day's facts; without --wave all whose day is not after --as-of, and is ingested.

    What stands is the newest plan, under the settings it was made with. NotReady where no wave's day is ingested.
    """
    known, settings = releases.ledger(r), r.settings.campaign
    if r.wave is not None:
        when: dict[str, Any] = {"cycle": r.cycle, "calendar": r.calendar, "as_of": r.as_of}
        days = {r.wave: campaign.wave_days.day_of(settings, wave=r.wave, **when)}
    else:
        planned_on = settings.planned_on(r.cycle, r.calendar)
        days = {name: day for name, day in planned_on.items() if r.as_of is None or day <= r.as_of}
    today = require_ingested(r, min(days.values(), default=r.cycle.first))
    for name, as_of in days.items():
        if as_of > today:
            r.say(f"    {name} is left out: its day, {as_of}, is not ingested yet", NOTICE)
            continue
        _one(r.at(r.step, wave=name), known, name, as_of)


def _one(r: Run, known: Ledger, name: str, as_of: date) -> None:
    lead = timedelta(days=r.settings.campaign.lead_days)
    material, worth = plan_wave.looked_at(r, known, name, as_of, as_of + lead), r.settings.experiment.active_user_value
    active_user = Decimal(str(worth.registered)) if worth else Decimal(0)
    terms = campaign.Terms(active_user, asset_uplift=r.settings.experiment.asset_worth)
    planned = material.planned()
    after = _figures(planned.plan, planned.limits, terms)
    stands, before = known.planned(cycle=str(r.cycle), wave=name), {}
    if stands is not None:
        is_it = (F.col("cycle") == str(r.cycle)) & (F.col("wave") == name)
        is_it &= F.col("plan_version") == stands["plan_version"]
        before = _figures(r.read(derived.WAVE_PLAN, is_it), records(r.read(derived.WAVE_LIMITS, is_it)), terms)
    title = f"{name} of {r.cycle} as of {as_of}, nothing is written"
    r.show(title, _beside(before, after))
    if planned.by_budget:
        r.show(f"{name}: value of the model's cell by its part of the budget", planned.by_budget)
    if not r.args.budgets:
        return
    curve = []
    for factor in sorted(r.args.budgets):
        budget = material.wave.budget_cny_per_1000_users * factor
        other = material.planned(material.wave.model_copy(update={"budget_cny_per_1000_users": budget}))
        curve.append({"budget_cny_per_1000_users": float(budget), **_figures(other.plan, other.limits, terms)})
    names = dict.fromkeys(what for row in curve for what in row)
    r.show(f"{name}: value against budget", [{what: row.get(what, 0.0) for what in names} for row in curve])


def _figures(plan: DataFrame, limits: Iterable[Mapping[str, Any]], terms: campaign.Terms) -> dict[str, float]:
    """Users reached, spend, value, and what one unit more of each limit of the model's cell would add."""
    found = records(campaign.model_cell.value_of(plan, terms))[0]
    own = [row for row in limits if row["policy"] == campaign.model_cell.CELL]
    prices = {f"one more of {row['limit']}": row["shadow_price"] for row in own if row["shadow_price"]}
    return {**found, **dict(sorted(prices.items()))}


def _beside(before: Mapping[str, float], after: Mapping[str, float]) -> list[dict[str, Any]]:
    """Figures of two plans beside each other, a row each; what one does not have counts as 0."""
    names = dict.fromkeys([*before, *after])
    pairs = ((name, before.get(name, 0.0), after.get(name, 0.0)) for name in names)
    return [{"what": n, "stands": round(a, 4), "what if": round(b, 4), "more": round(b - a, 4)} for n, a, b in pairs]
