"""Channel files: one CSV per wave and channel. Spark writes them on any file system, whole or not at all."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession


def write_files(frames: Mapping[str, DataFrame], folder: str, *, order_by: str) -> dict[str, int]:
    """Write `<folder>/<name>.csv` for each frame, with a header, sorted; returns the rows of each file.

    One task writes a file, so that equal rows give equal bytes. The task streams its rows. A file is written under a
    temporary name in the same folder and renamed. A name without rows has no file; an older file of it is removed.
    """
    counts: dict[str, int] = {}
    for name, frame in frames.items():
        counts[name] = frame.count()
        if counts[name]:
            _write(frame.repartition(1).sortWithinPartitions(order_by), f"{folder}/{name}.csv")
        else:
            remove(frame.sparkSession, [f"{folder}/{name}.csv"])
    return counts


def copy(spark: SparkSession, source: str, target: str) -> None:
    """Copy a folder to a new place; do nothing where the folder is missing."""
    system, place = _system(spark, source), _path(spark, source)
    if system.exists(place):
        to, jvm = _system(spark, target), spark.sparkContext._jvm
        assert jvm is not None
        jvm.org.apache.hadoop.fs.FileUtil.copy(system, place, to, _path(spark, target), False, to.getConf())


def copy_whole(spark: SparkSession, source: str, target: str) -> None:
    """Copy a folder under a temporary name and rename it; do nothing where the target exists, for it is whole."""
    copying = f"{target}.copying"
    if _system(spark, target).exists(_path(spark, target)):
        return
    remove(spark, [copying])
    copy(spark, source, copying)
    _rename(spark, _path(spark, copying), target)


def _write(frame: DataFrame, target: str) -> None:
    spark = frame.sparkSession
    folder, _, name = target.rpartition("/")
    writing = f"{folder}/.{name}.writing"
    try:
        frame.write.mode("overwrite").option("header", "true").csv(writing)
        system = _system(spark, writing)
        written = [status.getPath() for status in system.listStatus(_path(spark, writing))]
        part = next(path for path in written if path.getName().endswith(".csv"))
        remove(spark, [target])
        _rename(spark, part, target)
    finally:
        # Hadoop's local file system keeps checksums beside its files; the receiver of a file has no use for them.
        remove(spark, [writing, f"{folder}/.{name}.crc"])


def _rename(spark: SparkSession, written: Any, target: str) -> None:
    if not _system(spark, target).rename(written, _path(spark, target)):
        raise OSError(f"{target} cannot be written: {written} could not be renamed to it")


def remove(spark: SparkSession, places: Iterable[str]) -> None:
    """Delete files and folders on any file system; ignore those that are missing."""
    for place in places:
        _system(spark, place).delete(_path(spark, place), True)


def _system(spark: SparkSession, place: str) -> Any:
    return _path(spark, place).getFileSystem(spark._jsparkSession.sessionState().newHadoopConf())


def _path(spark: SparkSession, place: str) -> Any:
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    return jvm.org.apache.hadoop.fs.Path(place)
