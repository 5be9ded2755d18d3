"""What an experiment can see before anybody is touched: base rates, and the smallest difference of each contrast."""

from collections.abc import Mapping
from math import sqrt
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts.derived import TOUCHES, policies_in
from reactivation.contracts.expression import condition
from reactivation.experiment.contrasts import Comparison, Contrast, among
from reactivation.experiment.settings import ExperimentSettings, Metric
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.proportions import minimum_detectable, z_sum

RATE_NOT_KNOWN = "not known: no base rate from an earlier month"
NOBODY = "not known: a side has no users"
BEYOND = "nothing: even every user converting would not be seen"


class BaseRate(NamedTuple):
    """Share of untouched users who have an outcome, and where it was seen; value None where it was nowhere."""

    value: float | None
    basis: str | None = None


NOT_KNOWN = BaseRate(None)


def statement(
    settings: ExperimentSettings,
    *,
    sizes: Mapping[str, int],
    base_rates: Mapping[str, BaseRate],
    power: float | None = None,
) -> list[dict[str, Any]]:
    """One row per contrast and metric: users per side, base rate, smallest detectable difference or why none is known.

    sizes: users by `policy.part.touch`, drawn or expected, of the month's cells. power: None takes the registered one.
    Every look is at its part of alpha.
    """
    alpha = alpha_per_look(settings.alpha, looks=settings.looks)
    wanted = settings.power if power is None else power
    return [
        _row(contrast, metric, sizes, base_rates.get(metric, NOT_KNOWN), alpha=alpha, power=wanted)
        for contrast in among({name.partition(".")[0] for name in sizes})
        for metric in settings.metrics
    ]


def expected_sizes(
    contactable: int, *, cells: Mapping[str, float], holdout: float, long_holdout: float, selected: float
) -> dict[str, int]:
    """Users by `policy.part.touch` that the shares of conf give in expectation, before anything is drawn.

    selected: share of all contactable users that each policy picks; whom it picks says nothing of cell and touch.

    >>> expected_sizes(
    ...     1000, cells={"model": 0.6, "rule": 0.2, "random": 0.2}, holdout=0.1, long_holdout=0.0, selected=0.5
    ... )["model.selected.holdout"]
    30
    """
    touches = {"touched": 1 - holdout - long_holdout, "holdout": holdout, "long_holdout": long_holdout}
    return {
        f"{policy}.{part}.{touch}": round(contactable * cells[policy] * share * touches[touch])
        for policy in policies_in(cells)
        for part, share in (("selected", selected), ("all", 1.0))
        for touch in TOUCHES
    }


def users_of(contrast: Contrast, sizes: Mapping[str, int]) -> list[int]:
    """Users of each side of a contrast: two of a comparison, four of a gain."""
    return [side.users(sizes) for side in contrast.sides]


def _row(
    contrast: Contrast, metric: str, sizes: Mapping[str, int], rate: BaseRate, *, alpha: float, power: float
) -> dict[str, Any]:
    n = users_of(contrast, sizes)
    row = {
        "contrast": contrast.name,
        "metric": metric,
        "users": n,
        "base_rate": rate.value,
        "basis": rate.basis,
        "power": power,
    }
    if rate.value is None:
        return {**row, "minimum_detectable": None, "reason": RATE_NOT_KNOWN}
    if not all(n):
        return {**row, "minimum_detectable": None, "reason": NOBODY}
    if isinstance(contrast, Comparison):
        smallest = minimum_detectable(base_rate=rate.value, n_treatment=n[0], n_control=n[1], alpha=alpha, power=power)
    else:
        spread = sqrt(rate.value * (1 - rate.value) * sum(1 / users for users in n))
        smallest = z_sum(alpha=alpha, power=power) * spread
    return {**row, "minimum_detectable": smallest, "reason": BEYOND if smallest is None else None}


def of_untouched(shares: Mapping[str, float | None]) -> dict[str, BaseRate]:
    """Rates that past experiments saw among their untouched users."""
    basis = "untouched users of past experiments"
    return {name: NOT_KNOWN if share is None else BaseRate(share, basis) for name, share in shares.items()}


def before_any_experiment(
    features: DataFrame, labels: DataFrame | None, *, metrics: Mapping[str, Metric]
) -> dict[str, BaseRate]:
    """Rate per metric among the low-activity users of past months, from what is there; not known where nothing is.

    features: of past months and the one after them. labels: of settled months, None where there are none. A label of
    the outcome's name counts first; else the metric's `pre_period` condition on the features of the next month. Both
    are of whole months and of all sleepers, contactable or not: near enough to plan with.
    """
    sleepers = features.where("is_low_activity").select("cycle", "user_id")
    named = {n: m.outcome for n, m in metrics.items() if m.outcome in derived.LABELS.column_names}
    found = dict.fromkeys(metrics, NOT_KNOWN)
    next_month = {
        name: condition(features, metric.pre_period, key=f"experiment.metrics.{name}.pre_period")
        for name, metric in metrics.items()
        if metric.pre_period is not None
    }
    if next_month:
        did = features.select(_month_before().alias("cycle"), "user_id", *[c.alias(n) for n, c in next_month.items()])
        found |= _averages(did, sleepers, {n: n for n in next_month}, what="the features of the month after")
    if labels is not None and named:
        labelled = _averages(labels, sleepers, named, what="labels")
        found |= {name: rate for name, rate in labelled.items() if rate.value is not None}
    return found


def _averages(table: DataFrame, sleepers: DataFrame, columns: Mapping[str, str], *, what: str) -> dict[str, BaseRate]:
    shares = [F.avg(F.col(column).cast("int")).alias(name) for name, column in columns.items()]
    known = table.join(sleepers, ["cycle", "user_id"], "left_semi")
    row = known.agg(F.min("cycle").alias("from"), F.max("cycle").alias("to"), *shares).collect()[0]
    months = row["from"] if row["from"] == row["to"] else f"{row['from']} to {row['to']}"
    basis = f"low-activity users of {months}, by {what}"
    return {name: NOT_KNOWN if row[name] is None else BaseRate(float(row[name]), basis) for name in columns}


def _month_before() -> Column:
    first = F.to_date(F.concat("cycle", F.lit("-01")))
    return F.date_format(F.add_months(first, -1), "yyyy-MM")
