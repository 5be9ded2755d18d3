"""Simulate a month once for each policy as if it had all users, and find the best plan."""

from argparse import ArgumentParser
from typing import Any

from pyspark.sql import functions as F

from reactivation import campaign, schedule
from reactivation.contracts import canonical, derived, flow
from reactivation.contracts.derived import POLICIES
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.frames import records
from reactivation.pipelines import assign_tiers, releases, run_cycle
from reactivation.runtime.files import copy, remove
from reactivation.runtime.run import Run
from reactivation_lab import bank, steps
from reactivation_lab.bank import rollouts, tables
from reactivation_lab.comparisons import single_policy
from reactivation_lab.hook import HOOK

LIVED = ("simulate_bank", "ingest_sources", "plan_wave", "release_wave")
_WRITTEN_LATER = (derived.RUN_LOG, derived.MODEL_LEDGER)
CLONED = (*canonical.ALL, *(t for t in derived.ALL if t not in _WRITTEN_LATER), *tables.RAW, tables.TRUTH_SEGMENTS)


def add_arguments(parser: ArgumentParser) -> None:
    """What to leave behind."""
    parser.add_argument("--keep", action="store_true", help="leave the tables of each policy's month where they are")


def run(r: Run) -> None:
    """Replaces the cycle's rows of `truth_rollouts`. The cycle must be over, its Delta versions not vacuumed since.

    The month is lived again from the draw on, once for each policy, in tables of its own under `policies`: clones of
    what there was at the draw, with one cell for all contactable users, no holdout, and limits as large per head.
    """
    bank.required(r.settings.sandbox, region=r.region)
    if r.store.is_catalog:
        raise SettingsError("no folder", [Finding("catalog", r.root, "set paths.root to a folder for this job")])
    drawn_at = _drawn_at(r)
    found = {policy: _rolled_out(r, policy, drawn_at) for policy in POLICIES}
    rows = [*rollouts.rows(found, cycle=str(r.cycle)), *_best(r)]
    r.write(tables.TRUTH_ROLLOUTS, r.rows(tables.TRUTH_ROLLOUTS, rows))
    primary = r.settings.experiment.primary_metric
    r.show(f"Had one policy had all users: {primary}", [row for row in rows if row["metric"] == primary])


def _drawn_at(r: Run) -> int:
    last, is_now = r.finished_at(flow.ASSIGN), F.col("cycle") == str(r.cycle)
    if last is None or not r.has(tables.TRUTH_EFFECTS) or r.read(tables.TRUTH_EFFECTS, is_now).isEmpty():
        advice = f"run jobs/run_cycle.py --cycle {r.cycle} first"
        raise NotReady(f"cycle {r.cycle} has not been lived yet", [Finding("missing", "truth_effects", advice)])
    return last


def _rolled_out(r: Run, policy: str, drawn_at: int) -> rollouts.Rollout:
    root = f"{r.root}/policies/{r.cycle}-{policy}"
    remove(r.spark, [root])
    simulated = bank.required(r.settings.sandbox, region=r.region).model_copy(update={"options_share": 0.0})
    paths = r.settings.paths.model_copy(update={"root": root})
    own = r.under(
        paths=paths,
        sandbox=simulated.model_dump(mode="json", by_alias=True),
        campaign=single_policy.rolled_out(r.settings.campaign, policy),
    )
    r.say(f"\n== {r.cycle}, {policy} for all ==")
    for table in CLONED:
        own.store.clone(table, r.store, at_millis=drawn_at)
    for back in range(1, 4):
        copy(r.spark, f"{r.exports}/{r.cycle - back}", f"{own.exports}/{r.cycle - back}")
    _live(own)
    is_now, seen = F.col("cycle") == str(r.cycle), own.at(steps.ROLLOUTS)
    effects = records(seen.read(tables.TRUTH_EFFECTS, is_now))
    sizes = records(rollouts.sizes(seen.read(derived.ARMS, is_now), releases.newest(seen, derived.WAVE_PLAN, is_now)))
    if not r.args.keep:
        remove(r.spark, [root])
    return rollouts.Rollout(effects, sizes)


def _live(own: Run) -> None:
    drawing, is_now = own.at(flow.ASSIGN), F.col("cycle") == str(own.cycle)
    bands = records(drawing.read(derived.TIER_BANDS, is_now))
    scores, tiers = drawing.read(derived.SCORES, is_now), drawing.read(derived.TIERS_TABLE, is_now)
    drawing.write(derived.ARMS, assign_tiers.assigned(drawing, scores, tiers, campaign.bands.gains(bands)))
    for due in schedule.of_cycle(
        own.cycle,
        calendar=own.calendar,
        waves=own.settings.campaign.planned_on(own.cycle, own.calendar),
        before_each_day=[HOOK.step.job],
    ):
        is_last = due.as_of >= own.cycle.window.end
        if due.job in LIVED and due.as_of > own.cycle.first and not (is_last and due.job != "simulate_bank"):
            own.say(f"{due.job}{f' {due.wave}' if due.wave else ''} as of {due.as_of}")
            step, job = run_cycle.job_of(due, HOOK)
            child = own.at(step, as_of=due.as_of, wave=due.wave, force=due.job == "plan_wave")
            with child.own_queries():
                job(child)


def _best(r: Run) -> list[dict[str, Any]]:
    settings, is_now = r.settings.campaign, F.col("cycle") == str(r.cycle)
    costs = {offer: float(cost) for offer, cost in settings.offers.items()}
    arms, truth = r.read(derived.ARMS, is_now), r.read(tables.TRUTH_OPTIONS, is_now)
    cells, whole = campaign.arms.cell_sizes(arms), single_policy.rolled_out(settings, "model")
    return rollouts.best_rows(
        records(rollouts.sample(truth, arms, list(costs), salt=r.salt("best"))),
        costs=costs,
        cycle=str(r.cycle),
        **single_policy.per_user(whole, cells)._asdict(),
    )
