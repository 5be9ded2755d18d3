"""Run all jobs of a cycle, or of several, that are due, in order, in one Spark session; what is done is skipped."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial, wraps
from typing import Any

from reactivation import campaign, schedule
from reactivation.contracts import flow
from reactivation.errors import Finding, SettingsError, nearest
from reactivation.periods import Month
from reactivation.pipelines import (
    assign_tiers,
    build_features,
    evaluate_scores,
    ingest_sources,
    month_screen,
    plan_wave,
    read_out,
    release_wave,
    releases,
    rows_taken,
    score_users,
    train_models,
)
from reactivation.runtime import job_line
from reactivation.runtime.console import DETAIL, NOTICE
from reactivation.runtime.run import Job, Run
from reactivation.schedule import Due

Around = Callable[[Run, Due], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Hook:
    """What runs before each day on which something is due: a simulated bank lives up to that day.

    step: its job, and the tables that the job reads and writes. run: the job. check: refuses settings it cannot use.
    """

    step: flow.Step
    run: Job
    check: Callable[[Run], object]


JOBS: dict[str, Job] = {
    "ingest_sources": ingest_sources.run,
    "build_features": build_features.run,
    "train_models": train_models.run,
    "score_users": score_users.run,
    "assign_tiers": assign_tiers.run,
    "plan_wave": plan_wave.run,
    "release_wave": release_wave.run,
    "evaluate_scores": evaluate_scores.run,
    "read_out": read_out.run,
}


def add_arguments(parser: ArgumentParser) -> None:
    """How far to go."""
    parser.add_argument("--through", metavar="YYYY-MM", help="last of several cycles (default: `--cycle` alone)")
    parser.add_argument(
        "--skip", nargs="+", default=[], metavar="WAVE", help="waves of the cycle to leave out, for good"
    )
    parser.add_argument("--reason", help="why they are left out")
    parser.add_argument("--open", action="store_true", help="open the month's report in a browser")


def no_hook() -> Hook | None:
    """Nothing runs before a due day."""
    return None


def with_hook(load: Callable[[], Hook | None]) -> Job:
    """`run` with a hook, which is loaded only where conf has a simulated bank."""
    return wraps(run)(lambda r: run(r, load))


def run(r: Run, load_hook: Callable[[], Hook | None] = no_hook) -> None:
    """Execute what is due at `--as-of`, so that a later call continues.

    A simulated bank lives up to the settle date by itself; of a real one somebody says until when its rows are there.
    """
    hook = required_hook(r, load_hook)
    if r.as_of is None and hook is None:
        advice = "name the day until which the bank's rows are there: waves planned without them would see nobody"
        raise SettingsError("until when?", [Finding("missing", "--as-of", advice)])
    run_months(r, cycles(r), hook=hook, leave_out_waves=waves_to_leave_out(r))
    month_screen.show(r, cycles(r), opens=r.args.open)


def last_cycle(r: Run) -> Month:
    """The last of the cycles that were asked for; SettingsError where it lies before the first."""
    last = Month.parse(r.args.through) if r.args.through else r.cycle
    if last < r.cycle:
        raise SettingsError("nothing to run", [Finding("through", str(last), f"lies before cycle {r.cycle}")])
    return last


def cycles(r: Run) -> list[Month]:
    """The cycles that were asked for, the first and the last included."""
    return r.cycle.through(last_cycle(r))


def waves_to_leave_out(r: Run) -> tuple[str, ...]:
    """The waves of `--skip`; SettingsError where one is unknown, where no reason is given, or for several cycles."""
    wanted, waves = tuple(r.args.skip), r.settings.campaign.waves
    findings = [Finding("unknown", f"--skip {w}", nearest(w, waves)) for w in wanted if w not in waves]
    if wanted and not r.args.reason:
        findings.append(Finding("missing", "--reason", "say why they are left out: the read-out tells it"))
    if wanted and last_cycle(r) != r.cycle:
        findings.append(Finding("of which cycle?", "--skip", "name the cycle alone, without --through"))
    if findings:
        raise SettingsError("no wave is left out", findings)
    return wanted


def required_hook(r: Run, load: Callable[[], Hook | None]) -> Hook | None:
    """The hook where conf has a simulated bank, else None; SettingsError where that bank's library is not installed."""
    if r.settings.sandbox is None:
        return None
    hook = load()
    if hook is None:
        advice = "install `reactivation_lab` beside `reactivation` (its zip or checkout), or set sandbox: null"
        raise SettingsError("the simulated bank is not installed", [Finding("sandbox", f"region {r.region}", advice)])
    hook.check(r)
    return hook


def is_done(due: Due, done: Collection[tuple[str, str | None, date | None]]) -> bool:
    """True for what nobody has to run: a wave planned or released on any day, an ingest up to a later day.

    done: see `Run.done`. A job that somebody ran by itself may have no day there. What an ingest took may no longer be
    all there is: see `rows_taken.differences`.
    """
    if due.job in (flow.PLAN.job, flow.RELEASE.job):
        return any((job, wave) == (due.job, due.wave) for job, wave, _ in done)
    if due.job == flow.INGEST.job:
        return any(job == due.job and as_of is not None and due.as_of <= as_of for job, _, as_of in done)
    return due.key in done


def job_of(due: Due, hook: Hook | None) -> tuple[flow.Step, Job]:
    """The step and the function of a job that is due; the hook's job is none of `JOBS`."""
    if hook is not None and due.job == hook.step.job:
        return hook.step, hook.run
    return flow.BY_JOB[due.job], JOBS[due.job]


def without_hook(_: Run, __: Due) -> AbstractContextManager[Any]:
    """Nothing is done around a job."""
    return nullcontext()


def run_months(
    r: Run,
    months: Sequence[Month],
    *,
    hook: Hook | None,
    before: Sequence[Due] = (),
    around: Around = without_hook,
    leave_out: Collection[str] = (),
    leave_out_waves: Collection[str] = (),
) -> None:
    """Execute what is due of several cycles, in the order of their days.

    before: jobs to run before those of the first cycle; one that is among them as well runs once. around: makes the
    context in which each job runs. leave_out: jobs that are not run. leave_out_waves: waves that are noted as skipped.
    """
    runs = {month: r.at(r.step, cycle=month) for month in months}
    of_cycles = [(month, of_cycle(run, hook)) for month, run in runs.items()]
    due_days = schedule.in_order([(months[0], before), *of_cycles])
    jobs = [(month, due) for month, due in due_days if due.job not in leave_out]
    until = r.as_of or r.calendar.settle_on(months[-1])
    done = {month: set() if r.force else run.done() for month, run in runs.items()}
    known = releases.ledger(r)
    skipped = {month: known.skipped(cycle=str(month)) for month in months}
    reason = getattr(r.args, "reason", None)
    pace, already = job_line.Pace([due.job for _, due in jobs if due.as_of <= until]), 0
    for number, (month, due) in enumerate(jobs, start=1):
        title = f"[{month} {number:>2}/{len(jobs)}] {due.job}{f' {due.wave}' if due.wave else ''} as of {due.as_of}"
        if due.as_of > until:
            r.say(f"{title}: not due before {until}; call again then")
            break
        changed: list[str] = []
        if is_done(due, done[month]):
            changed = rows_taken.differences(runs[month], due.as_of) if due.job == flow.INGEST.job else []
            if not changed:
                r.say(f"{title}: done already", DETAIL)
                pace.note(number - 1, 0.0)
                already += 1
                continue
        if (why := kept(runs[month], due, skipped[month])) is not None:
            r.say(f"{title}: {why}")
            pace.note(number - 1, 0.0)
            continue
        is_skipped = due.wave in leave_out_waves
        if hook is None and schedule.missed(due, until) and not is_skipped:
            own = [one for cycle, one in jobs[number - 1 :] if cycle == month and one.wave not in leave_out_waves]
            raise campaign.wave_days.missed(
                {o.wave: o.as_of for o in own if o.wave and schedule.missed(o, until) and not is_done(o, done[month])},
                cycle=month,
                calendar=r.calendar,
                today=until,
            )
        started = time.monotonic()
        step, job = job_of(due, hook)
        child = runs[month].at(step, as_of=due.as_of, wave=due.wave, args=Namespace(skip=is_skipped, reason=reason))
        skipped[month] |= {due.wave} if is_skipped and due.wave else set()
        left = partial(pace.left, number - 1)
        with job_line.running(title, child, left=left):
            for what in changed:
                r.say(f"    done before, but {what}", NOTICE)
            with around(child, due), child.own_queries():
                job(child)
            child.finish()
        pace.note(number - 1, time.monotonic() - started)
    if already:
        r.say(f"{already} of {len(jobs)} jobs: done already")


def of_cycle(r: Run, hook: Hook | None) -> tuple[Due, ...]:
    """The jobs of the run's cycle, by its settings."""
    return schedule.of_cycle(
        r.cycle,
        calendar=r.calendar,
        waves=r.settings.campaign.planned_on(r.cycle, r.calendar),
        looks=r.settings.experiment.look_days(r.cycle),
        before_each_day=[hook.step.job] if hook else [],
    )


def kept(r: Run, due: Due, skipped: Collection[str] = ()) -> str | None:
    """Why a wave's job is not for this command, in words; None for all others."""
    if due.wave is None:
        return None
    if due.wave in skipped:
        return "left out of this cycle"
    if r.force and releases.ledger(r).released(cycle=str(r.cycle), wave=due.wave) is not None:
        return "released, so it stays as it is; a further version: jobs/plan_wave.py --force --reason …"
    if due.job == flow.RELEASE.job and not r.settings.campaign.release.automatic:
        return f"not by this command (campaign.release.automatic): jobs/release_wave.py --wave {due.wave}"
    return None
