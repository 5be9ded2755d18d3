"""A page's view of the features: who sleeps, how full each feature is, what its values look like."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.features.feature import Feature


def sizes(table: DataFrame, *, by: str) -> DataFrame:
    """Users of each cycle, and how many of them a flag marks. table: rows of `features`."""
    marked = F.count_if(F.col(by))
    return (
        table.groupBy("cycle")
        .agg(F.count("*").alias("users"), marked.alias(by), F.round(marked / F.count("*"), 3).alias("share"))
        .orderBy("cycle")
    )


def counts(catalogue: Sequence[Feature]) -> list[dict[str, Any]]:
    """How many features each source gives, with one of them as an example."""
    numbers = Counter(feature.source for feature in catalogue)
    example = {feature.source: feature for feature in reversed(catalogue)}
    return [
        {"source": source, "features": number, "for_example": example[source].name, "meaning": example[source].meaning}
        for source, number in numbers.items()
    ]


def summary(table: DataFrame, catalogue: Sequence[Feature]) -> DataFrame:
    """One row per numeric feature: share of users with a value, mean, and three quantiles (approximate).

    table: rows of `features`. One pass over them; the result has as many rows as there are features.
    """
    once = table.agg(F.array(*[_figures(feature) for feature in _numbers(catalogue)]).alias("figures"))
    return once.select(F.inline("figures"))


def contrast(table: DataFrame, catalogue: Sequence[Feature], *, by: str, limit: int = 15) -> DataFrame:
    """The features in which the users that a flag marks differ most from the others, in standard deviations of all.

    One pass over the rows; `limit` rows, the largest difference first. Users without a value do not count.
    """
    once = table.agg(F.array(*[_difference(feature, F.col(by)) for feature in _numbers(catalogue)]).alias("figures"))
    listed = once.select(F.inline("figures"))
    return listed.where("difference is not null").orderBy(F.abs("difference").desc(), "feature").limit(limit)


def rates(table: DataFrame, labels: DataFrame) -> DataFrame:
    """Users, and shares with each label, by cycle and activity. Users without a known balance count in no uplift."""
    joined = table.select("cycle", "user_id", "is_low_activity").join(labels, ["cycle", "user_id"])
    return (
        joined.groupBy("cycle", "is_low_activity")
        .agg(
            F.count("*").alias("users"),
            _share("is_active").alias("active"),
            _share("has_asset_uplift").alias("asset_uplift"),
        )
        .orderBy("cycle", "is_low_activity")
    )


def _numbers(catalogue: Sequence[Feature]) -> list[Feature]:
    return [feature for feature in catalogue if feature.type == "double"]


def _share(flag: str) -> Column:
    return F.round(F.avg(F.col(flag).cast("double")), 4)


def _figures(feature: Feature) -> Column:
    value = F.col(feature.name)
    quantiles = F.percentile_approx(value, [0.1, 0.5, 0.9], 1000)
    return F.struct(
        F.lit(feature.name).alias("feature"),
        F.lit(feature.meaning).alias("meaning"),
        F.lit(feature.unit).alias("unit"),
        F.round(F.count(value) / F.nullif(F.count("*"), F.lit(0)), 3).alias("share_known"),
        F.round(F.avg(value), 2).alias("mean"),
        F.round(quantiles[0], 2).alias("p10"),
        F.round(quantiles[1], 2).alias("median"),
        F.round(quantiles[2], 2).alias("p90"),
    )


def _difference(feature: Feature, is_marked: Column) -> Column:
    value = F.col(feature.name)
    marked, others = F.avg(F.when(is_marked, value)), F.avg(F.when(~is_marked, value))
    deviation = F.nullif(F.stddev(value), F.lit(0.0))
    return F.struct(
        F.lit(feature.name).alias("feature"),
        F.lit(feature.meaning).alias("meaning"),
        F.round(marked, 2).alias("marked"),
        F.round(others, 2).alias("others"),
        F.round((marked - others) / deviation, 2).alias("difference"),
    )
