"""A bank's rows under new users: as many as there are copies, none twice, all else as it was."""

import pytest
from pyspark.sql import SparkSession

from reactivation_lab.benchmarks.copies import repeated

pytestmark = pytest.mark.edges


def test_each_row_is_there_once_per_copy_under_users_of_its_own(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [(0, "a", 0.5), (1, "b", None), (7, "a", 2.5)], "user_id bigint, place string, x double"
    )
    made = repeated(rows, copies=3, keys=("place",))
    assert made.dtypes == rows.dtypes
    assert sorted(map(tuple, made.collect())) == [
        *[(0 + n, f"a-{n}", 0.5) for n in range(3)],
        *[(3 + n, f"b-{n}", None) for n in range(3)],
        *[(21 + n, f"a-{n}", 2.5) for n in range(3)],
    ]
