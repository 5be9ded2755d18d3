"""No job, but how a month ends on the terminal: what was found, what it cost, where to look."""

from collections.abc import Iterable
from typing import NamedTuple

from pyspark.sql import functions as F

from reactivation import cli, experiment
from reactivation.contracts import derived
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import releases
from reactivation.runtime import screen
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run


class Found(NamedTuple):
    """What the screen shows of a month: its answers, and what it cannot tell."""

    answers: list[screen.Answer]
    unknown: str


def show(r: Run, months: Iterable[Month], *, opens: bool = False) -> None:
    """Show the newest of the months that has been read out, or where to look and what is still to come.

    opens: its report as well, in a browser of this machine.
    """
    each = list(months)
    cycle, known = next(((month, of) for month in reversed(each) if (of := found(r, month)).answers), (each[-1], None))
    where, page = f"{r.region}, {r.scenario}, {cycle}", f"{r.reports}/{cycle}/report.html"
    places = {
        "Report": page if known else None,
        "Files": f"{r.exports}/{cycle}/<wave>/<channel>.csv",
        "Tables": f"{r.root}/warehouse/<table>",
        "Models": f"{r.root}/mlflow.db",
        "Log": str(cli.log_file(r) or ""),
    }
    note = f"{cycle} is not read out yet: it settles on {r.calendar.settle_on(cycle)}."
    shown = {name: screen.shortened(place) for name, place in places.items() if place}
    screen.show(screen.Screen(where, known.answers if known else [], known.unknown if known else note, shown))
    if opens and not screen.open_page(page):
        r.say(f"There is no browser here, or no {page}", NOTICE)


def found(r: Run, cycle: Month) -> Found:
    """The month's answers as its read-out has them; none where it has not been read out. Two small queries."""
    is_it = F.col("cycle") == str(cycle)
    rows = records(r.read(derived.READOUT, is_it)) if r.has(derived.READOUT) else []
    if not rows:
        return Found([], "")
    checks = records(r.read(derived.READOUT_CHECKS, is_it))
    answers = experiment.in_short.answers(rows, checks, r.settings.experiment)
    return Found([*answers, _money(r, cycle)], experiment.in_short.unknown(rows))


def _money(r: Run, cycle: Month) -> screen.Answer:
    budget = r.settings.campaign.release.budget
    sums = releases.account(r, releases.ledger(r), cycle=cycle, day=r.as_of or r.calendar.settle_on(cycle))
    return experiment.in_short.money(sums.committed, worst=sums.worst, approved=budget.approved_cny)
