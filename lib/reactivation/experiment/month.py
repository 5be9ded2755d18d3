"""A month read out as a whole: its rows of three tables, and its chapters for people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from reactivation.contracts import derived
from reactivation.contracts.table import Table
from reactivation.experiment import month_narrative, month_targeting
from reactivation.experiment.checks import Design
from reactivation.experiment.groups import Group
from reactivation.experiment.metrics import Measured
from reactivation.experiment.month_checks import check_rows
from reactivation.experiment.narrative import Told, cannot_see, told
from reactivation.experiment.readout import ask, read_out
from reactivation.experiment.reconciled import Checked
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month

Rows = list[dict[str, Any]]


class Answers(NamedTuple):
    """Rows of `readout`, `readout_checks` and `targeting` of one month. alpha: that of each answer."""

    readout: Rows
    checks: Rows
    targeting: Rows
    alpha: float

    @property
    def tables(self) -> tuple[tuple[Table, Rows], ...]:
        """Each table with its rows."""
        return (
            (derived.READOUT, self.readout),
            (derived.READOUT_CHECKS, self.checks),
            (derived.TARGETING, self.targeting),
        )


def answers(
    groups: Sequence[Group],
    *,
    cycle: Month,
    design: Design,
    settings: ExperimentSettings,
    measured: Measured,
    known_on: date,
    tenths_rows: Iterable[Mapping[str, Any]],
    further: Iterable[Checked],
    budget_share: float,
) -> Answers:
    """All that the month answers, from what the cluster counted.

    design, known_on: see `ask`. tenths_rows: of `tenths`. further: checks of waves and draws. budget_share: share of
    users whom a policy picks.
    """
    asked = ask(groups, design=design, settings=settings, measured=measured, known_on=known_on)
    rows = read_out(groups, cycle=cycle, asked=asked)
    checks = check_rows(groups, rows, further, cycle=cycle, design=design, settings=settings)
    targeting = month_targeting.targeting(tenths_rows, groups, cycle=cycle, budget_share=budget_share, asked=asked)
    return Answers(rows, checks, targeting, asked.level.alpha)


def chapters(found: Answers, *, metrics: Sequence[str], settings: ExperimentSettings) -> list[Told]:
    """The month in words, the programme's own figures first and what the month cannot tell last.

    metrics: those that are told contrast by contrast; the programme's figures are of the primary one.
    """
    alpha, own_unit, primary = found.alpha, tuple(settings.means), settings.primary_metric
    return [
        Told("The programme's figures", "", tuple(month_narrative.programme(found.readout, primary, alpha=alpha))),
        *told(found.readout, metrics, alpha=alpha, means=own_unit),
        Told("Guardrails", "", tuple(month_narrative.guardrails_told(found.checks))),
        Told("Cost per incremental active user", "", tuple(month_narrative.costs_told(found.readout))),
        Told("Who can be moved", "", tuple(month_targeting.told(found.targeting, primary, alpha=alpha))),
        Told("Checks", "", tuple(month_narrative.failed(found.checks))),
        Told("What this month cannot tell", "", tuple(cannot_see(found.readout))),
    ]
