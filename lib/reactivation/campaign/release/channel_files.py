"""What a campaign manager gets: a file of contacts per wave and channel, and one of those whom nobody may contact."""

from datetime import date
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

COLUMNS = ("contact_id", "user_id", "benefit", "send_on")


def contacts(plan: DataFrame) -> DataFrame:
    """The contacts of all channels: channel and `COLUMNS`. Draws of `none` are nobody's contact and in no file."""
    return plan.where(F.col("contact_id").isNotNull()).select("channel", *COLUMNS)


def suppressed(
    arms: DataFrame, *, shields: Literal["alike", "nobody"], month_until: date, long_holdout_until: date
) -> DataFrame:
    """Whom the bank's other senders of marketing leave alone. Grain and key: user_id; `file` names their file.

    shields: `alike` names the touched and the held out of every cell, so that other senders reach both sides of a
    comparison as often; `nobody` names none. until: the first day on which the user may be contacted again; that of the
    long holdout lies months ahead. purpose: marketing; security, repayment and service messages are none of its
    business.
    """
    is_long = F.col("touch") == "long_holdout"
    until = F.when(is_long, F.lit(long_holdout_until)).otherwise(F.lit(month_until))
    return arms.where(F.col("touch").isNotNull() & F.lit(shields == "alike")).select(
        F.lit("suppression").alias("file"), "user_id", until.alias("until"), F.lit("marketing").alias("purpose")
    )
