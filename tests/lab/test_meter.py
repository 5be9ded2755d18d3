"""What a stretch of work cost, as Spark and the system counted it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reactivation_lab.measurement import machine, meter
from reactivation_lab.measurement.meter import measured, resident_bytes

pytestmark = pytest.mark.edges

ROWS = 20_000


def shuffled(spark: SparkSession) -> int:
    """Every row crosses one shuffle of four parts; two counts of partial counts cross none of note."""
    return spark.range(0, ROWS, 1, 2).repartition(4, "id").where(F.col("id") >= 0).count()


def test_the_shuffle_of_a_job_is_counted_and_nothing_spills(spark: SparkSession) -> None:
    with measured(spark) as cost:
        assert shuffled(spark) == ROWS
    assert cost.shuffle_write_bytes > ROWS  # a row is at least a byte
    assert cost.shuffle_read_bytes == cost.shuffle_write_bytes
    assert (cost.spill_memory_bytes, cost.spill_disk_bytes, cost.stages_lost) == (0, 0, 0)
    assert cost.stages >= 3  # rows written, rows counted, counts added
    assert cost.tasks >= 2 + 1 + 1
    assert cost.seconds > 0
    assert cost.task_seconds > 0


def test_several_jobs_inside_are_one_cost_and_what_ran_before_is_none_of_it(spark: SparkSession) -> None:
    with measured(spark) as once:
        shuffled(spark)
    with measured(spark) as twice:
        shuffled(spark)
        shuffled(spark)
    with measured(spark) as nothing:
        pass
    assert twice.stages == 2 * once.stages
    assert twice.shuffle_write_bytes == pytest.approx(2 * once.shuffle_write_bytes, rel=0.05)
    assert (nothing.stages, nothing.tasks, nothing.shuffle_write_bytes) == (0, 0, 0)


def test_memory_is_that_of_python_and_of_the_jvm_it_started(spark: SparkSession) -> None:
    with measured(spark) as cost:
        shuffled(spark)
    assert cost.memory_bytes is not None
    assert cost.heap_bytes is not None
    assert cost.memory_bytes > 200 * 2**20  # a JVM with Spark in it alone is more
    assert resident_bytes() <= (machine.machine()["memory_bytes"] or 0)


FORKS = """
import os, subprocess, sys, time
from reactivation_lab.measurement.meter import resident_bytes

held = b"x" * (200 * 2**20)
alone = resident_bytes()
child = os.fork()
if not child:
    time.sleep(60)
forked = resident_bytes()
os.kill(child, 9)
os.waitpid(child, 0)
holds_half = "import time; held = b'x' * (100 * 2**20); print(flush=True); time.sleep(60)"
other = subprocess.Popen([sys.executable, "-c", holds_half], stdout=subprocess.PIPE)
other.stdout.readline()
print(alone, forked, resident_bytes())
other.kill()
"""


def test_a_process_just_forked_counts_nothing_until_it_is_a_program_of_its_own() -> None:
    lib = str(Path(meter.__file__).parents[2])
    told = subprocess.run(
        [sys.executable, "-c", FORKS], env={**os.environ, "PYTHONPATH": lib}, capture_output=True, check=True
    )
    alone, forked, with_another = map(int, told.stdout.split())
    assert alone > 200 * 2**20
    assert forked == pytest.approx(alone, rel=0.1)  # 200 MiB more, were the child's pages counted
    assert with_another - alone > 100 * 2**20


@pytest.mark.parametrize(("status", "lost"), [("COMPLETE", 1), ("SKIPPED", 0)])
def test_stages_that_ran_and_that_spark_has_forgotten_are_counted_as_lost(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, status: str, lost: int
) -> None:
    stages = meter._stages

    def forgetful(session: SparkSession) -> list[Any]:
        newest, *known = stages(session)
        one = next(stage for stage in known if stage.status().toString() == status)
        return [newest, *(stage for stage in known if stage is not one)]

    frame: Any = spark.range(0, ROWS, 1, 2).repartition(4, "id")
    rows = frame._jdf.queryExecution().toRdd()
    with measured(spark) as cost:
        for _ in range(2):  # the second time what was shuffled is there: one stage is skipped
            rows.count()
        spark.sparkContext.emptyRDD().count()
        monkeypatch.setattr(meter, "_stages", forgetful)
    assert cost.stages_lost == lost


def test_a_record_names_machine_and_versions(spark: SparkSession) -> None:
    assert set(machine.versions(spark)) == {"python", "java", "spark", "delta", "mlflow"}
    assert machine.versions(spark)["spark"] == spark.version
    assert machine.machine()["cores"] >= 1
