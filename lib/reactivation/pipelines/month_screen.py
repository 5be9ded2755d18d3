"""No job, but how a month ends on the terminal: what was found, what it cost, where to look."""

from collections.abc import Iterable

from reactivation import cli
from reactivation.periods import Month
from reactivation.pipelines import month_report
from reactivation.runtime import screen
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run


def show(r: Run, months: Iterable[Month], *, opens: bool = False) -> None:
    """Show the newest of the months that has been read out, or where to look and what is still to come.

    opens: its report as well, in a browser of this machine.
    """
    each = list(months)
    found = ((month, month_report.first_screen(r, month)) for month in reversed(each))
    cycle, known = next((pair for pair in found if pair[1] is not None), (each[-1], None))
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
    screen.show(screen.Screen(where, known.answers if known else (), "" if known else note, shown))
    if opens and not screen.open_page(page):
        r.say(f"There is no browser here, or no {page}", NOTICE)
