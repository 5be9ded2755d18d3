"""Removes the files of old Delta versions: what nobody reads any more must not fill the disk."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from reactivation.contracts.table import Table
from reactivation.errors import Finding, SettingsError
from reactivation.runtime.store import Store

SAFE_HOURS = 168.0
_CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
_LISTERS = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
"""Tasks that list a table's folders: Spark takes 10 000, even for a handful of folders."""


class Vacuumed(NamedTuple):
    """Bytes of a table's data files, those of old versions too, before and after; None where they cannot be seen."""

    table: str
    bytes_before: int | None
    bytes_after: int | None


def vacuum(store: Store, tables: Iterable[Table], *, keep_hours: float, force: bool = False) -> list[Vacuumed]:
    """Remove what no version of the last `keep_hours` needs, of those of the tables that are there.

    A reader that began earlier, and a restore to an older version, need those files: below a week SettingsError, unless
    forced. A table keeps its rows and its number of versions; only the way back in time becomes shorter.
    """
    if not 0 <= keep_hours < math.inf:
        raise SettingsError("nothing was removed", [Finding("no hours", f"--keep-hours {keep_hours:g}", "0 or more")])
    if keep_hours < SAFE_HOURS and not force:
        advice = f"below {SAFE_HOURS:g} a job that still reads may lose its files: --force where none runs"
        raise SettingsError("nothing was removed", [Finding("not safe", f"--keep-hours {keep_hours:g}", advice)])
    tasks = str(2 * store.spark.sparkContext.defaultParallelism)
    changed = {_LISTERS: tasks, "spark.sql.shuffle.partitions": tasks}
    if keep_hours < SAFE_HOURS:
        changed[_CHECK] = "false"  # Delta's own refusal; ours has been answered
    with _under(store.spark, changed):
        return [_vacuum(store, table, keep_hours) for table in tables if store.has(table)]


def _vacuum(store: Store, table: Table, keep_hours: float) -> Vacuumed:
    """A table whose newest version has all the bytes that lie there is left alone: looking for more takes seconds."""
    delta = store.delta(table)
    newest = delta.detail().select("location", "sizeInBytes").collect()[0]
    before = _data_bytes(store.spark, newest.location)
    if before is not None and before <= newest.sizeInBytes:
        return Vacuumed(table.name, before, before)
    delta.vacuum(keep_hours)
    return Vacuumed(table.name, before, _data_bytes(store.spark, newest.location))


def _data_bytes(spark: SparkSession, place: str) -> int | None:
    """Bytes of all files under a place but Delta's log; None where a catalog keeps its tables' files to itself."""
    jvm: Any = spark.sparkContext._jvm
    path = jvm.org.apache.hadoop.fs.Path(place)
    try:
        system = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
        log = system.getContentSummary(jvm.org.apache.hadoop.fs.Path(path, "_delta_log"))
        return int(system.getContentSummary(path).getLength() - log.getLength())
    except Py4JJavaError:
        return None


@contextmanager
def _under(spark: SparkSession, changed: Mapping[str, str]) -> Iterator[None]:
    """Some of the session's settings changed for a while."""
    before = {key: spark.conf.get(key, None) for key in changed}
    for key, value in changed.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, there in before.items():
            if there is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, there)
