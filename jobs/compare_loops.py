"""Sandbox only: does learning pay? The same months of the same banks, learning and frozen, held against their truth."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import run_cycle
from pyspark.sql import functions as F

import reactivation
from reactivation import cli, flow, sandbox
from reactivation.benchmark import loops
from reactivation.frames import records
from reactivation.monitoring import loop as loop_report
from reactivation.runtime.files import remove
from reactivation.runtime.records import append_record, read_records
from reactivation.runtime.run import Run
from reactivation.sandbox import tables
from reactivation.tables import derived


def add_arguments(parser: ArgumentParser) -> None:
    """Which banks, and how far."""
    run_cycle.add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=10, help="banks (default: 10)")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first bank (default: 0)")
    parser.add_argument("--keep", action="store_true", help="leave the tables of each bank where they are")


def run(r: Run) -> None:
    """Adds to `loops.jsonl` under the root as each loop ends; a loop that stands there is not run again."""
    sandbox.required(r.settings.sandbox, region=r.region)
    file = f"{r.root}/loops.jsonl"
    there = read_records([file], loops.LoopMonth) if Path(file).is_file() else []
    for seed in range(r.args.first_seed, r.args.first_seed + r.args.seeds):
        for loop in loops.LOOPS:
            if not any((record.seed, record.loop) == (seed, loop) for record in there):
                r.say(f"\n== bank {seed}, {loop} ==")
                there += _whole(r, seed, loop, file)
    for name, paired in loops.compared(there, after=str(r.cycle)).items():
        r.show(f"Users moved in truth per 1 000 of spend; {name}", [paired._asdict()])


def _whole(r: Run, seed: int, loop: loops.Loop, file: str) -> list[loops.LoopMonth]:
    root = f"{r.root}/seed-{seed}-{loop}"
    sets = [*r.args.set, f"sandbox.seed={seed}", f"paths.root={root}"]
    if loop == "frozen":
        sets.append(f"campaign.learning.frozen_after={r.calendar.newest_settled(r.cycle.first)}")
    own = cli.open_run(Namespace(**{**vars(r.args), "set": sets}), step=flow.RUN_CYCLE)
    run_cycle.run(own)
    found = _months(own.at(flow.LOOP), seed, loop)
    for record in found:
        append_record(file, record)
    if not r.args.keep:
        remove(r.spark, [root])
    return found


def _months(r: Run, seed: int, loop: loops.Loop) -> list[loops.LoopMonth]:
    metric, bank = r.settings.experiment.primary_metric, sandbox.required(r.settings.sandbox, region=r.region)
    is_auc = (F.col("model") == "active") & (F.col("population") == "untouched") & (F.col("metric") == "auc")
    return loops.months(
        records(loop_report.spending(r.read(derived.OUTCOMES), r.read(derived.ARMS), of_all=True)),
        records(r.read(tables.TRUTH_EFFECTS, F.col("metric") == metric)),
        records(r.read(derived.SCORE_EVALUATION, is_auc)),
        seed=seed,
        bank_users=bank.users,
        loop=loop,
        settings_hash=r.settings_hash,
        code_version=reactivation.__version__,
    )


if __name__ == "__main__":
    cli.main(run, __file__, arguments=add_arguments)
