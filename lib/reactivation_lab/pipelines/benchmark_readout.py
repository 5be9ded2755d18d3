"""Read out a synthetic month of any size several times, and compare with one query per contrast."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pyspark.sql import DataFrame

from reactivation import experiment
from reactivation.contracts import derived
from reactivation.frames import records
from reactivation.periods import Month, Window
from reactivation.pipelines import readout_groups
from reactivation.runtime import plans
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import Store
from reactivation_lab import benchmarks
from reactivation_lab.benchmarks import plain_readout, synthetic_month
from reactivation_lab.measurement import meter
from reactivation_lab.measurement.records import append_record

T = TypeVar("T")
Rows = list[dict[str, Any]]
CYCLE = Month(2026, 5)


def add_arguments(parser: ArgumentParser) -> None:
    """How large, and how often."""
    parser.add_argument("--users", type=int, required=True, help="low-activity users of the month")
    parser.add_argument("--times", type=int, default=3, help="repetitions, whose median counts (default: 3)")


def run(b: Bench) -> None:
    """Tables that are there already are read again; each repetition adds its records."""
    arms = b.settings.campaign.arms
    design = experiment.Design(arms.cells, arms.holdout_share, arms.long_holdout_share)
    store = Store(b.spark, b.root, writer="benchmark_readout")
    drawn = {"cells": design.cells, "holdout": design.holdout, "long_holdout": design.long_holdout}
    frames = synthetic_month.tables(
        b.spark, users=b.args.users, cycle=str(CYCLE), picked=arms.selected_share, shares=drawn
    )
    for table, frame in frames:
        if not store.has(table):
            b.say(f"making {table.name}")
            store.replace(
                table, frame, {name: synthetic_month.PARTS[name] or str(CYCLE) for name in table.partition_by}
            )
    now = {table.name: store.read(table) for table, _ in frames}
    for repetition in range(1, b.args.times + 1):
        _once(b, now, design, repetition, place=store.place(derived.OUTCOMES))


def _once(b: Bench, now: Mapping[str, DataFrame], design: experiment.Design, repetition: int, *, place: str) -> None:
    settings, share = b.settings.experiment, b.settings.campaign.arms
    window = Window(min(b.settings.campaign.days_of(CYCLE, b.settings.calendar).values()), CYCLE.window.end)
    columns = now["features"].columns + now["scores"].columns
    specs = experiment.MetricSpecs.of(settings, window=window, columns=columns)

    shares = {metric.name: metric.outcome for metric in specs.shares}

    def sums() -> tuple[experiment.Group, ...]:
        frame = readout_groups.sums(now, day=CYCLE.first, calendar=b.settings.calendar, specs=specs)
        plans.require_one_scan(frame, place)
        return experiment.groups(records(frame))

    def deciles() -> Rows:
        rankings = experiment.rankings(now["scores"], now["features"], rule_order=share.rule_order)
        return records(experiment.deciles(now["outcomes"], now["arms"], rankings, metrics=shares))

    def answers() -> experiment.Answers:
        return experiment.answers(
            groups,
            cycle=CYCLE,
            design=design,
            settings=settings,
            specs=specs,
            known_on=b.settings.calendar.settle_on(CYCLE + 1),
            decile_rows=cut,
            further=[],
            budget_share=share.selected_share,
        )

    def plain() -> None:
        outcomes = [metric.outcome for metric in specs.compared]
        for contrast in experiment.among(design.cells):
            sides = [(side.policies, side.is_selected, side.touches) for side in contrast.sides]
            plain_readout.one_contrast(now["arms"], now["outcomes"], sides=sides, columns=outcomes).collect()

    groups, first = _measured(b, synthetic_month.SUMS, repetition, sums)
    cut, second = _measured(b, synthetic_month.TENTHS, repetition, deciles)
    found, third = _measured(b, synthetic_month.ANSWERS, repetition, answers)
    _record(b, synthetic_month.WHOLE, repetition, benchmarks.summed([first, second, third]))
    b.say(f"    {len(groups)} groups, {len(found.readout)} answers, {len(found.targeting)} of targeting")
    _measured(b, synthetic_month.PEER, repetition, plain)


def _measured(b: Bench, way: str, repetition: int, work: Callable[[], T]) -> tuple[T, benchmarks.Cost]:
    with meter.measured(b.spark) as counted:
        found = work()
    cost = benchmarks.Cost.model_validate(counted.as_record())
    _record(b, way, repetition, cost)
    return found, cost


def _record(b: Bench, way: str, repetition: int, cost: benchmarks.Cost) -> None:
    record = benchmarks.Record(
        kind="readout",
        users=b.args.users,
        months=0,
        cycle=str(CYCLE),
        part="month",
        job=way,
        repetition=repetition,
        rows=cost.input_rows,
        cost=cost,
        settings_hash=b.settings_hash,
        **meter.surroundings(b.spark, b.root),
    )
    append_record(f"{b.root}/benchmark.jsonl", record)
    b.say(f"[{repetition}] {way}: {cost.seconds:.1f} s; {benchmarks.in_brief(record)}")
