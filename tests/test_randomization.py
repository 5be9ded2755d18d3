"""Chance: golden values that anyone can recompute, and cuts that give the shares asked for."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reactivation import randomization

pytestmark = pytest.mark.rules

SALT = "sandbox|mobile_activity|2026-06|cell"
GOLDEN = {1: 5160, 2: 2739, 1_000_000_007: 3591}  # by an independent implementation of XXH64 (seed 42)
AS_INT = {1: 2934, 2: 237, 1_000_000_007: 3804}


def test_a_bucket_is_the_same_on_every_machine_and_by_hand(spark: SparkSession) -> None:
    ids = spark.createDataFrame([(user,) for user in GOLDEN], "user_id bigint")
    assert {
        row.user_id: row.b for row in ids.select("user_id", randomization.bucket(SALT).alias("b")).collect()
    } == GOLDEN
    by_hand = f"pmod(xxhash64(cast('{SALT}' as string), cast(user_id as bigint)), 10000)"
    assert {row.user_id: row.b for row in ids.selectExpr("user_id", f"{by_hand} as b").collect()} == GOLDEN


def test_an_int_hashes_otherwise_so_ids_are_cast_first(spark: SparkSession) -> None:
    ids = spark.createDataFrame([(user,) for user in GOLDEN], "user_id int")
    uncast = f"pmod(xxhash64('{SALT}', user_id), 10000)"
    assert {row.user_id: row.b for row in ids.selectExpr("user_id", f"{uncast} as b").collect()} == AS_INT
    assert {
        row.user_id: row.b for row in ids.select("user_id", randomization.bucket(SALT).alias("b")).collect()
    } == GOLDEN


def test_shares_are_cut_cumulatively_in_order(spark: SparkSession) -> None:
    shares = {"model": 0.5, "rule": 0.3, "random": 0.2}
    drawn = spark.range(10_000).select(randomization.draw(F.col("id"), shares).alias("cell"), "id").groupBy("cell")
    found = {
        row.cell: (row.low, row.n) for row in drawn.agg(F.min("id").alias("low"), F.count("*").alias("n")).collect()
    }
    assert found == {"model": (0, 5000), "rule": (5000, 3000), "random": (8000, 2000)}
    assert randomization.probabilities(shares) == shares


def test_shares_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="must be 1"):
        randomization.draw(F.lit(1), {"a": 0.5, "b": 0.4})
