"""What the month's report counts: users per tier and arm, contacts per wave."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.derived import TIERS, TOUCHES


def tier_sizes(tiers: DataFrame, arms: DataFrame) -> DataFrame:
    """Low-activity users per tier, and how many of them are picked, touched or held out. Three rows at most."""
    placed = tiers.select("user_id", "tier").join(arms.select("user_id", "is_selected", "touch"), "user_id", "left")
    counts = placed.groupBy("tier").agg(
        F.count("*").alias("users"),
        F.count_if("is_selected").alias("picked"),
        *[F.count_if(F.col("touch") == touch).alias(touch) for touch in TOUCHES],
    )
    order = F.array_position(F.array(*[F.lit(tier) for tier in TIERS]), F.col("tier"))
    return counts.orderBy(order)


def wave_fills(wave_plan: DataFrame) -> DataFrame:
    """Contacts per wave and option, their cost, and how many were drawn; one row per wave, channel and benefit."""
    return (
        wave_plan.groupBy("wave", "channel", "benefit")
        .agg(
            F.count("*").alias("users"),
            F.count_if("is_exploration").alias("drawn"),
            F.sum("cost").cast("double").alias("cost"),
        )
        .orderBy("wave", "channel", "benefit")
    )


def most_planned(plan: DataFrame) -> DataFrame:
    """The user with the most rows of a plan, of equals the first; one row or none: user_id, count."""
    return plan.groupBy("user_id").count().orderBy(F.col("count").desc(), "user_id").limit(1)
