"""Small settings and small examples with a signal, made by hash, shared by the tests of the model."""

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import model, randomization
from reactivation.frames import checkpointed
from reactivation.periods import Month

MONTHS = model.Months(train=(Month.parse("2026-01"), Month.parse("2026-02")), test=Month.parse("2026-03"))
SMALL: dict[str, Any] = {
    "train_months": 2,
    "train_population": "low_activity",
    "split": {"fit": 0.5, "validate": 0.2, "calibrate": 0.3},
    "contacted_months": "trees",
    "touched_rows": "left_out",
    "excluded_features": [],
    "max_rows": 100_000,
    "min_rows": 20,
    "partitions": 2,
    "seed": 7,
    "missing_value": -999999.0,
    "trees": {
        "max_iter": 5,
        "max_depth": 3,
        "step_size": 0.3,
        "max_bins": 16,
        "min_instances_per_node": 5,
        "min_info_gain": 0.0,
        "subsampling_rate": 1.0,
        "feature_subset_strategy": "all",
        "validation_tol": 0.0,
    },
    "gate": {"confidence": 0.95, "champion_margin": 0.01, "min_rows": 50},
    "lift": {
        "is_learnt": False,
        "min_rows": 20,
        "champion_margin": 0.001,
        "trees": {
            "max_iter": 5,
            "max_depth": 2,
            "step_size": 0.3,
            "max_bins": 16,
            "min_instances_per_node": 50,
            "min_info_gain": 0.0,
            "subsampling_rate": 1.0,
            "feature_subset_strategy": "all",
        },
    },
    "reasons": True,
    "deciles": 10,
    "calibration_bins": 5,
    "refit": False,
    "auto_approve": False,
    "pip_requirements": ["pyspark==4.1.1", "mlflow==3.17.2"],
}


@pytest.fixture
def settings() -> model.ModelSettings:
    return model.ModelSettings(**SMALL)


@pytest.fixture(scope="session")
def examples(spark: SparkSession) -> DataFrame:
    """400 users in three months: who logged in often, or is of segment `a`, tends to be active; one in five is busy."""
    months = F.explode(F.array(*[F.lit(str(month)) for month in MONTHS.all])).alias("cycle")
    users = spark.range(1, 401).select(months, F.col("id").alias("user_id"))
    logins = randomization.bucket("logins") % 12
    segment = F.when(randomization.bucket("segment") < 3000, F.lit("a")).when(
        randomization.bucket("segment") < 9000, F.lit("b")
    )
    luck = randomization.bucket("luck", F.col("user_id") * 31 + F.hash("cycle")) / 10_000
    chance_of_it = 0.05 + 0.05 * F.col("login_count_1m") + F.when(F.col("profile_segment") == "a", 0.35).otherwise(0)
    return checkpointed(
        users.withColumn("is_low_activity", F.pmod("user_id", F.lit(5)) > 0)
        .withColumn("login_count_1m", logins.cast("double"))
        .withColumn("asset_total_last", F.when(logins > 3, F.col("user_id") * 1.0))
        .withColumn("profile_segment", segment)
        .withColumn("label", (luck < chance_of_it).cast("double"))
    )


@pytest.fixture(scope="session")
def trained(examples: DataFrame) -> model.Trained:
    return model.train(examples, months=MONTHS, salt="s", settings=model.ModelSettings(**SMALL))


@pytest.fixture(scope="session")
def months() -> model.Months:
    return MONTHS


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """The small settings as conf would hold them."""
    return SMALL
