"""What a campaign manager gets: a file of contacts per wave and channel, and one of those whom nobody may contact."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

COLUMNS = ("contact_id", "user_id", "benefit", "send_on")


def contacts(plan: DataFrame) -> DataFrame:
    """The contacts of all channels: channel and `COLUMNS`. Draws of `none` are nobody's contact and in no file."""
    return plan.where(F.col("contact_id").isNotNull()).select("channel", *COLUMNS)


def suppressed(arms: DataFrame, *, holdout_until: date, long_holdout_until: date) -> DataFrame:
    """Whom the bank's other senders are asked to leave alone. Grain and key: user_id; `file` names their file.

    until: the first day on which the user may be contacted again; that of the long holdout lies months ahead.
    """
    until = F.when(F.col("touch") == "holdout", F.lit(holdout_until)).when(
        F.col("touch") == "long_holdout", F.lit(long_holdout_until)
    )
    return arms.where(F.col("touch").isin("holdout", "long_holdout")).select(
        F.lit("suppression").alias("file"), "user_id", until.alias("until")
    )
