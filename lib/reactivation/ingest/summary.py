"""A page's view of the ingest: what arrived, what was kept, why the rest was not, and how fresh each source is."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.ingest.arrival_range import UNDATED

_COUNTS = ("rows_in", "rows_kept", "rows_quarantined", "rows_duplicate", "rows_readmitted")


def by_source(counts: DataFrame) -> DataFrame:
    """Rows of each source over all months: in = kept + quarantined + duplicate. counts: rows of `ingest_counts`."""
    lost = F.col("rows_quarantined") / F.nullif("rows_in", F.lit(0))
    return (
        counts.groupBy("source")
        .agg(*[F.sum(name).alias(name) for name in _COUNTS])
        .withColumn("share_quarantined", F.round(lost, 4))
        .orderBy("source")
    )


def by_month(counts: DataFrame) -> DataFrame:
    """Rows kept of each source by month of arrival, months that cannot be said left out."""
    return counts.where(F.col("cycle") != UNDATED).select("cycle", "source", "rows_kept").orderBy("cycle", "source")


def reasons(quarantine: DataFrame) -> DataFrame:
    """Rejected rows by source and rule, the most first, with what was found in one of them."""
    return (
        quarantine.groupBy("source", "reason")
        .agg(F.count("*").alias("rows"), F.min("detail").alias("for_example"))
        .orderBy(F.col("rows").desc(), "source", "reason")
    )


def freshness(counts: DataFrame) -> DataFrame:
    """By source: the newest month with rows, up to which day was read, and when its newest file came (where known)."""
    is_month = F.col("cycle") != UNDATED
    return (
        counts.groupBy("source")
        .agg(
            F.max(F.when(is_month & (F.col("rows_in") > 0), F.col("cycle"))).alias("newest_month"),
            F.max("arrived_before").alias("read_up_to"),
            F.max("delivered_on").alias("delivered_on"),
            F.sum("not_yet_arrived").alias("rows_of_later_days"),
        )
        .orderBy("source")
    )
