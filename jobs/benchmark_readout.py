"""Read out a made-up month of any size, some times over, beside the plain way of one query per contrast."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import month_groups
from pyspark.sql import DataFrame

from reactivation import benchmark, cli, experiment
from reactivation.benchmark import month, peer
from reactivation.frames import records
from reactivation.periods import Month, Window
from reactivation.runtime import meter, plans
from reactivation.runtime.bench import Bench
from reactivation.runtime.records import append_record
from reactivation.runtime.store import Store
from reactivation.tables import derived

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
    shares, picked = design._asdict(), arms.selected_share
    frames = month.tables(b.spark, users=b.args.users, cycle=str(CYCLE), picked=picked, shares=shares)
    for table, frame in frames:
        if not store.has(table):
            b.say(f"making {table.name}")
            store.replace(table, frame, {name: month.PARTS[name] or str(CYCLE) for name in table.partition_by})
    now = {table.name: store.read(table) for table, _ in frames}
    for repetition in range(1, b.args.times + 1):
        _once(b, now, design, repetition, place=store.place(derived.OUTCOMES))


def _once(b: Bench, now: Mapping[str, DataFrame], design: experiment.Design, repetition: int, *, place: str) -> None:
    settings, share = b.settings.experiment, b.settings.campaign.arms
    window = Window(min(b.settings.campaign.days_of(CYCLE).values()), CYCLE.window.end)
    columns = now["features"].columns + now["scores"].columns
    measured = experiment.Measured.of(settings, window=window, columns=columns)

    def sums() -> tuple[experiment.Group, ...]:
        frame = month_groups.sums(now, day=CYCLE.first, calendar=b.settings.calendar, measured=measured)
        plans.require_one_scan(frame, place)
        return experiment.groups(records(frame))

    def tenths() -> Rows:
        rankings = experiment.rankings(now["scores"], now["features"], rule_order=share.rule_order)
        return records(experiment.tenths(now["outcomes"], now["arms"], rankings, metrics=measured.rates))

    def answers() -> experiment.Answers:
        return experiment.answers(
            groups,
            cycle=CYCLE,
            design=design,
            settings=settings,
            measured=measured,
            known_on=b.settings.calendar.settle_on(CYCLE + 1),
            tenths_rows=cut,
            further=[],
            budget_share=share.selected_share,
        )

    def plain() -> None:
        outcomes = [measured.outcome(metric) for metric in measured.metrics]
        for contrast in experiment.CONTRASTS:
            sides = [(side.policies, side.is_selected, side.touches) for side in contrast.sides]
            peer.one_contrast(now["arms"], now["outcomes"], sides=sides, columns=outcomes).collect()

    groups, first = _measured(b, month.SUMS, repetition, sums)
    cut, second = _measured(b, month.TENTHS, repetition, tenths)
    found, third = _measured(b, month.ANSWERS, repetition, answers)
    _record(b, month.WHOLE, repetition, benchmark.together([first, second, third]))
    b.say(f"    {len(groups)} groups, {len(found.readout)} answers, {len(found.targeting)} of targeting")
    _measured(b, month.PEER, repetition, plain)


def _measured(b: Bench, way: str, repetition: int, work: Callable[[], T]) -> tuple[T, benchmark.Cost]:
    with meter.measured(b.spark) as counted:
        found = work()
    cost = benchmark.Cost.model_validate(counted.as_record())
    _record(b, way, repetition, cost)
    return found, cost


def _record(b: Bench, way: str, repetition: int, cost: benchmark.Cost) -> None:
    record = benchmark.Record(
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
    b.say(f"[{repetition}] {way}: {cost.seconds:.1f} s; {benchmark.in_brief(record)}")


if __name__ == "__main__":
    cli.main_alone(run, arguments=add_arguments)
