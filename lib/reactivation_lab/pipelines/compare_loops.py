"""Compare learning with frozen loops over the same months of the same simulated banks, by their truth."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import functions as F

import reactivation
from reactivation import cli
from reactivation.contracts import derived, flow
from reactivation.errors import Finding, SettingsError
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import run_cycle
from reactivation.report import loop as loop_report
from reactivation.runtime.files import copy_whole, remove
from reactivation.runtime.run import Run
from reactivation_lab import bank, steps
from reactivation_lab.bank import tables
from reactivation_lab.benchmarks import loops
from reactivation_lab.hook import HOOK
from reactivation_lab.measurement.records import append_record, read_records


def add_arguments(parser: ArgumentParser) -> None:
    """Which banks, and how far."""
    run_cycle.add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=10, help="banks (default: 10)")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first bank (default: 0)")
    parser.add_argument("--keep", action="store_true", help="leave the tables of each bank where they are")


def run(r: Run) -> None:
    """Adds to `loops.jsonl` under the root as each loop ends; a loop that stands there is not run again.

    Until the first of its own months has settled, a bank's two loops are the same: these months are lived once. What
    the frozen loop goes by is all that was known before the programme began.
    """
    bank.required(r.settings.sandbox, region=r.region)
    last = run_cycle.last_cycle(r)
    parting = loops.parting(r.cycle, calendar=r.calendar)
    if last < parting:
        advice = f"{r.cycle} teaches {parting} first: name that month or a later one"
        raise SettingsError("nothing could be learnt yet", [Finding("through", str(last), advice)])
    file = f"{r.root}/loops.jsonl"
    for seed in range(r.args.first_seed, r.args.first_seed + r.args.seeds):
        ended = {record.loop for record in _recorded(file) if record.seed == seed}
        if missing := [loop for loop in loops.LOOPS if loop not in ended]:
            _bank(r, seed, missing, parting=parting, last=last, file=file)
    found = loops.compared(_recorded(file))
    r.show("Users moved in truth, and how well they were foreseen", [paired._asdict() for paired in found])


def _recorded(file: str) -> list[loops.LoopMonth]:
    return read_records([file], loops.LoopMonth) if Path(file).is_file() else []


def _bank(r: Run, seed: int, missing: Sequence[loops.Loop], *, parting: Month, last: Month, file: str) -> None:
    learning, frozen = (f"{r.root}/seed-{seed}-{loop}" for loop in loops.LOOPS)
    own = {
        "learning": opened(r, seed, learning),
        "frozen": opened(r, seed, frozen, f"campaign.learning.frozen_after={r.cycle - 1}"),
    }
    r.say(f"\n== bank {seed}, until {parting} ==")
    run_cycle.run_months(own["learning"], r.cycle.through(parting - 1), hook=HOOK)
    copy_whole(r.spark, learning, frozen)
    for loop in missing:
        r.say(f"\n== bank {seed}, {loop} from {parting} ==")
        run_cycle.run_months(own[loop], parting.through(last), hook=HOOK)
        for record in _months(own[loop].at(steps.LOOP_WITH_TRUTH), seed, loop, since=parting):
            append_record(file, record)
    if not r.args.keep:
        remove(r.spark, [learning, frozen])  # together: the copy's registry knows models in the first one's folder


def opened(r: Run, seed: int, root: str, *sets: str) -> Run:
    """A run on the bank of a seed, under a root of its own. sets: further settings, as `--set` takes them."""
    chosen = [*r.args.set, f"sandbox.seed={seed}", f"paths.root={root}", *sets]
    return cli.open_run(Namespace(**{**vars(r.args), "set": chosen}), step=flow.RUN_CYCLE)


def _months(r: Run, seed: int, loop: loops.Loop, *, since: Month) -> list[loops.LoopMonth]:
    metric, simulated = r.settings.experiment.primary_metric, bank.required(r.settings.sandbox, region=r.region)
    is_auc = (F.col("model") == "active") & (F.col("population") == "untouched") & (F.col("metric") == "auc")
    return loops.months(
        records(loop_report.spending(r.read(derived.OUTCOMES), r.read(derived.ARMS), of_all=True)),
        records(r.read(tables.TRUTH_EFFECTS, F.col("metric") == metric)),
        records(r.read(derived.SCORE_EVALUATION, is_auc)),
        since=since,
        seed=seed,
        bank_users=simulated.users,
        loop=loop,
        settings_hash=r.settings_hash,
        code_version=reactivation.__version__,
    )
