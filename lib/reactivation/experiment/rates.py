"""How often the sleepers do by themselves what a campaign is to move: before any outcome of an experiment is known."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts.expression import condition
from reactivation.experiment.power import NOT_KNOWN, Rate
from reactivation.experiment.settings import Metric


def of_untouched(shares: Mapping[str, float | None]) -> dict[str, Rate]:
    """Rates that past experiments saw among their untouched users."""
    basis = "untouched users of past experiments"
    return {name: NOT_KNOWN if share is None else Rate(share, basis) for name, share in shares.items()}


def before_any_experiment(
    features: DataFrame, labels: DataFrame | None, *, metrics: Mapping[str, Metric]
) -> dict[str, Rate]:
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


def _averages(table: DataFrame, sleepers: DataFrame, columns: Mapping[str, str], *, what: str) -> dict[str, Rate]:
    shares = [F.avg(F.col(column).cast("int")).alias(name) for name, column in columns.items()]
    known = table.join(sleepers, ["cycle", "user_id"], "left_semi")
    row = known.agg(F.min("cycle").alias("from"), F.max("cycle").alias("to"), *shares).collect()[0]
    months = row["from"] if row["from"] == row["to"] else f"{row['from']} to {row['to']}"
    basis = f"low-activity users of {months}, by {what}"
    return {name: NOT_KNOWN if row[name] is None else Rate(float(row[name]), basis) for name in columns}


def _month_before() -> Column:
    first = F.to_date(F.concat("cycle", F.lit("-01")))
    return F.date_format(F.add_months(first, -1), "yyyy-MM")
