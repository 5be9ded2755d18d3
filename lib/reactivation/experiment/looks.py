"""A registered look at a running month: whether it is due, what it cannot know yet, and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reactivation.errors import Finding, NotReady
from reactivation.experiment.metrics import OF_ASSETS
from reactivation.experiment.registration import PlanText
from reactivation.periods import Month, Window
from reactivation.statistics.said import Said, said


@dataclass(frozen=True)
class Look:
    """One look before the month has settled.

    on: its day; what happened or arrived from 00:00 on is not known. number: the first is 1. looks: all of the month,
    the one at the settle date included. window: from the first wave to its day.
    """

    on: date
    number: int
    looks: int
    window: Window
    settles_on: date

    @property
    def title(self) -> str:
        """What it is, and what it is not."""
        return f"Look {self.number} of {self.looks}, on {self.on}; the month's answer follows on {self.settles_on}"

    @property
    def not_known(self) -> dict[str, Said]:
        """Outcomes that no look can know, each with the reason."""
        reason = f"a look does not know the balances of the month's end: the read-out of {self.settles_on} tells"
        return dict.fromkeys(OF_ASSETS, said("no_balances_yet", reason, day=str(self.settles_on)))


def due_look(plan: PlanText | None, *, cycle: Month, day: date, settles_on: date) -> Look:
    """The look that was registered for a day before the settle date; NotReady names the days on which one may look.

    plan: the registered one; None where there is none.
    """
    registered = [date.fromisoformat(text) for text in (plan or {}).get("look_days", [])]
    days = [one for one in registered if one < settles_on]
    if plan is None or day not in days:
        known = ", ".join(str(one) for one in days) or "none; experiment.interim_look_days names them before a launch"
        raise NotReady(
            f"{cycle} cannot be read out on {day}",
            [
                Finding("no look", str(day), f"looks registered for the running month: {known}"),
                Finding("not settled", str(cycle), f"settles on {settles_on}: run with --as-of {settles_on} or later"),
            ],
        )
    first = date.fromisoformat(plan["outcome_window"][0])
    return Look(day, 1 + days.index(day), 1 + len(days), Window(first, day), settles_on)


def look_rows(rows: Sequence[Mapping[str, Any]], look: Look) -> list[dict[str, Any]]:
    """Rows of `readout` as those of `readout_looks`."""
    return [{**row, "look_on": look.on} for row in rows]
