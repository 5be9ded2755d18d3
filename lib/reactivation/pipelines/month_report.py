"""A part of `read_out`: the month's report, its rows beside it, and its first screen as text."""

from datetime import timedelta
from typing import Any

from pyspark.sql import functions as F

import reactivation
from reactivation import campaign, experiment, report
from reactivation.contracts import derived
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import releases
from reactivation.pipelines.plan_registration import RegisteredRun
from reactivation.pipelines.readout_groups import of_cycle
from reactivation.runtime.files import is_there
from reactivation.runtime.run import Run
from reactivation.runtime.text import read_text, write_text

Rows = list[dict[str, Any]]
_AUDIENCE = ("wave", "qualifies", "guidance", "guide_to", "options")
"""What of a registered wave says whom it is for, and what they may get."""
PAGE, TEXT, ROWS = "report.html", "report.txt", "report.json"


def write(
    planned: RegisteredRun, found: experiment.Answers, *, response: Rows, contacts: Rows, whole: experiment.Totals
) -> report.Findings:
    """Writes the report's files to `reports/<cycle>/` and returns its first screen.

    found: the month's answers. response: its rows of `response`. contacts: of `experiment.wave_counts`. whole: sums
    over all users of `arms`.
    """
    r = planned.run
    facts = _facts(planned, found, response=response, contacts=contacts, whole=whole)
    words = report.Words.of(r.settings.report)
    page = report.month_page.render(facts, words)
    for name, text in ((PAGE, page.html), (TEXT, page.text), (ROWS, facts.as_json())):
        write_text(r.spark, f"{r.reports}/{r.cycle}/{name}", text)
    return report.findings.of(facts, words)


def first_screen(r: Run, cycle: Month) -> report.Findings | None:
    """The answers of a month that was read out, from the rows beside its report; None where there are none."""
    place = f"{r.reports}/{cycle}/{ROWS}"
    if not is_there(r.spark, place):
        return None
    return report.findings.of(report.Facts.read(read_text(r.spark, place)), report.Words.of(r.settings.report))


def _facts(
    planned: RegisteredRun, found: experiment.Answers, *, response: Rows, contacts: Rows, whole: experiment.Totals
) -> report.Facts:
    """Six small tables, and one aggregate of the month's users; the rest is at hand."""
    r, is_now = planned.run, F.col("cycle") == str(planned.run.cycle)
    known = releases.ledger(r)
    tables = (derived.OUTCOMES, derived.ARMS, derived.TIERS_TABLE, derived.SCORES)
    evaluated = [of_cycle(r, derived.SCORE_EVALUATION)] if r.has(derived.SCORE_EVALUATION) else []
    waterfall, limits = (
        releases.newest(r, table, is_now, known=known) for table in (derived.WAVE_WATERFALL, derived.WAVE_LIMITS)
    )
    return report.Facts.of(
        region=r.region,
        scenario=r.scenario,
        cycle=str(r.cycle),
        asked=_asked(planned),
        made={"plan": planned.plan_hash, "settings": r.settings_hash, "code": reactivation.__version__},
        registration=[change._asdict() for change in planned.changes],
        readout=found.readout,
        checks=found.checks,
        targeting=found.targeting,
        response=response,
        contacts=contacts,
        bands=records(of_cycle(r, derived.TIER_BANDS).orderBy("band")),
        evaluation=[row for table in evaluated for row in records(table)],
        waterfall=records(waterfall.orderBy("wave", "reason")),
        limits=records(limits.orderBy("wave", "policy", "limit")),
        curves=report.facts.curves(known.events, cycle=str(r.cycle)),
        releases=report.facts.events(known.events, until=str(r.cycle)),
        prices=[*_earlier_prices(r), *report.facts.prices(found.readout)],
        users=records(report.facts.by_band_and_day(*[of_cycle(r, table) for table in tables])),
        money=_money(r, known, whole),
        challenger=experiment.challenger.of_month(found.readout, r.settings.experiment),
    )


def _earlier_prices(r: Run) -> Rows:
    is_earlier = F.col("cycle") < str(r.cycle)
    is_price = F.col("metric").isin(*report.facts.PRICES) & (F.col("segment") == "all")
    return records(r.read(derived.READOUT, is_earlier & is_price).orderBy("cycle", "contrast", "metric"))


def _asked(planned: RegisteredRun) -> dict[str, Any]:
    """What was registered, in plain values: see `report.Facts`."""
    r, asked = planned.run, planned.run.settings.experiment
    window = experiment.window_of(planned.plan)
    return {
        "primary": asked.primary_metric,
        "segment": experiment.SEGMENTS[asked.headline],
        "causal": [
            contrast.name for contrast in experiment.among(planned.plan["arms"]["cells"]) if contrast.kind == "causal"
        ],
        "sequence": [[one.contrast, one.metric] for one in asked.sequence],
        "guardrails": {name: spec.model_dump(mode="json") for name, spec in asked.guardrails.items()},
        "minimum": _minimum_effects(asked),
        "means": list(asked.means),
        "alpha": asked.alpha_per_look,
        "power": asked.power,
        "value": asked.active_user_value.registered if asked.active_user_value else None,
        "asset_value": asked.asset_uplift_value,
        "hypotheses": dict(asked.hypotheses),
        "waves": [{"wave": wave, "day": day} for wave, day in planned.sent.items()],
        "audiences": [{name: wave.get(name) for name in _AUDIENCE} for wave in planned.plan["waves"]],
        "first_day": window.first,
        "last_day": window.end - timedelta(days=1),
        "settles_on": r.calendar.settle_on(r.cycle),
    }


def _minimum_effects(asked: experiment.ExperimentSettings) -> dict[str, float]:
    """Smallest difference that matters, by metric."""
    shares = {name: spec.minimum_effect for name, spec in asked.metrics.items()}
    return shares | {name: spec.minimum_effect for name, spec in asked.means.items()}


def _money(r: Run, known: campaign.Ledger, whole: experiment.Totals) -> dict[str, Any]:
    """Approved, committed and spent of the cycle, and the whole target's share of the primary metric."""
    budget, metric = r.settings.campaign.release.budget, r.settings.experiment.primary_metric
    committed = releases.account(r, known, cycle=r.cycle, day=r.calendar.settle_on(r.cycle), is_settled=True)
    return {
        "approved": budget.approved_cny,
        "frozen_on": budget.frozen_on,
        "committed": committed.committed,
        "worst": committed.worst,
        "spent": None if whole.of("cost_unknown") else whole.of("cost"),
        "whole": {"known": whole.of("known", metric), "events": whole.of("events", metric)},
    }
