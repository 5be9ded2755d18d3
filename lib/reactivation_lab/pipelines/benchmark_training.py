"""Train at any size on a built bank's rows, repeated under new users, to measure the cost."""

from argparse import ArgumentParser

from pyspark.sql import functions as F

from reactivation.contracts import canonical, derived, flow
from reactivation.contracts.table import Table
from reactivation.frames import records
from reactivation.pipelines import train_models
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store
from reactivation_lab import bank, benchmarks
from reactivation_lab.benchmarks import copies
from reactivation_lab.measurement import meter
from reactivation_lab.measurement.records import append_record


def add_arguments(parser: ArgumentParser) -> None:
    """Which bank, and how often."""
    parser.add_argument("--source", required=True, metavar="ROOT", help="root of the bank: `make benchmark` made it")
    parser.add_argument("--copies", type=int, required=True, help="how often each of its users is there")


def run(r: Run) -> None:
    """Rows that are there already are used again; each call trains anew and adds its record."""
    simulated = bank.required(r.settings.sandbox, region=r.region)
    source = Store(r.spark, r.resolve(r.args.source), writer=r.step.job)
    for table in (derived.LABELS, derived.FEATURES, canonical.CONTACTS):
        if not r.has(table):
            _repeat(r, source, table)
    with meter.measured(r.spark) as cost:
        train_models.run(r.at(flow.TRAIN, force=True))
    record = benchmarks.Record(
        kind="training",
        users=simulated.users * r.args.copies,
        months=simulated.history_months,
        cycle=str(r.cycle),
        part="month",
        job=flow.TRAIN.job,
        rows=r.read(derived.FEATURES).count(),
        cost=benchmarks.Cost.model_validate(cost.as_record()),
        settings_hash=r.settings_hash,
        **meter.surroundings(r.spark, r.root),
    )
    append_record(f"{r.root}/benchmark.jsonl", record)
    r.say(f"    {cost.seconds:.1f} s; {benchmarks.in_brief(record)}\n\nRecords: {r.root}/benchmark.jsonl")


def _repeat(r: Run, source: Store, table: Table) -> None:
    """Write a table of the larger bank: months before the cycle, of features those alone that have labels."""
    by, keys = table.partition_by[0], ("contact_id",) if table == canonical.CONTACTS else ()
    of = r.read(derived.LABELS) if table == derived.FEATURES else source.read(table)
    parts = [part for part in (row[by] for row in records(of.select(by).distinct())) if part < str(r.cycle)]
    rows = source.read(table).where(F.col(by).isin(parts))
    r.write_together([(table, copies.repeated(rows, copies=r.args.copies, keys=keys), {by: parts})])
