"""How many users each label speaks of, and how many have it: what a model of it could learn from."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def base_rates(labels: DataFrame) -> DataFrame:
    """One row per cycle: users, active, balances_known, asset_uplift; counts of users. labels: rows of `labels`."""
    return (
        labels.groupBy("cycle")
        .agg(
            F.count("*").alias("users"),
            F.count_if("is_active").alias("active"),
            F.count("has_asset_uplift").alias("balances_known"),
            F.count_if("has_asset_uplift").alias("asset_uplift"),
        )
        .orderBy("cycle")
    )
