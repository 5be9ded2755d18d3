"""A part of `read_out`: a registered look at the running month, from what is known on its day."""

from datetime import date

from reactivation import experiment, report
from reactivation.contracts import derived
from reactivation.pipelines import evidence_months, plan_registration
from reactivation.pipelines.readout_groups import has_campaign, summed
from reactivation.pipelines.readout_outcomes import known_outcomes
from reactivation.report import Chapter
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text
from reactivation.runtime.watermark import require_ingested


def look(r: Run, day: date) -> None:
    """Replaces exactly this look's rows of `readout_looks`, and its page; refuses on a day that was not registered."""
    plan = plan_registration.plan_if_any(r)
    due = experiment.due_look(plan, cycle=r.cycle, day=day, settles_on=r.calendar.settle_on(r.cycle))
    if plan is None or not has_campaign(r):
        r.say(f"    no campaign was run in {r.region} in {r.cycle}: there is nothing to look at")
        return
    require_ingested(r, day)
    planned = plan_registration.under_the_plan(r, plan, until=day)
    found = _answers(planned.run, planned.plan, due)
    rows = r.rows(derived.READOUT_LOOKS, experiment.look_rows(found.readout, due))
    r.write(derived.READOUT_LOOKS, rows, look_on=str(day))
    _tell(planned, found, due)


def _answers(r: Run, plan: experiment.PlanText, due: experiment.Look) -> experiment.Answers:
    specs, groups = summed(r, known_outcomes(r, due.window, known_before=due.on), due.window)
    return experiment.look_answers(
        groups,
        look=due,
        cycle=r.cycle,
        design=experiment.design_of(plan, registered=evidence_months.registered(r)),
        settings=r.settings.experiment,
        specs=specs,
        known_on=r.calendar.settle_on(r.cycle + 1),
    )


def _tell(planned: plan_registration.RegisteredRun, found: experiment.Answers, due: experiment.Look) -> None:
    r, now = planned.run, planned.run.settings.experiment
    told = experiment.chapters(found, metrics=r.settings.monitoring.report_metrics, settings=now)
    differences = experiment.briefs(found.readout, means=now.means)
    parts = experiment.parts_in_brief(found.readout, means=now.means)
    pages = [Chapter("Is it what was registered?", planned.told)]
    pages += [Chapter(part.title, part.sentences, note=part.reading) for part in told if part.sentences]
    tables = {"Until the look": differences, "Parts of the users, and weeks": parts, "All checks": found.checks}
    pages += [Chapter(title, rows=rows) for title, rows in tables.items()]
    page = report.render(f"{r.region}, {r.scenario}, {r.cycle}: {due.title}", pages)
    place = f"{r.reports}/{r.cycle}/look_{due.on}"
    for name, text in (("html", page.html), ("txt", page.text)):
        write_text(r.spark, f"{place}.{name}", text)
    r.show(due.title, differences)
    r.say(f"\nReport: {place}.html")
