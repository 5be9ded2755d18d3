"""One parser for all jobs, and the exit codes: 0 done, 2 a user's mistake told in words, 1 anything else."""

import argparse
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from reactivation import flow
from reactivation.errors import Finding, ReactivationError, SettingsError
from reactivation.periods import Month
from reactivation.runtime import console
from reactivation.runtime.run import Run
from reactivation.runtime.session import start
from reactivation.settings import load

Job = Callable[[Run], None]


def main(job: Job, file: str, *, arguments: Callable[[ArgumentParser], None] | None = None) -> None:
    """Run a job file from the command line and leave the interpreter with its exit code.

    file: the job's `__file__`; its name finds the step in `flow`. arguments: declares what the job takes beside the
    common arguments; the job finds it in `r.args`.
    """
    sys.exit(execute(job, file, sys.argv[1:], arguments=arguments))


def execute(
    job: Job, file: str, argv: Sequence[str], *, arguments: Callable[[ArgumentParser], None] | None = None
) -> int:
    """Run a job with a command line's arguments and return its exit code."""
    name = Path(file).stem
    args = parser(name, job.__doc__ or sys.modules[job.__module__].__doc__ or "", arguments).parse_args(argv)
    try:
        run = open_run(args, step=step_of(name))
        job(run)
        run.finish()
    except ReactivationError as error:
        console.complain(f"{type(error).__name__}: {error}")
        return error.exit_code
    except Exception:
        console.complain(traceback.format_exc())
        return 1
    return 0


def parser(name: str, text: str, arguments: Callable[[ArgumentParser], None] | None = None) -> ArgumentParser:
    """The arguments that every job takes."""
    result = ArgumentParser(prog=f"{name}.py", description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--env", default="local", help="file in conf/envs (default: local)")
    result.add_argument("--region", default="sandbox", help="file in conf/regions (default: sandbox)")
    result.add_argument("--scenario", default="mobile_activity", help="file in conf/scenarios")
    result.add_argument("--cycle", required=True, metavar="YYYY-MM", help="calendar month of the programme")
    result.add_argument("--as-of", metavar="YYYY-MM-DD", help="day the job runs as of (00:00 in the region)")
    result.add_argument("--wave", help="wave of the campaign, for jobs that plan one")
    result.add_argument("--conf-dir", default="conf", help="folder with base, scenarios, regions and envs")
    result.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="override one setting")
    result.add_argument("--force", action="store_true", help="do again what is done already")
    if arguments is not None:
        arguments(result)
    return result


def open_run(args: Namespace, *, step: flow.Step) -> Run:
    """Load the settings, start the session, and hand both to a job."""
    cycle = Month.parse(args.cycle)
    conf_dir = Path(args.conf_dir).resolve()
    loaded = load(conf_dir, env=args.env, region=args.region, scenario=args.scenario, overrides=args.set)
    return Run(
        spark=start(loaded.settings.runtime.spark),
        loaded=loaded,
        step=step,
        env=args.env,
        region=args.region,
        scenario=args.scenario,
        cycle=cycle,
        project=conf_dir.parent,
        as_of=parse_day(args.as_of) if args.as_of else None,
        wave=args.wave,
        force=args.force,
        args=args,
    )


def parse_day(text: str) -> date:
    """Read `YYYY-MM-DD`; anything else raises SettingsError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        advice = "write a day as YYYY-MM-DD, for example 2026-06-12"
        raise SettingsError(f"`{text}` is not a day", [Finding("as-of", text, advice)]) from None


def step_of(name: str) -> flow.Step:
    """The step of a job file."""
    return flow.BY_JOB[name]
