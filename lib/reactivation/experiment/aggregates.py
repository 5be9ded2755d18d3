"""One pass over the month's users to a few numbers per group; statistics see only these and run without Spark."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.experiment.proportions import Share

KEY = ("policy", "is_selected", "touch")


class Group(NamedTuple):
    """All users of one cell, picked or not, with one touch: sufficient statistics of everything that is compared.

    users: all of them. spend: expected cost of the contacts planned for them. reached: users with a delivered contact
    of ours. from_outside: users with a contact of another sender. shares: the outcome's share, by metric.
    """

    policy: str
    is_selected: bool
    touch: str | None
    users: int
    spend: float
    reached: int
    from_outside: int
    shares: Mapping[str, Share]


def aggregate(outcomes: DataFrame, arms: DataFrame, *, metrics: Mapping[str, str]) -> DataFrame:
    """Aggregate users to one row per group, for all contrasts and metrics at once.

    Grain and key: policy, is_selected, touch; at most 24 rows, however many users. metrics: name of a metric: boolean
    column of `outcomes`. A user whose outcome was lost on the way is not counted, so that the sample ratio shows it.
    """
    counts = [
        column
        for name, outcome in metrics.items()
        for column in (
            F.count_if(F.col(outcome)).alias(f"{name}_events"),
            F.count(outcome).alias(f"{name}_known"),
        )
    ]
    placed = arms.select("user_id", *KEY).join(outcomes.drop("cycle"), "user_id", "inner")
    return placed.groupBy(*KEY).agg(
        F.count("*").alias("users"),
        F.sum("spend").cast("double").alias("spend"),
        F.count_if(F.col("contacts_delivered") > 0).alias("reached"),
        F.count_if(F.col("outside_contacts") > 0).alias("from_outside"),
        *counts,
    )


def groups(rows: Iterable[Mapping[str, Any]], *, metrics: Iterable[str]) -> tuple[Group, ...]:
    """The rows of `aggregate` as values."""
    names = list(metrics)
    return tuple(
        Group(
            **{name: row[name] for name in (*KEY, "users", "spend", "reached", "from_outside")},
            shares={name: Share(row[f"{name}_events"], row[f"{name}_known"]) for name in names},
        )
        for row in rows
    )
