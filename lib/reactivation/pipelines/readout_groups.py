"""A part of `read_out`: the month's users in their groups, with the sums of what came of them."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import experiment, population
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.frames import records
from reactivation.periods import Calendar, Window
from reactivation.pipelines import releases
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run


def has_campaign(r: Run) -> bool:
    """True where users were drawn in the cycle and a wave was released; the caller reads the registered plan."""
    if not (r.has(derived.ARMS) and r.has(derived.WAVE_PLAN)):
        return False
    released = releases.newest(r, derived.WAVE_PLAN, F.col("cycle") == str(r.cycle))
    return not of_cycle(r, derived.ARMS).isEmpty() and not released.isEmpty()


def of_cycle(r: Run, table: Table) -> DataFrame:
    """The cycle's rows of a table."""
    return r.read(table, F.col("cycle") == str(r.cycle))


def summed(r: Run, outcomes: DataFrame, window: Window) -> tuple[experiment.MetricSpecs, tuple[experiment.Group, ...]]:
    """What is measured over a window, and its sums by group: one aggregation."""
    features, scores = of_cycle(r, derived.FEATURES), of_cycle(r, derived.SCORES)
    columns = features.columns + scores.columns
    specs = experiment.MetricSpecs.of(r.settings.experiment, window=window, columns=columns)
    if unknown := [name for name in r.settings.experiment.covariates if name not in columns]:
        r.say(f"    CUPED goes without {', '.join(unknown)}: no columns of features or scores", NOTICE)
    now = {
        "arms": of_cycle(r, derived.ARMS),
        "tiers": of_cycle(r, derived.TIERS_TABLE),
        "users": r.read(canonical.USERS),
        "features": features,
        "scores": scores,
        "outcomes": outcomes,
    }
    return specs, experiment.groups(records(sums(now, day=r.cycle.first, calendar=r.calendar, specs=specs)))


def sums(now: Mapping[str, DataFrame], *, day: date, calendar: Calendar, specs: experiment.MetricSpecs) -> DataFrame:
    """The one aggregation. now: the cycle's tables by name, and `users`; day: the cycle's first."""
    placed = experiment.placed(
        now["arms"],
        tiers=now["tiers"],
        master=population.signed_up(now["users"], day=day, calendar=calendar),
        features=now["features"],
        scores=now["scores"],
        specs=specs,
    )
    return experiment.aggregate(now["outcomes"], placed, specs=specs)
