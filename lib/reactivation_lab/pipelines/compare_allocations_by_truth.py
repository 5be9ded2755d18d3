"""Fill the model's cell of lived waves by the order, by prices on what is learnt, and by the truth, at equal spend."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import reactivation
from reactivation import argument_types, campaign
from reactivation.campaign.assignment.arms import LIFT
from reactivation.campaign.planning.capacity import PricedOption
from reactivation.campaign.planning.model_cell import CELL
from reactivation.errors import Finding, SettingsError
from reactivation.frames import checkpointed, records
from reactivation.periods import Month, Window
from reactivation.pipelines import plan_wave, reach, releases, run_cycle
from reactivation.runtime.files import remove
from reactivation.runtime.run import Run
from reactivation_lab import bank, steps
from reactivation_lab.bank import rollouts
from reactivation_lab.comparisons import allocations_by_truth as ways
from reactivation_lab.hook import HOOK
from reactivation_lab.measurement.records import append_record, read_records
from reactivation_lab.pipelines import compare_loops, simulate_bank

FILE = "allocations.jsonl"


def add_arguments(parser: ArgumentParser) -> None:
    """Which banks and months, and what prices go by."""
    compare_loops.add_arguments(parser)
    told = "first month whose waves are filled (default: the third)"
    parser.add_argument("--since", type=argument_types.month, help=told)
    parser.add_argument(
        "--active-user",
        type=argument_types.amount,
        default=Decimal(10_000),
        help="worth of an active user to prices (default: 10000, so that the limits alone hold spend down)",
    )


def run(r: Run) -> None:
    """Adds to `allocations.jsonl` under the root as each bank ends; a bank that stands there is not lived again.

    A bank lives its months as conf says; then each wave is planned again on its own day's facts, which writes nothing.
    """
    bank.required(r.settings.sandbox, region=r.region)
    since, last, file = r.args.since or r.cycle + 2, run_cycle.last_cycle(r), f"{r.root}/{FILE}"
    if last < since:
        raise SettingsError("no wave is filled", [Finding("through", str(last), f"name {since} or a later month")])
    for seed in range(r.args.first_seed, r.args.first_seed + r.args.seeds):
        if seed in {record.seed for record in _recorded(file)}:
            continue
        root = f"{r.root}/seed-{seed}"
        own = compare_loops.opened(r, seed, root, "sandbox.options_share=0")
        r.say(f"\n== bank {seed}, until {last} ==")
        run_cycle.run_months(own, r.cycle.through(last), hook=HOOK)
        found = [record for month in since.through(last) for record in _month(own, seed, month)]
        for record in found:  # at once, so that a bank stands there whole
            append_record(file, record)
        if not r.args.keep:
            remove(r.spark, [root])
    r.show("Users moved in truth per 1 000 of spend", [one._asdict() for one in ways.compared(_recorded(file))])


def _recorded(file: str) -> list[ways.WaveByWay]:
    return read_records([file], ways.WaveByWay) if Path(file).is_file() else []


def _month(own: Run, seed: int, month: Month) -> Iterator[ways.WaveByWay]:
    settings = ways.without_draws(own.settings.campaign)
    for name, day in settings.planned_on(month, own.calendar).items():
        r = own.at(steps.ALLOCATIONS, cycle=month, wave=name, as_of=day).under(campaign=settings)
        for record in _wave(r, seed, name):
            r.say(f"    {month} {name} {record.way}: {record.moved:.2f} users moved for {record.spend:.2f}")
            yield record


def _wave(r: Run, seed: int, name: str) -> Iterator[ways.WaveByWay]:
    """The wave in each way that can be had: by users' lifts only where one was learnt."""
    assert r.as_of is not None
    send_on = r.as_of + timedelta(days=r.settings.campaign.lead_days)
    material = plan_wave.looked_at(r, releases.ledger(r), name, r.as_of, send_on)
    options = campaign.capacity.priced_options(material.wave, r.settings.campaign)
    of_cell = material.eligible.where(F.col("reason").isNull() & (F.col("queue") == CELL))
    users = checkpointed(of_cell.join(_rises(r, of_cell, options, send_on), "user_id", "left"))
    counted = records(ways.counted(users))[0]
    planned = {"order": material._replace(eligible=users, terms=None).planned()}
    same = ways.at_spend(material.wave, planned["order"].limits)
    priced = material._replace(eligible=users, wave=same, terms=campaign.Terms(r.args.active_user))
    if material.more["gains"] is not None:
        planned["tier"] = priced._replace(eligible=users.drop(LIFT)).planned()
        if counted["lifted"]:
            planned["user"] = priced.planned()
    planned["best"] = priced._replace(more={**material.more, "gains": ways.TrueGains.of(len(options))}).planned()
    common = {
        "seed": seed,
        "bank_users": bank.required(r.settings.sandbox, region=r.region).users,
        "cycle": str(r.cycle),
        "wave": name,
        "active_user": float(r.args.active_user),
        "users": counted["users"],
        "settings_hash": r.settings_hash,
        "code_version": reactivation.__version__,
    }
    for way, plan in planned.items():
        found = records(ways.outcome(plan.decided, users, options))[0]
        is_priced = CELL in plan.worths
        yield ways.WaveByWay.model_validate({**common, "way": way, "is_priced": is_priced, **found})


def _rises(r: Run, users: DataFrame, options: Sequence[PricedOption], send_on: date) -> DataFrame:
    """What one contact on the wave's day adds in truth to the user's login by the month's end: `rise_<n>` by option.

    Grain: user_id. Earlier contacts of the month neither tire nor move the user here.
    """
    offers, first = (
        [(one.channel, one.benefit) for one in options],
        min(r.settings.campaign.days_of(r.cycle, r.calendar).values()),
    )
    simulated, uplift = bank.required(r.settings.sandbox, region=r.region), r.settings.labels.asset_uplift
    found = bank.options(
        simulate_bank.people(r, simulated).join(users.select("user_id"), "user_id", "left_semi"),
        offers,
        cycle=r.cycle,
        outcome=Window(send_on, r.cycle.window.end),
        calendar=r.calendar,
        uplift=bank.Uplift.of(uplift.min_share, uplift.min_amount),
        settings=simulated.model_copy(update={"options_share": 1.0}),
    )
    since = None
    if first < send_on:
        since = reach.month_to_date(r, Window(first, send_on), known_before=r.calendar.settle_on(r.cycle))
    return ways.rises(rollouts.by_user(found, offers, metrics=[ways.METRIC]), since, options=len(offers))
