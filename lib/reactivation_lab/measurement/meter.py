"""The cost of a block of work: seconds, peak memory of all its processes, and Spark's own counters."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import psutil
from pyspark.sql import SparkSession

import reactivation
from reactivation_lab.measurement import machine
from reactivation_lab.measurement.watching import watched

_STAGE_COUNTERS = {
    "task_seconds": ("executorRunTime", 1e-3),
    "cpu_seconds": ("executorCpuTime", 1e-9),
    "gc_seconds": ("jvmGcTime", 1e-3),
    "tasks": ("numCompleteTasks", 1),
    "input_bytes": ("inputBytes", 1),
    "input_rows": ("inputRecords", 1),
    "output_bytes": ("outputBytes", 1),
    "shuffle_read_bytes": ("shuffleReadBytes", 1),
    "shuffle_write_bytes": ("shuffleWriteBytes", 1),
    "spill_memory_bytes": ("memoryBytesSpilled", 1),
    "spill_disk_bytes": ("diskBytesSpilled", 1),
}


@dataclass
class Cost:
    """What was measured; None where this machine does not tell.

    memory_bytes: highest sum of `resident_bytes` of this process and all it started (Spark's JVM, its workers), seen
    every quarter of a second; a page that two programs share counts twice. heap_bytes: sum of the highest use of the
    JVM's heap pools, of the driver alone on a cluster. The rest is Spark's own count over the stages that ran, attempts
    that failed included: task_seconds over all cores, spill_memory_bytes as the rows lay in memory, spill_disk_bytes as
    they were written. stages_lost: stages that ran and that Spark forgot before they were read; above 0 the counts are
    too low, and `spark.ui.retainedStages` must be raised.
    """

    seconds: float = 0.0
    memory_bytes: int | None = None
    heap_bytes: int | None = None
    stages: int = 0
    stages_lost: int = 0
    tasks: int = 0
    task_seconds: float = 0.0
    cpu_seconds: float = 0.0
    gc_seconds: float = 0.0
    input_bytes: int = 0
    input_rows: int = 0
    output_bytes: int = 0
    shuffle_read_bytes: int = 0
    shuffle_write_bytes: int = 0
    spill_memory_bytes: int = 0
    spill_disk_bytes: int = 0

    def as_record(self) -> dict[str, Any]:
        """By name; seconds to the millisecond."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}


@contextlib.contextmanager
def measured(spark: SparkSession) -> Iterator[Cost]:
    """Measure what runs inside; the cost is whole when the block has ended without an error.

    All stages count that the session starts meanwhile, from whatever thread: measure one thing at a time.
    """
    cost, first = Cost(), _next_stage(spark)
    pools = _heap_pools(spark)
    for pool in pools:
        pool.resetPeakUsage()
    seen: list[int] = []
    started = time.monotonic()
    with watched(lambda: seen.append(resident_bytes())):
        yield cost
    cost.seconds = time.monotonic() - started
    cost.memory_bytes = max(seen) or None
    cost.heap_bytes = sum(int(pool.getPeakUsage().getUsed()) for pool in pools) or None
    _add_stages(cost, spark, first)


def surroundings(spark: SparkSession, root: str) -> dict[str, Any]:
    """What a record says beside the cost: machine, versions, code_version, root_bytes and finished_at."""
    return {
        "machine": machine.machine(),
        "versions": machine.versions(spark),
        "code_version": reactivation.__version__,
        "root_bytes": machine.disk_bytes(root),
        "finished_at": datetime.now(UTC),
    }


def resident_bytes() -> int:
    """Resident memory of this process and all its descendants.

    A process that is just being started still has its parent's memory, which counts once: one as large as its parent,
    by all the addresses that it may use, is left out until it runs a program of its own.
    """
    own = psutil.Process()
    known: dict[int, tuple[int, Any]] = {}
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            known[process.pid] = process.ppid(), process.memory_info()
    return sum(
        memory.rss
        for number, (parent, memory) in known.items()
        if number == own.pid or parent not in known or not _is_as_large(memory.vms, known[parent][1].vms)
    )


def _is_as_large(addresses: int, of_parent: int) -> bool:
    return abs(addresses - of_parent) <= of_parent / 1000


def _jvm(spark: SparkSession) -> Any:
    jvm: Any = spark.sparkContext._jvm
    assert jvm is not None
    return jvm


def _heap_pools(spark: SparkSession) -> list[Any]:
    pools = _jvm(spark).java.lang.management.ManagementFactory.getMemoryPoolMXBeans()
    return [pool for pool in pools if pool.getType().name() == "HEAP"]


def _stages(spark: SparkSession) -> Iterator[Any]:
    """All stages that Spark still knows, the newest first."""
    context: Any = spark.sparkContext._jsc.sc()
    context.listenerBus().waitUntilEmpty()  # what is counted comes to the store through it
    gateway: Any = spark.sparkContext._gateway
    quantiles = gateway.new_array(gateway.jvm.double, 0)
    found = context.statusStore().stageList(None, False, False, quantiles, gateway.jvm.java.util.ArrayList())
    for number in range(found.size()):
        yield found.apply(number)


def _next_stage(spark: SparkSession) -> int:
    """The number that the next stage gets: one more than that of a job run for this.

    The newest stage that Spark remembers need not be the last it numbered: of many, skipped ones are forgotten first.
    """
    one = _jvm(spark).java.util.ArrayList()
    one.add(0)
    spark.sparkContext._jsc.parallelize(one, 1).count()
    return 1 + max(int(stage.stageId()) for stage in _stages(spark))


def _add_stages(cost: Cost, spark: SparkSession, first: int) -> None:
    seen: set[int] = set()
    known_skipped = 0
    for stage in _stages(spark):
        number = int(stage.stageId())
        if number < first:
            continue
        seen.add(number)
        if stage.status().toString() == "SKIPPED":  # an earlier one has its rows already
            known_skipped += 1
            continue
        cost.stages += 1
        for name, (counter, unit) in _STAGE_COUNTERS.items():
            value = getattr(stage, counter)() * unit
            setattr(cost, name, getattr(cost, name) + value)
    forgotten = max(seen, default=first - 1) + 1 - first - len(seen)
    cost.stages_lost = forgotten - (_skipped_since(spark, first) - known_skipped)


def _skipped_since(spark: SparkSession, first: int) -> int:
    """How many stages did not run, by what Spark knows of its jobs: of its stages it forgets these before others."""
    jobs = spark.sparkContext._jsc.sc().statusStore().jobsList(None)
    known = [jobs.apply(number) for number in range(jobs.size())]
    with_skipped = [job for job in known if job.numSkippedStages()]  # a job over nothing has no stage at all
    return sum(int(job.numSkippedStages()) for job in with_skipped if int(job.stageIds().head()) >= first)
