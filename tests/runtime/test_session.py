"""What is different for the queries of a single job, and only for them."""

import pytest
from pyspark.sql import SparkSession

from reactivation.errors import SettingsError
from reactivation.runtime.session import changed

KEY, PER_TASK = "spark.sql.shuffle.partitions", "spark.sql.files.maxPartitionBytes"


def test_settings_hold_inside_and_are_put_back_whatever_happens(spark: SparkSession) -> None:
    before = [spark.conf.get(key) for key in (KEY, PER_TASK)]
    seen = []

    def fails() -> None:
        with changed(spark, {KEY: "7", PER_TASK: "1048576"}):
            seen.extend([spark.conf.get(KEY), spark.conf.get(PER_TASK)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert seen == ["7", "1048576"]
    assert [spark.conf.get(key) for key in (KEY, PER_TASK)] == before


@pytest.mark.parametrize("key", ["spark.driver.memory", "spark.sql.shufle.partitions", "spark.sql.warehouse.dir"])
def test_what_a_running_session_does_not_take_is_refused_before_anything_is_set(spark: SparkSession, key: str) -> None:
    before = spark.conf.get(KEY)
    with pytest.raises(SettingsError, match=key), changed(spark, {KEY: "7", key: "1g"}):
        pass
    assert spark.conf.get(KEY) == before
