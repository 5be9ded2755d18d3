"""Read out the month's experiment: outcomes, what the campaign moved, what each option did, and the month's report."""

from typing import Any

import past
import registration
from month_outcomes import write_outcomes
from pyspark.sql import DataFrame

from reactivation import cli, experiment, monitoring, population
from reactivation.errors import Finding, NotReady
from reactivation.monitoring import Chapter
from reactivation.runtime.ingested import require_ingested
from reactivation.runtime.run import Run
from reactivation.runtime.sent import read_sent
from reactivation.runtime.store import within
from reactivation.runtime.text import write_text
from reactivation.tables import canonical, derived
from reactivation.tables.contract import Table

Rows = list[dict[str, Any]]
_NEEDED = (derived.ARMS, derived.EXPERIMENT_PLAN, derived.WAVE_PLAN)
_READ = (derived.ARMS, derived.TIERS_TABLE, derived.FEATURES, derived.SCORES, derived.OUTCOMES, derived.WAVE_PLAN)


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
    plan = registration.plan_json(r)
    write_outcomes(r, experiment.window_of(plan))
    _report(r, _read_out(r, plan), _learn_response(r), as_registered)


def _has_campaign(r: Run) -> bool:
    return all(r.has(table) and not _of_cycle(r, table).isEmpty() for table in _NEEDED)


def _of_cycle(r: Run, table: Table) -> DataFrame:
    return r.read(table, within(cycle=str(r.cycle)))


def _read_out(r: Run, plan: str) -> experiment.Answers:
    now = {table.name: _of_cycle(r, table) for table in _READ}
    columns = now["features"].columns + now["scores"].columns
    measured = experiment.Measured.of(r.settings.experiment, window=experiment.window_of(plan), columns=columns)
    placed = experiment.placed(
        now["arms"],
        tiers=now["tiers"],
        master=population.signed_up(r.read(canonical.USERS), day=r.cycle.first, calendar=r.calendar),
        features=now["features"],
        scores=now["scores"],
        measured=measured,
    )
    groups = experiment.groups(_records(experiment.aggregate(now["outcomes"], placed, measured=measured)))
    rankings = experiment.rankings(now["scores"], now["features"], rule_order=r.settings.campaign.arms.rule_order)
    found = experiment.answers(
        groups,
        cycle=r.cycle,
        design=experiment.design_of(plan),
        settings=r.settings.experiment,
        measured=measured,
        known_on=r.calendar.settle_on(r.cycle + 1),
        tenths_rows=_records(experiment.tenths(now["outcomes"], now["arms"], rankings, metrics=measured.rates)),
        further=_reconciled(r, now["wave_plan"]),
        budget_share=r.settings.campaign.arms.selected_share,
    )
    r.write_together((table, r.rows(table, rows), {}) for table, rows in found.tables)
    return found


def _reconciled(r: Run, wave_plan: DataFrame) -> list[experiment.Checked]:
    files = read_sent(r.spark, r.exports, [str(r.cycle)])
    contacts = r.read_present([canonical.CONTACTS]).get("contacts")
    counts = experiment.wave_counts(wave_plan, contacts, files, cycle=r.cycle, calendar=r.calendar)
    drawn = _records(experiment.draw_counts(wave_plan))
    waves = experiment.waves(_records(counts), has_files=files is not None)
    return [*waves, *experiment.draws(drawn, srm_p=r.settings.experiment.srm_p)]


def _learn_response(r: Run) -> Rows:
    months = past.draws_until(r)
    plans, outcomes, tiers = past.tables(r, months, derived.WAVE_PLAN, derived.OUTCOMES, derived.TIERS_TABLE)
    sums = _records(experiment.exploration(plans, outcomes=outcomes, tiers=tiers))
    rows = experiment.response(sums, cycle=r.cycle, months=len(months), settings=r.settings.experiment)
    r.write(derived.RESPONSE, r.rows(derived.RESPONSE, rows))
    return rows


def _report(r: Run, found: experiment.Answers, response: Rows, as_registered: list[str]) -> None:
    means = r.settings.experiment.means
    told = experiment.chapters(found, metrics=r.settings.monitoring.report_metrics, settings=r.settings.experiment)
    shown = {
        "Tiers": _records(monitoring.tier_sizes(_of_cycle(r, derived.TIERS_TABLE), _of_cycle(r, derived.ARMS))),
        "Waves": _records(monitoring.wave_fills(_of_cycle(r, derived.WAVE_PLAN))),
        "Why users were planned or not": _records(_of_cycle(r, derived.WAVE_WATERFALL).orderBy("wave", "reason")),
        "Read-out, differences in points": experiment.briefs(found.readout, means=means),
        "What each option did, from exploration alone": response,
    }
    filed = {
        "Parts of the users, and weeks": experiment.parts_in_brief(found.readout, means=means),
        "Targeting": found.targeting,
        "All checks": found.checks,
    }
    pages = [Chapter("Is it what was registered?", as_registered)]
    pages += [Chapter(part.title, part.sentences, note=part.reading) for part in told]
    pages += [Chapter(title, rows=rows) for title, rows in {**shown, **filed}.items()]
    page = monitoring.render(f"{r.region}, {r.scenario}, {r.cycle}: the month's report", pages)
    for name, text in (("report.html", page.html), ("report.txt", page.text)):
        write_text(r.spark, f"{r.reports}/{r.cycle}/{name}", text)
    for title, rows in shown.items():
        r.show(f"{title} ({r.cycle})", rows)
    cannot = [f"\nWhat {r.cycle} cannot tell", *(f"  {line}" for line in told[-1].sentences)]
    r.say("\n".join([*cannot, f"\nReport: {r.reports}/{r.cycle}/report.html"]))


def _records(table: DataFrame) -> Rows:
    return [row.asDict() for row in table.collect()]


if __name__ == "__main__":
    cli.main(run, __file__)
