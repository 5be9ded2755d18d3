"""Check in the sandbox how often the read-out's intervals cover the truth, over thousands of simulated months."""

from argparse import ArgumentParser
from datetime import timedelta

from reactivation import campaign
from reactivation.frames import checkpointed, records
from reactivation.periods import Calendar, Month, Window
from reactivation.runtime.standalone import Bench
from reactivation_lab import bank, coverage
from reactivation_lab.bank.tables import METRICS

_SALTS = campaign.ArmSalts(*(f"check_intervals|{n}" for n in ("cell", "touch", "long_holdout", "order", "ties")))


def add_arguments(parser: ArgumentParser) -> None:
    """How many months, how large."""
    parser.add_argument("--seeds", type=int, default=2000, help="months drawn; seeds 0 to n - 1 (default: 2000)")
    parser.add_argument("--users", type=int, default=6000, help="signed-up users per month (default: 6000)")
    parser.add_argument("--month", default="2026-06", metavar="YYYY-MM", help="calendar month (default: 2026-06)")


def run(b: Bench) -> None:
    """Prints, for each causal contrast, how often its interval covers the truth, and how often it sees what is not."""
    simulated = bank.required(b.settings.sandbox, region=b.args.region)
    arms, month = b.settings.campaign.arms, Month.parse(b.args.month)
    uplift, first_wave = b.settings.labels.asset_uplift, month.first + timedelta(days=4)
    banks = checkpointed(bank.trials.banks(b.spark, seeds=b.args.seeds, users=b.args.users, settings=simulated))
    asleep = bank.trials.sleepers(banks, month=month, first_wave=first_wave, settings=simulated)
    users = bank.trials.outcomes(
        checkpointed(asleep),
        outcome=Window(first_wave, month.window.end),
        calendar=Calendar(zone=b.settings.calendar.zone, settle_days=0),
        uplift=bank.Uplift.of(uplift.min_share, uplift.min_amount),
        settings=simulated,
    )
    drawn = campaign.arms.drawn(
        bank.trials.picked(checkpointed(users), arms.selected_share),
        settings=arms.model_copy(update={"long_holdout_share": 0.0}),
        salts=_SALTS,
    )
    rows = records(bank.trials.counted(drawn))
    for world, title in ((coverage.MOVED, "Contacts work as in conf"), (coverage.UNMOVED, "Contacts do nothing")):
        months = coverage.trials(rows, METRICS, world)
        b.show(title, coverage.coverage(months, METRICS, alpha=b.settings.experiment.alpha))
