"""Who was left alone by assignment, and for how many such a user speaks.

Untouched are the held out, and those whom the draw barred from all contact: whoever the own cell's policy did not pick,
unless it may guide them. Never those who were open to contact and received nothing: they were passed over for what they
did, and do otherwise than the rest. Users of the cell `none` are not contacted whatever is drawn.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.planning.settings import GUIDED_TIERS
from reactivation.contracts.derived import ALL_POLICIES, READS_MODEL

HELD_OUT = ("holdout", "long_holdout")
_FACTS = ("cycle", "is_drawn", *(f"picked_by_{policy}" for policy in ALL_POLICIES), "may_be_guided")
"""What is known of a user before cell and touch are drawn, and what decides in which draws nobody may contact him."""


def marked(arms: DataFrame, tiers: DataFrame) -> DataFrame:
    """`arms` with `is_untouched` and `weight_untouched`. Grain and key: cycle, user_id.

    tiers: of the same months. weight_untouched: 1 / P(untouched | facts before assignment), null for the touched; 1 for
    users who were not drawn. P is counted among the users of the month whom the policies would pick alike and guide
    alike: cell and touch are drawn alike for all of them, so their share of untouched is each one's probability,
    whatever conf said at the time. Where none of such users is untouched, nobody speaks for them.

    Reference: Horvitz and Thompson, JASA 47 (1952).
    """
    is_barred = ~F.col("is_selected") & ~(F.col("policy").isin(*READS_MODEL) & F.col("may_be_guided"))
    is_untouched = ~F.col("is_drawn") | F.col("touch").isin(*HELD_OUT) | is_barred
    known = (
        arms.join(tiers.select("cycle", "user_id", "tier"), ["cycle", "user_id"], "left")
        .withColumns(
            {
                "is_drawn": F.col("touch").isNotNull(),
                "picked_by_challenger": F.coalesce("picked_by_challenger", F.lit(False)),
                "may_be_guided": F.coalesce(F.col("tier").isin(*GUIDED_TIERS), F.lit(False)),
            }
        )
        .withColumn("is_untouched", is_untouched)
    )
    alike = known.groupBy(*_FACTS).agg(F.count("*").alias("_all"), F.count_if("is_untouched").alias("_untouched"))
    weight = F.when(F.col("is_untouched"), F.col("_all") / F.col("_untouched"))
    return (
        known.join(F.broadcast(alike), list(_FACTS))
        .withColumn("weight_untouched", weight)
        .drop("tier", "may_be_guided", "_all", "_untouched")
    )
