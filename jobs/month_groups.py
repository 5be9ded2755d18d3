"""A part of `read_out`: the month's users in their groups, with the sums of what came of them."""

from typing import Any

from pyspark.sql import DataFrame

from reactivation import experiment, population
from reactivation.periods import Window
from reactivation.runtime.run import Run
from reactivation.runtime.store import within
from reactivation.tables import canonical, derived
from reactivation.tables.contract import Table

_NEEDED = (derived.ARMS, derived.EXPERIMENT_PLAN, derived.WAVE_PLAN)


def has_campaign(r: Run) -> bool:
    """True where somebody was drawn, registered and planned for."""
    return all(r.has(table) and not of_cycle(r, table).isEmpty() for table in _NEEDED)


def of_cycle(r: Run, table: Table) -> DataFrame:
    """The cycle's rows of a table."""
    return r.read(table, within(cycle=str(r.cycle)))


def records(table: DataFrame) -> list[dict[str, Any]]:
    """The rows of a small table."""
    return [row.asDict() for row in table.collect()]


def summed(r: Run, outcomes: DataFrame, window: Window) -> tuple[experiment.Measured, tuple[experiment.Group, ...]]:
    """What is measured over a window, and its sums by group: one aggregation."""
    features, scores = of_cycle(r, derived.FEATURES), of_cycle(r, derived.SCORES)
    columns = features.columns + scores.columns
    measured = experiment.Measured.of(r.settings.experiment, window=window, columns=columns)
    placed = experiment.placed(
        of_cycle(r, derived.ARMS),
        tiers=of_cycle(r, derived.TIERS_TABLE),
        master=population.signed_up(r.read(canonical.USERS), day=r.cycle.first, calendar=r.calendar),
        features=features,
        scores=scores,
        measured=measured,
    )
    return measured, experiment.groups(records(experiment.aggregate(outcomes, placed, measured=measured)))
