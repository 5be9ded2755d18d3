"""A larger bank by copies: each row of a built bank repeated under new users."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def repeated(rows: DataFrame, *, copies: int, keys: tuple[str, ...] = ()) -> DataFrame:
    """Repeat each row `copies` times. Grain: that of the frame, per copy.

    User u becomes the users copies * u to copies * u + copies - 1. keys: text columns that must differ between copies;
    the copy's number is appended to them.
    """
    each = rows.withColumn("_copy", F.explode(F.sequence(F.lit(0), F.lit(copies - 1))))
    new = {"user_id": (F.col("user_id") * F.lit(copies) + F.col("_copy")).cast("bigint")}
    new |= {key: F.concat_ws("-", key, "_copy") for key in keys}
    return each.withColumns(new).drop("_copy")
