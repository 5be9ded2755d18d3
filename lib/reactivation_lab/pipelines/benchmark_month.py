"""Run a cycle of a simulated bank of any size, its history month by month, and record what each job costs.

A part of it: up to `--as-of`, without the jobs of `--leave-out`; models may be those of another `model.tracking_uri`.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from reactivation.pipelines import run_cycle, vacuum_tables
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run
from reactivation.schedule import Due
from reactivation_lab import bank, benchmarks
from reactivation_lab.hook import HOOK
from reactivation_lab.measurement import meter
from reactivation_lab.measurement.records import append_record
from reactivation_lab.pipelines.vacuum_bank import bank_tables
from reactivation_lab.schedule import of_history


def add_arguments(parser: ArgumentParser) -> None:
    """What to do beside the cycle."""
    parser.add_argument("--vacuum", action="store_true", help="remove old Delta versions after each of its ingests")
    parser.add_argument("--leave-out", nargs="+", default=[], choices=sorted(run_cycle.JOBS), help="jobs not to run")


def run(r: Run) -> None:
    """What was done under the same settings is skipped: a call after an interruption goes on, and records add up."""
    simulated = bank.required(r.settings.sandbox, region=r.region)
    history = of_history(r.cycle, months=simulated.history_months)
    is_whole = not r.args.leave_out and r.as_of is None

    @contextmanager
    def around(child: Run, due: Due) -> Iterator[None]:
        with meter.measured(r.spark) as cost:
            yield
        record = benchmarks.Record(
            kind="month" if is_whole or due in history else "part",
            users=simulated.users,
            months=simulated.history_months,
            cycle=str(r.cycle),
            part="history" if due in history else "month",
            job=due.job,
            wave=due.wave,
            as_of=due.as_of,
            rows=child.rows_written,
            cost=benchmarks.Cost.model_validate(cost.as_record()),
            settings_hash=r.settings_hash,
            **meter.surroundings(r.spark, r.root),
        )
        append_record(f"{r.root}/benchmark.jsonl", record)
        r.say(f"    {benchmarks.in_brief(record)}", NOTICE)
        if r.args.vacuum and due not in history and due.job == "ingest_sources":
            vacuum_tables.tidy(r.store, keep_hours=0, force=True, more=bank_tables(r.store))

    run_cycle.run_months(r, [r.cycle], hook=HOOK, before=history, around=around, leave_out=r.args.leave_out)
    r.say(f"\nRecords: {r.root}/benchmark.jsonl")
