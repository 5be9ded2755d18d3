"""One parser for all jobs, and the exit codes: 0 done, 2 a user's mistake, 1 anything else."""

import argparse
import inspect
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from reactivation import __version__, argument_types
from reactivation.contracts import flow
from reactivation.errors import Finding, ReactivationError, RowsLost, SettingsError
from reactivation.frames import lost_rows
from reactivation.periods import Month
from reactivation.runtime import console, job_line
from reactivation.runtime.run import Job, Run
from reactivation.runtime.session import is_of_this_machine, start
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import is_catalog_schema
from reactivation.settings import load

LoneJob = Callable[[Bench], None]
Arguments = Callable[[ArgumentParser], None]


def main(job: Job, *, arguments: Arguments | None = None, step: flow.Step | None = None) -> None:
    """Run a job from the command line; leave the interpreter where it failed, with its exit code.

    The file in which the job stands gives its name, and so its step in `flow`. Databricks runs a file inside a process
    of its own: there is no `__file__`, and where all went well nothing is raised that could be taken for a failure.
    arguments: declares what the job takes beside the common arguments; the job finds it in `r.args`. step: what the job
    may read and write, where `flow` does not list it.
    """
    _leave(execute(job, inspect.getfile(job), sys.argv[1:], arguments=arguments, step=step))


def main_alone(job: LoneJob, *, arguments: Arguments | None = None, refuses_absent: bool = True) -> None:
    """The same for a job that stands outside the cycle and the flow: no `--cycle`, no tables of the programme.

    refuses_absent: see `settings.load`.
    """
    _leave(execute_alone(job, inspect.getfile(job), sys.argv[1:], arguments=arguments, refuses_absent=refuses_absent))


def execute(
    job: Job,
    file: str,
    argv: Sequence[str],
    *,
    arguments: Arguments | None = None,
    step: flow.Step | None = None,
) -> int:
    """Run a job with a command line's arguments and return its exit code."""
    name = Path(file).stem
    args = parser(name, _text_of(job), arguments).parse_args(argv)

    log: Path | None = None
    with ExitStack() as logged:

        def work() -> None:
            nonlocal log
            logged.close()  # of a first attempt
            run = open_run(args, step=step or flow.BY_JOB[name])
            log = log_file(run)
            logged.enter_context(console.logged(log, verbose=args.verbose, head=_head(run)))
            with _line(run):
                with run.own_queries():
                    job(run)
                run.finish()

        code = _exit_code(work)
        if code == 1 and log is not None:
            console.say(f"All that was said before: {log}", console.NOTICE)
        return code


def execute_alone(
    job: LoneJob,
    file: str,
    argv: Sequence[str],
    *,
    arguments: Arguments | None = None,
    refuses_absent: bool = True,
) -> int:
    """Run a job outside the cycle and return its exit code; conf is `--conf-dir`, else that of the checkout."""
    args = parser(Path(file).stem, _text_of(job), arguments, has_cycle=False).parse_args(argv)
    conf_dir = Path(args.conf_dir)
    of_checkout = Path(__file__).resolve().parents[2] / "conf"

    def work() -> None:
        place = conf_dir if conf_dir.is_dir() or args.conf_dir != "conf" else of_checkout
        names = {"env": args.env, "region": args.region, "scenario": args.scenario}
        loaded = load(place, **names, overrides=args.set, refuses_absent=refuses_absent)
        job(
            Bench(
                loaded.settings,
                args,
                project=place.resolve().parent,
                settings_hash=loaded.hash,
                absent=loaded.absent,
                overruled=loaded.overruled,
            )
        )

    return _exit_code(work)


def parser(name: str, text: str, arguments: Arguments | None = None, *, has_cycle: bool = True) -> ArgumentParser:
    """The arguments that every job takes; those of the cycle only where it has one."""
    result = ArgumentParser(prog=f"{name}.py", description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--env", default="local", help="file in conf/envs (default: local)")
    result.add_argument("--region", default="sandbox", help="file in conf/regions (default: sandbox)")
    result.add_argument("--scenario", default="mobile_activity", help="file in conf/scenarios")
    if has_cycle:
        result.add_argument("--cycle", required=True, metavar="YYYY-MM", help="calendar month of the programme")
        result.add_argument("--as-of", metavar="YYYY-MM-DD", help="day the job runs as of (00:00 in the region)")
        result.add_argument("--wave", help="wave of the campaign, for jobs that plan one")
        result.add_argument("--force", action="store_true", help="do again what is done already")
        result.add_argument("--verbose", action="store_true", help="print all that the log of the job keeps")
    result.add_argument("--conf-dir", default="conf", help="folder with base, scenarios, regions and envs")
    result.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="override one setting")
    if arguments is not None:
        arguments(result)
    return result


def open_run(args: Namespace, *, step: flow.Step) -> Run:
    """Load the settings, start the session, and hand both to a job.

    SettingsError tells all that is wrong with conf, month and day, before a session is started.
    """
    conf_dir, misread = Path(args.conf_dir).resolve(), _misread(args)
    try:
        loaded = load(conf_dir, env=args.env, region=args.region, scenario=args.scenario, overrides=args.set)
    except SettingsError as error:
        raise _together([*misread, error]) from None
    if misread:
        raise _together(misread)
    with job_line.waiting("Starting Spark"):
        spark = start(loaded.settings.runtime.spark)
    return Run(
        spark=spark,
        loaded=loaded,
        step=step,
        env=args.env,
        region=args.region,
        scenario=args.scenario,
        cycle=Month.parse(args.cycle),
        project=conf_dir.parent,
        as_of=argument_types.day(args.as_of) if args.as_of else None,
        wave=args.wave,
        force=args.force,
        args=args,
    )


def _misread(args: Namespace) -> list[SettingsError]:
    """What is wrong with the month and the day of the command line."""
    found = []
    for read, text in ((Month.parse, args.cycle), (argument_types.day, args.as_of or None)):
        try:
            if text is not None:
                read(text)
        except SettingsError as error:
            found.append(error)
    return found


def _together(errors: Sequence[SettingsError]) -> SettingsError:
    findings = [finding for error in errors for finding in error.findings]
    return SettingsError("; ".join(error.headline for error in errors), findings)


def log_file(r: Run) -> Path | None:
    """Where all that a job says is kept: `<root>/logs/<cycle>/<job>.log`; None: the root is not on this machine."""
    if is_catalog_schema(r.root) or not is_of_this_machine(r.spark, r.root):
        return None
    return Path(r.root) / "logs" / str(r.cycle) / f"{r.step.job}.log"


def _head(r: Run) -> str:
    """The line under which a run's texts stand in its log."""
    of = f"{r.region}, {r.scenario}, {r.env}, {r.cycle}"
    when = "".join(f", {word} {value}" for word, value in (("wave", r.wave), ("as of", r.as_of)) if value)
    return f"{r.step.job} of {of}{when}; run {r.run_id}, settings {r.settings_hash[:12]}, code {__version__}"


def _line(r: Run) -> AbstractContextManager[None]:
    """The line of a job of the cycle; what runs several jobs shows a line for each of them."""
    if r.step not in flow.STEPS:
        return nullcontext()
    title = f"{r.step.job}{f' {r.wave}' if r.wave else ''} of {r.cycle}"
    return job_line.running(title, r)


def _leave(code: int) -> None:
    if code:
        sys.exit(code)


def _text_of(job: Callable[..., None]) -> str:
    return job.__doc__ or sys.modules[job.__module__].__doc__ or ""


def _exit_code(work: Callable[[], None]) -> int:
    try:
        _insist(work)
    except ReactivationError as error:
        console.complain(f"{type(error).__name__}: {error}")
        return error.exit_code
    except Exception:
        console.complain(traceback.format_exc())
        return 1
    return 0


def _insist(work: Callable[[], None]) -> None:
    """Do the work; where executors were lost with rows of it, do it once more from the start: every job may run again.

    RowsLost where that happens twice.
    """
    for is_last in (False, True):
        try:
            work()
            return
        except Exception as error:
            if not lost_rows(error):
                raise
            if is_last:
                advice = "look after the cluster's machines and memory, then run the same command again"
                raise RowsLost("executors were lost twice", [Finding("lost", "rows kept by them", advice)]) from error
            console.complain("An executor was lost with rows that this job needs: the job runs again from its start")
