"""Repeats a simulated bank's raw rows under new users: one Delta commit per stretch of days that was simulated.

`python repeat_raw.py FROM TO COPIES`: user u becomes the users COPIES * u to COPIES * u + COPIES - 1. A number that
cannot be read, and that of a contact, get the copy's number behind them.
"""

import sys
from pathlib import Path
from typing import Any

from delta import configure_spark_with_delta_pip
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

_CONF: dict[str, Any] = {
    "spark.master": "local[*]",
    "spark.driver.memory": "4g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.skipRecordingEmptyCommits": "false",  # a commit's number tells its stretch
}


def main(source: str, target: str, copies: int) -> None:
    """Write each raw table stretch by stretch; of a table without rows in one there is an empty commit."""
    builder: Any = SparkSession.builder.appName("repeat_raw").config(map=_CONF)
    spark: SparkSession = configure_spark_with_delta_pip(builder).getOrCreate()
    tables = {
        path.name: spark.read.format("delta").load(str(path))
        for path in sorted(Path(source).iterdir())
        if (path / "_delta_log").is_dir()
    }
    stretches = sorted({row[0] for table in tables.values() for row in table.select("segment_on").distinct().collect()})
    for name, table in tables.items():
        for stretch in stretches:
            rows = repeated(table.where(F.col("segment_on") == stretch), copies)
            rows.write.format("delta").mode("append").partitionBy("segment_on").save(f"{target}/{name}")
    spark.stop()


def repeated(rows: DataFrame, copies: int) -> DataFrame:
    """Each row `copies` times."""
    each = rows.withColumn("_copy", F.explode(F.sequence(F.lit(0), F.lit(copies - 1))))
    number = F.expr("try_cast(user_id as bigint)") * F.lit(copies) + F.col("_copy")
    new = {"user_id": F.coalesce(number.cast("string"), F.concat_ws("-", "user_id", "_copy"))}
    new["user_id"] = F.when(F.col("user_id").isNotNull(), new["user_id"])
    new |= {"contact_id": F.concat_ws("-", "contact_id", "_copy")} if "contact_id" in rows.columns else {}
    return each.withColumns(new).drop("_copy")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
