"""Read out the month's experiment: outcomes, what the campaign moved, what each option did, and the month's report."""

from typing import Any

from pyspark.sql import functions as F

from reactivation import experiment, report
from reactivation.contracts import canonical, derived
from reactivation.frames import records
from reactivation.pipelines import evidence_months, learnt_options, month_report, plan_registration, releases
from reactivation.pipelines.interim_look import look
from reactivation.pipelines.readout_groups import has_campaign, of_cycle, summed
from reactivation.pipelines.readout_outcomes import offered, write_outcomes
from reactivation.runtime.channel_file_reader import read_sent
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested

Rows = list[dict[str, Any]]


def run(r: Run) -> None:
    """Replaces exactly this cycle's outcomes, read-out and response, and its report.

    Before the settle date only the looks that were registered are let pass: they go to `readout_looks`.
    """
    settles_on = r.calendar.settle_on(r.cycle)
    if r.as_of is not None and r.as_of < settles_on:
        look(r, r.as_of)
        return
    registered = plan_registration.row(r)
    if registered is None or not has_campaign(r):
        r.say(f"    no campaign was run in {r.region} in {r.cycle}: there is nothing to read out", NOTICE)
        return
    require_ingested(r, settles_on)
    planned = plan_registration.under_the_plan(r, experiment.registration_check.read(registered))
    r = planned.run
    write_outcomes(r, experiment.window_of(planned.plan))
    months = evidence_months.draws_until(r)
    plans = releases.newest(r, derived.WAVE_PLAN, F.col("cycle").isin(*{*months, str(r.cycle)}))
    drawn = records(experiment.draw_counts(plans))
    contacts, waves = _contacts(r)
    found, whole = _read_out(r, planned.plan, drawn, waves)
    response = _learn_response(r, months, drawn)
    _tell(r, found, response)
    first_screen = month_report.write(planned, found, response=response, contacts=contacts, whole=whole)
    r.say(f"\n{first_screen.text()}\nReport: {r.reports}/{r.cycle}/{month_report.PAGE}")


def _read_out(
    r: Run, plan: experiment.PlanText, drawn: Rows, waves: list[experiment.Checked]
) -> tuple[experiment.Answers, experiment.Totals]:
    """Writes the month's answers; returns them, and the sums over all users of `arms`."""
    outcomes, scores = of_cycle(r, derived.OUTCOMES), of_cycle(r, derived.SCORES)
    specs, groups = summed(r, outcomes, experiment.window_of(plan))
    shares = {metric.name: metric.outcome for metric in specs.shares}
    features, rule_order = of_cycle(r, derived.FEATURES), r.settings.campaign.arms.rule_order
    has_lift = r.settings.model.lift.is_learnt and not scores.where(F.col("lift_active").isNotNull()).isEmpty()
    rankings = experiment.rankings(scores, features, rule_order=rule_order, has_lift=has_lift)
    found = experiment.answers(
        groups,
        cycle=r.cycle,
        design=experiment.design_of(plan, registered=evidence_months.registered(r)),
        settings=r.settings.experiment,
        specs=specs,
        known_on=r.calendar.settle_on(r.cycle + 1),
        decile_rows=records(experiment.deciles(outcomes, of_cycle(r, derived.ARMS), rankings, metrics=shares)),
        further=[*waves, *_grants(r), *experiment.draws(_of(drawn, r), srm_p=r.settings.experiment.srm_p)],
        budget_share=r.settings.campaign.arms.selected_share,
    )
    r.write_together((table, r.rows(table, rows), {}) for table, rows in found.tables)
    return found, experiment.total(groups)


def _of(rows: Rows, r: Run) -> Rows:
    """The rows of the run's cycle."""
    return [row for row in rows if row["cycle"] == str(r.cycle)]


def _contacts(r: Run) -> tuple[Rows, list[experiment.Checked]]:
    """The cycle's contacts, counted by what became of them, and the checks of its waves."""
    files = read_sent(r.spark, r.exports, [str(r.cycle)])
    contacts = r.read_present([canonical.CONTACTS]).get("contacts")
    contacts = None if contacts is None else releases.receipts_of_others(r, contacts, are_others=False)
    released, outcomes = releases.contacts(r, F.col("cycle") == str(r.cycle)), of_cycle(r, derived.OUTCOMES)
    counts = experiment.wave_counts(released, contacts, files, cycle=r.cycle, calendar=r.calendar, outcomes=outcomes)
    rows = records(counts)
    return rows, list(experiment.waves(rows, has_files=files is not None))


def _grants(r: Run) -> list[experiment.Checked]:
    """Whether benefits of the campaign were redeemed by those to whom they were granted, last month or this one."""
    events, benefits = r.read_present([canonical.BENEFIT_EVENTS]).get("benefit_events"), offered(r)
    if events is None or not benefits:
        return []
    released = releases.contacts(r, F.col("cycle").isin(str(r.cycle - 1), str(r.cycle)))
    when: dict[str, Any] = {"cycle": r.cycle, "calendar": r.calendar}
    return list(experiment.grants(records(experiment.redeemed_by_grant(events, released, benefits=benefits, **when))))


def _learn_response(r: Run, months: list[str], drawn: Rows) -> Rows:
    """Replaces exactly this cycle's rows of `response`. drawn: counts of draws, of these months and perhaps others."""
    outcomes, tiers = evidence_months.tables(r, months, derived.OUTCOMES, derived.TIERS_TABLE)
    ledger = releases.ledger(r)
    plans = releases.newest(r, derived.WAVE_PLAN, F.col("cycle").isin(*months), known=ledger)
    left_out = learnt_options.left_out(r, ledger, [row for row in drawn if row["cycle"] in months])
    for (cycle, _), says in sorted(left_out.items()):
        r.say(f"    {cycle}, {says}", NOTICE)
    of: dict[str, Any] = {"outcomes": outcomes, "tiers": tiers, "salt": r.salt("draw_halves"), "leave_out": left_out}
    sums = records(experiment.exploration(plans, **of))
    rows = experiment.response(sums, cycle=r.cycle, months=len(months), settings=r.settings.experiment)
    r.write(derived.RESPONSE, r.rows(derived.RESPONSE, rows))
    return rows


def _tell(r: Run, found: experiment.Answers, response: Rows) -> None:
    """The month's tables, for who watches the terminal."""
    means, is_now = r.settings.experiment.means, F.col("cycle") == str(r.cycle)
    shown = {
        "Tiers": records(report.tier_sizes(of_cycle(r, derived.TIERS_TABLE), of_cycle(r, derived.ARMS))),
        "Waves": records(report.wave_fills(releases.newest(r, derived.WAVE_PLAN, is_now))),
        "Read-out, differences in points": experiment.briefs(found.readout, means=means),
        "What each option did, from exploration alone": [
            {name: value for name, value in row.items() if not name.endswith(derived.HALVES)} for row in response
        ],
    }
    for title, rows in shown.items():
        r.show(f"{title} ({r.cycle})", rows)
    cannot = experiment.cannot_see(found.readout)
    r.say("\n".join([f"\nWhat {r.cycle} cannot tell", *(f"  {line}" for line in cannot)]))
