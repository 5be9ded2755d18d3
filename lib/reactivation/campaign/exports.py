"""What a campaign manager gets: one file of contacts per wave and channel."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

COLUMNS = ("contact_id", "user_id", "benefit", "send_on")


def channel_rows(plan: DataFrame, channel: str) -> DataFrame:
    """The contacts of one channel; draws of `none` are nobody's contact and in no file."""
    is_sent = (F.col("channel") == channel) & F.col("contact_id").isNotNull()
    return plan.where(is_sent).select(*COLUMNS)
