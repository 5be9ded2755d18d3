"""Draws are pure functions of seed, purpose and numbers."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reactivation_lab.bank.hash_rng import HashRng

pytestmark = pytest.mark.rules


def test_uniforms_fill_the_unit_interval_normals_are_standard_and_seeds_and_purposes_are_unrelated(
    spark: SparkSession,
) -> None:
    one, other = HashRng(1), HashRng(2)
    draws = spark.range(20_000).select(
        one.uniform("a", "id").alias("a"),
        one.uniform("b", "id").alias("b"),
        other.uniform("a", "id").alias("c"),
        one.normal("n", "id").alias("n"),
        one.count(F.lit(0.3), "k", "id").alias("k"),
    )
    found = draws.selectExpr(
        "min(a)", "max(a)", "avg(a)", "corr(a, b)", "corr(a, c)", "avg(n)", "stddev(n)", "avg(k)"
    ).collect()[0]
    low, high, mean, with_purpose, with_seed, centre, spread, rate = found
    assert 0 < low < 0.001
    assert 0.999 < high < 1
    assert mean == pytest.approx(0.5, abs=0.01)
    assert with_purpose == pytest.approx(0, abs=0.03)
    assert with_seed == pytest.approx(0, abs=0.03)
    assert (centre, spread) == (pytest.approx(0, abs=0.03), pytest.approx(1, abs=0.03))
    assert rate == pytest.approx(0.3, abs=0.02)
