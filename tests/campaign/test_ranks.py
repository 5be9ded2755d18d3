"""Ranks in pieces are the ranks of one long sort."""

import pytest
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.assignment.ranks import Order, ranked

pytestmark = pytest.mark.rules


def test_ranks_equal_one_row_number_over_everybody(spark: SparkSession) -> None:
    # Values with many ties at 0, nulls, negatives and a long tail; every seventh user is not ranked at all.
    users = spark.range(1, 1501).select(
        F.col("id").alias("user_id"),
        F.when(F.col("id") % 3 == 0, 0.0)
        .when(F.col("id") % 11 == 0, None)
        .otherwise(F.pmod(F.xxhash64("id"), 400) / 7 - 20)
        .alias("value"),
    )
    is_ranked, ties = F.col("user_id") % 7 != 0, randomization.hashed("ties")
    everybody = Window.orderBy(F.desc("is_ranked"), F.desc_nulls_last("value"), ties)
    expected = users.withColumn("is_ranked", is_ranked).withColumn("expected", F.row_number().over(everybody))
    found = ranked(expected, {"place": Order(F.col("value"), ties, is_ranked)})
    assert found.where("is_ranked and place <> expected or not is_ranked and place is not null").isEmpty()
    assert found.agg(F.max("place"), F.count("place"), F.count("*")).first() == (1286, 1286, 1500)


def test_equals_are_ordered_by_hash_and_unknown_comes_last(spark: SparkSession) -> None:
    users = spark.createDataFrame(
        [(1, 5.0, 9), (2, 5.0, -9), (3, None, 0), (4, 7.0, 0)], "user_id long, v double, h long"
    )
    found = ranked(users, {"place": Order(F.col("v"), F.col("h"), F.lit(True))})
    assert {row.user_id: row.place for row in found.collect()} == {4: 1, 2: 2, 1: 3, 3: 4}


def test_nobody_ranked_is_no_error(spark: SparkSession) -> None:
    users = spark.createDataFrame([(1, 5.0)], "user_id long, v double")
    found = ranked(users, {"place": Order(F.col("v"), F.col("user_id"), F.lit(False))})
    assert [tuple(row) for row in found.collect()] == [(1, 5.0, None)]
