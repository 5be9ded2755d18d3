"""Read out the month's experiment: outcomes, what the campaign moved, what each option did, and the month's report."""

from typing import Any

import registration
from pyspark.sql import DataFrame

from reactivation import activity, cli, experiment, labels, monitoring
from reactivation.errors import Finding, NotReady
from reactivation.monitoring import Chapter
from reactivation.runtime.ingested import require_ingested
from reactivation.runtime.run import Run
from reactivation.runtime.store import within
from reactivation.runtime.text import write_text
from reactivation.tables import canonical, derived
from reactivation.tables.contract import Table

Rows = list[dict[str, Any]]


def run(r: Run) -> None:
    """Replaces exactly this cycle's outcomes, read-out and response, and its report; refuses before the settle date."""
    settles_on = r.calendar.settle_on(r.cycle)
    if (r.as_of or settles_on) < settles_on:
        advice = f"settles on {settles_on}: run with --as-of {settles_on} or later"
        raise NotReady(f"{r.cycle} cannot be read out on {r.as_of}", [Finding("not settled", str(r.cycle), advice)])
    if not _has_campaign(r):
        r.say(f"    no campaign was run in {r.region} in {r.cycle}: there is nothing to read out")
        return
    require_ingested(r, settles_on)
    as_registered, r = registration.under_the_plan(r)
    _write_outcomes(r)
    _report(r, _read_out(r), _learn_response(r), as_registered)


def _has_campaign(r: Run) -> bool:
    needed = (derived.ARMS, derived.EXPERIMENT_PLAN, derived.WAVE_PLAN)
    return all(r.has(table) and not _of_cycle(r, table).isEmpty() for table in needed)


def _of_cycle(r: Run, table: Table) -> DataFrame:
    return r.read(table, within(cycle=str(r.cycle)))


def _write_outcomes(r: Run) -> None:
    sources = r.read_present(canonical.ALL)
    window = experiment.window_of(registration.plan_json(r))
    settles_on = r.calendar.settle_on(r.cycle)
    straight = activity.straight(
        sources, window=window, known_before=settles_on, calendar=r.calendar, settings=r.settings.activity
    )
    behaviour = labels.behaviour(sources, straight, r.settings.labels)
    assets = labels.asset_change(
        sources.get("asset_snapshots"),
        month=r.cycle,
        known_before=settles_on,
        calendar=r.calendar,
        settings=r.settings.labels,
    )
    table = experiment.outcomes(
        labels.on_spine(_of_cycle(r, derived.ARMS).select("user_id"), behaviour, sources),
        assets=assets,
        wave_plan=_of_cycle(r, derived.WAVE_PLAN),
        contacts=sources.get("contacts"),
        outside_contacts=sources.get("outside_contacts"),
        cycle=r.cycle,
        window=window,
        calendar=r.calendar,
    )
    r.write(derived.OUTCOMES, table)


def _read_out(r: Run) -> Rows:
    settings = r.settings.experiment
    metrics = {name: metric.outcome for name, metric in settings.metrics.items()}
    counts = experiment.aggregate(_of_cycle(r, derived.OUTCOMES), _of_cycle(r, derived.ARMS), metrics=metrics)
    groups = experiment.groups([row.asDict() for row in counts.collect()], metrics=metrics)
    rows = experiment.read_out(
        groups, cycle=r.cycle, design=experiment.design_of(registration.plan_json(r)), settings=settings
    )
    r.write(derived.READOUT, r.rows(derived.READOUT, rows))
    return rows


def _learn_response(r: Run) -> Rows:
    draws = experiment.exploration(
        _of_cycle(r, derived.WAVE_PLAN),
        outcomes=_of_cycle(r, derived.OUTCOMES),
        tiers=_of_cycle(r, derived.TIERS_TABLE),
    )
    rows = experiment.response(_records(draws), cycle=r.cycle, settings=r.settings.experiment)
    r.write(derived.RESPONSE, r.rows(derived.RESPONSE, rows))
    return rows


def _report(r: Run, readout: Rows, response: Rows, as_registered: list[str]) -> None:
    metrics, alpha = r.settings.monitoring.report_metrics, r.settings.experiment.alpha
    tables = {
        "Tiers": _records(monitoring.tier_sizes(_of_cycle(r, derived.TIERS_TABLE), _of_cycle(r, derived.ARMS))),
        "Waves": _records(monitoring.wave_fills(_of_cycle(r, derived.WAVE_PLAN))),
        "Why users were planned or not": _records(_of_cycle(r, derived.WAVE_WATERFALL).orderBy("wave", "reason")),
        "Read-out, differences in points": experiment.briefs(readout),
        "What each option did, from exploration alone": response,
    }
    page = monitoring.render(
        f"{r.region}, {r.scenario}, {r.cycle}: the month's report",
        [
            Chapter("Is it what was registered?", as_registered),
            *[
                Chapter(part.title, part.sentences, note=part.reading)
                for part in experiment.told(readout, metrics, alpha=alpha)
            ],
            Chapter("What this month cannot tell", experiment.cannot_see(readout)),
            *[Chapter(title, rows=rows) for title, rows in tables.items()],
        ],
    )
    for name, text in (("report.html", page.html), ("report.txt", page.text)):
        write_text(r.spark, f"{r.reports}/{r.cycle}/{name}", text)
    for title, rows in tables.items():
        r.show(f"{title} ({r.cycle})", rows)
    r.say("\n".join([f"\nWhat {r.cycle} cannot tell", *(f"  {line}" for line in experiment.cannot_see(readout))]))
    r.say(f"\nReport: {r.reports}/{r.cycle}/report.html")


def _records(table: DataFrame) -> Rows:
    return [row.asDict() for row in table.collect()]


if __name__ == "__main__":
    cli.main(run, __file__)
