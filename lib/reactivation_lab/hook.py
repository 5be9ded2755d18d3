"""What `jobs/run_cycle.py` runs before each due day where conf has a `sandbox`: the simulated bank lives up to it."""

from collections.abc import Mapping
from datetime import date

from reactivation.errors import Finding, SettingsError
from reactivation.periods import Calendar, Month
from reactivation.pipelines import run_cycle
from reactivation.pipelines.run_cycle import Hook
from reactivation.runtime.run import Run
from reactivation_lab import bank, steps
from reactivation_lab.pipelines import simulate_bank


def check(r: Run) -> None:
    """SettingsError lists all that is wrong with conf's `sandbox`, or with the day on which its months settle."""
    bank.required(r.settings.sandbox, region=r.region)
    if not r.settings.campaign.waves:
        return
    months = run_cycle.cycles(r)
    waves = {month + 1: min(r.settings.campaign.planned_on(month + 1, r.calendar).values()) for month in months}
    if late := settled_late(waves, calendar=r.calendar):
        raise SettingsError("the simulated bank would live past a wave before that is planned", late)


def settled_late(first_waves: Mapping[Month, date], *, calendar: Calendar) -> list[Finding]:
    """The months that settle after the first wave of the next one. first_waves: by the month they are in.

    A month run alone lives up to its settle date. It must leave the next month's waves to that month's own run, or the
    two in a row would be another world than one after the other.
    """
    return [
        Finding(
            "settles late",
            f"calendar.settle_days {calendar.settle_days}",
            f"{month - 1} settles on {calendar.settle_on(month - 1)}; the first wave of {month} is on {day}",
        )
        for month, day in first_waves.items()
        if calendar.settle_on(month - 1) > day
    ]


HOOK = Hook(step=steps.SIMULATE, run=simulate_bank.run, check=check)
