"""Which months train and which one tests, and the rows of each: what was known before a month, what came in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import chance
from reactivation.model.settings import ModelSettings
from reactivation.periods import Calendar, Month
from reactivation.tables import derived

TARGETS: Mapping[str, str] = {"active": "is_active", "asset_uplift": "has_asset_uplift"}
"""Name of each model: the column of `labels` that it foretells."""

LABEL = "label"
SPLIT = "split"
KEYS = derived.FEATURES.column_names


@dataclass(frozen=True)
class Months:
    """Months a cycle may learn from. All are settled at the cycle's observation date, and the test month never trains.

    train: oldest first. test: the newest settled month.
    """

    train: tuple[Month, ...]
    test: Month

    @property
    def all(self) -> tuple[Month, ...]:
        return (*self.train, self.test)


def months(cycle: Month, *, calendar: Calendar, settings: ModelSettings) -> Months:
    """The training months and the test month of a cycle: with settle_days above 0, 2026-06 tests on 2026-04."""
    test = calendar.newest_settled(cycle.first)
    return Months(tuple(test - back for back in range(settings.train_months, 0, -1)), test)


def feature_names(features: DataFrame) -> list[str]:
    """Columns of `features` that a model may learn from: all but the key and the mark of the low-active."""
    return [name for name in features.columns if name not in KEYS]


def examples(features: DataFrame, labels: DataFrame, *, target: str) -> DataFrame:
    """Features as known before each month joined with what happened in it; grain and key as in `features`.

    label is 1.0 or 0.0. A user without a label (no balance known) is left out.
    """
    known = labels.where(F.col(TARGETS[target]).isNotNull())
    label = known.select("cycle", "user_id", F.col(TARGETS[target]).cast("double").alias(LABEL))
    return features.join(label, ["cycle", "user_id"], "inner")


def fingerprint(*tables: DataFrame) -> str:
    """Rows and sum of the rows' hashes of some tables: equal for equal rows in any order, columns by name."""
    totals = [
        table.select(F.xxhash64(*sorted(table.columns)).cast("decimal(38,0)").alias("row"))
        .agg(F.count("*").alias("rows"), F.coalesce(F.sum("row"), F.lit(0)).alias("total"))
        .collect()[0]
        for table in tables
    ]
    return " ".join(f"{total.rows}:{total.total}" for total in totals)


def split(rows: DataFrame, *, share: float, salt: str, settings: ModelSettings) -> DataFrame:
    """Sample users by hash and mark each row `fit`, `validate` or `calibrate`: a user is in one of them for good."""
    is_sampled = chance.is_within(chance.bucket(f"{salt}|sample"), share)
    drawn = chance.draw(chance.bucket(f"{salt}|split"), settings.split.shares)
    return rows.where(is_sampled).withColumn(SPLIT, drawn).where(_has_use(settings))


def arranged(rows: DataFrame, settings: ModelSettings) -> DataFrame:
    """The same rows in a fixed number of partitions and a fixed order, on which MLlib's trees depend."""
    return rows.repartition(settings.partitions, "user_id").sortWithinPartitions("user_id", "cycle")


def _has_use(settings: ModelSettings) -> Column:
    """The trees learn from the chosen population; the calibration always from the low-active."""
    if settings.train_population == "low_activity":
        return F.col("is_low_activity")
    return F.col("is_low_activity") | (F.col(SPLIT) != "calibrate")
