"""The read-out's peer: one query per contrast, over all metrics at once."""

from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

Side = tuple[Collection[str], bool | None, Collection[str]]
"""Cells; picked or not, None for both; touches."""


def one_contrast(arms: DataFrame, outcomes: DataFrame, *, sides: Sequence[Side], columns: Sequence[str]) -> DataFrame:
    """Users, and of each outcome the known, the sum and the sum of squares, per side: what an unadjusted answer needs.

    Grain: one row per side, by its place. It has no branch, tier, week, covariate, cost or delivery: much less than the
    read-out tells, and therefore less work than all its answers would take in this way.
    """
    belongs = [_belongs(*side) for side in sides]
    users = arms.join(outcomes.drop("cycle"), "user_id", "left").where(reduce(or_, belongs))
    labels = [F.when(is_member, F.lit(place)) for place, is_member in enumerate(belongs)]
    long = users.withColumn("side", F.explode(F.array_compact(F.array(*labels))))
    numbers = {name: F.col(name).cast("decimal(18,2)") for name in columns}
    sums = [
        column
        for name, value in numbers.items()
        for column in (
            F.count(value).alias(f"known_{name}"),
            F.sum(value).alias(f"sum_{name}"),
            F.sum(value * value).alias(f"squares_{name}"),
        )
    ]
    return long.groupBy("side").agg(F.count("*").alias("users"), *sums)


def _belongs(policies: Collection[str], is_selected: bool | None, touches: Collection[str]) -> Column:
    found = F.col("policy").isin(*policies) & F.col("touch").isin(*touches)
    return found if is_selected is None else found & (F.col("is_selected") == F.lit(is_selected))
