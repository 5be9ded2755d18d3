"""Which months train and which one tests, and the rows of each: what was known before a month, what came in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError, nearest
from reactivation.frames import union_all
from reactivation.model.settings import ModelSettings
from reactivation.periods import Month

TARGETS: Mapping[str, str] = {"active": "is_active", "asset_uplift": "has_asset_uplift"}
"""Name of each model: the column of `labels` that it foretells."""

LABEL = "label"
SPLIT = "split"
WEIGHT = "weight"
CALIBRATES = "may_calibrate"
WEIGHT_ALONE = "weight_alone"
_BESIDE = {LABEL, WEIGHT, CALIBRATES}
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

    def among(self, labelled: Collection[str]) -> "Months":
        """The training months of which there are labels, as a young region has them not of all; else all of them."""
        known = tuple(month for month in self.train if str(month) in labelled)
        return Months(known or self.train, self.test)


def months(newest: Month, *, settings: ModelSettings) -> Months:
    """The training months and the test month, which is the newest that may be learnt from: 2026-04 for 2026-06."""
    return Months(tuple(newest - back for back in range(settings.train_months, 0, -1)), newest)


def feature_names(features: DataFrame) -> list[str]:
    """Columns of features or examples that a model may learn from: none of the key, the label and what goes with it."""
    return [name for name in features.columns if name not in KEYS and name not in _BESIDE]


def chosen_features(rows: DataFrame, settings: ModelSettings) -> list[str]:
    """Columns that a model reads: all but `excluded_features`; ModelError names those that are no columns."""
    names = feature_names(rows)
    unknown = [name for name in settings.excluded_features if name not in names]
    if unknown:
        findings = [Finding("no feature", name, nearest(name, names)) for name in unknown]
        raise ModelError("model.excluded_features names what no user has", findings)
    return [name for name in names if name not in settings.excluded_features]


def examples(features: DataFrame, labels: DataFrame, *, target: str) -> DataFrame:
    """Features as known before each month joined with what happened in it; grain and key as in `features`.

    label is 1.0 or 0.0. A user without a label (no balance known) is left out.
    """
    known = labels.where(F.col(TARGETS[target]).isNotNull())
    label = known.select("cycle", "user_id", F.col(TARGETS[target]).cast("double").alias(LABEL))
    return features.join(label, ["cycle", "user_id"], "inner")


def weighed(
    rows: DataFrame,
    *,
    untouched: DataFrame | None,
    contacted: DataFrame | None,
    unrandomised: Collection[str],
    months: Months,
    settings: ModelSettings,
) -> DataFrame:
    """Examples that speak of users left alone: `weight` users each; the probability rests on `may_calibrate`.

    untouched: see `left_alone`; None where no month had a draw. unrandomised: months in which no draw decided who was
    contacted. contacted: cycle, user_id of whom they reached. What becomes of those months is `contacted_months` of
    conf. Grain and key as in `rows`.
    """
    found = plain(rows)
    if untouched is not None and settings.touched_rows == "left_out":
        found = left_alone(found, untouched)
    is_contacted_month, way = F.col("cycle").isin(*unrandomised), settings.contacted_months
    if way == "drop":
        found = found.where(~is_contacted_month)
    elif way == "drop_contacted" and contacted is not None:
        reached = contacted.where(is_contacted_month).select("cycle", "user_id")
        found = found.join(reached, ["cycle", "user_id"], "left_anti")
    elif way == "trees" and any(str(month) not in unrandomised for month in months.train):
        found = found.withColumn(CALIBRATES, ~is_contacted_month)
    return found


def left_alone(rows: DataFrame, untouched: DataFrame) -> DataFrame:
    """Those of the examples that speak of users left alone, each weighing as many as it speaks for.

    untouched: see `with_weight_alone`.
    """
    known = with_weight_alone(rows, untouched).where(F.col(WEIGHT_ALONE).isNotNull())
    return known.withColumn(WEIGHT, F.col(WEIGHT_ALONE)).drop(WEIGHT_ALONE)


def with_weight_alone(rows: DataFrame, untouched: DataFrame) -> DataFrame:
    """Add `weight_alone`: for how many users left alone an example speaks, null for the touched.

    untouched: cycle, user_id, weight_untouched of all users of months with a draw: 1 / P(untouched | facts before it),
    null for the touched. Who is not in it was in no campaign and keeps the row's own weight.
    """
    marks = untouched.select("cycle", "user_id", F.lit(True).alias("_drawn"), "weight_untouched")
    known = plain(rows).join(marks, ["cycle", "user_id"], "left")
    weight = F.when(F.col("_drawn"), F.col("weight_untouched")).otherwise(F.col(WEIGHT))
    return known.withColumn(WEIGHT_ALONE, weight).drop("_drawn", "weight_untouched")


def plain(rows: DataFrame) -> DataFrame:
    """Examples of which nothing is known of contacts: each weighs 1 and may calibrate, unless it says otherwise."""
    missing = {WEIGHT: F.lit(1.0), CALIBRATES: F.lit(True)}
    return rows.withColumns({name: column for name, column in missing.items() if name not in rows.columns})


class Fingerprint(NamedTuple):
    """text: rows and sum of the rows' hashes of some tables, equal for equal rows in any order, columns by name.

    rows: of each table. cycles: of each table, those that have rows.
    """

    text: str
    rows: tuple[int, ...]
    cycles: tuple[frozenset[str], ...]


def fingerprint(*tables: DataFrame) -> Fingerprint:
    """The fingerprint of some tables that have a cycle; one query."""
    hashed = [
        table.select(
            F.lit(number).alias("number"),
            "cycle",
            F.xxhash64(*sorted(table.columns)).cast("decimal(38,0)").alias("row"),
        )
        for number, table in enumerate(tables)
    ]
    sums = union_all(hashed).groupBy("number", "cycle").agg(F.count("*").alias("rows"), F.sum("row").alias("total"))
    found = sums.collect()
    own = [[row for row in found if row.number == number] for number in range(len(tables))]
    rows = tuple(sum(row.rows for row in each) for each in own)
    totals = [sum(int(row.total) for row in each) for each in own]
    text = " ".join(f"{count}:{total}" for count, total in zip(rows, totals, strict=True))
    return Fingerprint(text, rows, tuple(frozenset(row.cycle for row in each) for each in own))


def split(rows: DataFrame, *, share: float, salt: str, settings: ModelSettings) -> DataFrame:
    """Sample users by hash and mark each row `fit`, `validate` or `calibrate`: a user is in one of them for good."""
    is_sampled = randomization.is_within(randomization.bucket(f"{salt}|sample"), share)
    drawn = randomization.draw(randomization.bucket(f"{salt}|split"), settings.split.shares)
    return plain(rows).where(is_sampled).withColumn(SPLIT, drawn).where(_has_use(settings))


def arranged(rows: DataFrame, settings: ModelSettings) -> DataFrame:
    """The same rows in a fixed number of partitions and a fixed order, on which MLlib's trees depend."""
    return rows.repartition(settings.partitions, "user_id").sortWithinPartitions("user_id", "cycle")


def _has_use(settings: ModelSettings) -> Column:
    """The trees learn from the chosen population; the calibration always from the low-active."""
    is_calibrate = F.col(SPLIT) == "calibrate"
    of_population = F.lit(settings.train_population == "signed_up") & ~is_calibrate
    return (F.col("is_low_activity") | of_population) & (F.col(CALIBRATES) | ~is_calibrate)
