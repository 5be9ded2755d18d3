"""Who runs a session, by the platform, and when, by the machine's clock: for notes of who did what."""

from datetime import UTC, datetime
from functools import cache

from pyspark.sql import SparkSession


@cache
def principal(spark: SparkSession) -> str:
    """The authenticated account: Databricks' user or service principal, else Hadoop's login (Kerberos or system)."""
    return str(spark.sql("select current_user() as name").collect()[0].name)


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)
