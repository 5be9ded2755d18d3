"""A registered look at a running month: whether one is due, what it cannot know yet, and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reactivation.errors import Finding, NotReady
from reactivation.experiment.checks import Design
from reactivation.experiment.groups import Group
from reactivation.experiment.metrics import OF_ASSETS, Measured
from reactivation.experiment.month import Answers
from reactivation.experiment.month_checks import check_rows
from reactivation.experiment.readout import ask, read_out
from reactivation.experiment.registration import PlanText
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month, Window


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
    def not_known(self) -> dict[str, str]:
        """Outcomes that no look can know, each with the reason."""
        reason = f"a look does not know the balances of the month's end: the read-out of {self.settles_on} tells"
        return dict.fromkeys(OF_ASSETS, reason)


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


def look_answers(
    groups: Sequence[Group],
    *,
    look: Look,
    cycle: Month,
    design: Design,
    settings: ExperimentSettings,
    measured: Measured,
    known_on: date,
) -> Answers:
    """What is known at a look, asked, checked and judged as at the settle date; targeting is left to the latter.

    Every look has its part of alpha, so that false alarms of all of them together stay as rare as registered. The
    effect is the one until the look: it need not be that of the month.
    """
    asked = ask(
        groups, design=design, settings=settings, measured=measured, known_on=known_on, not_known=look.not_known
    )
    rows = read_out(groups, cycle=cycle, asked=asked)
    checks = check_rows(groups, rows, [], cycle=cycle, design=design, settings=settings)
    return Answers(rows, checks, [], asked.level.alpha)


def look_rows(rows: Sequence[Mapping[str, Any]], look: Look) -> list[dict[str, Any]]:
    """Rows of `readout` as those of `readout_looks`."""
    return [{**row, "look_on": look.on} for row in rows]
