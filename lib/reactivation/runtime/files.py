"""Channel files: one CSV per wave and channel. Spark writes them on any file system, whole or not at all."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


def write_files(rows: DataFrame, folder: str, *, by: str, names: Iterable[str], order_by: str) -> None:
    """Write `<folder>/<name>.csv` for each name in the column `by`, with a header, sorted, in one pass over the rows.

    One task writes a file, so that equal rows give equal bytes; it streams, whatever their number. Files are written
    under a temporary name beside their place and renamed; the old one stands until then, or lies at `before`. names:
    all there may be; one without rows has no file, and loses the one it had.
    """
    spark, writing = rows.sparkSession, f"{folder}/.{by}.writing"
    try:
        in_order = rows.repartition(F.col(by)).sortWithinPartitions(by, order_by)
        in_order.write.mode("overwrite").option("header", "true").partitionBy(by).csv(writing)
        for name in names:
            target, place = f"{folder}/{name}.csv", f"{writing}/{by}={name}"
            system, source = file_system(spark, place), path_of(spark, place)
            if not system.exists(source):
                remove(spark, [target, before(target)])
                continue
            for status in system.listStatus(source):
                if status.getPath().getName().endswith(".csv"):
                    _replace(spark, status.getPath(), target)
    finally:
        # Hadoop's local file system keeps checksums beside its files; the receiver of a file has no use for them.
        remove(spark, [writing, *(f"{folder}/.{name}.csv.crc" for name in names)])


def before(file: str) -> str:
    """Where the old one of a CSV file lies while the new one takes its place, and after that was broken off."""
    return f"{file.removesuffix('.csv')}.before.csv"


def _replace(spark: SparkSession, written: Any, target: str) -> None:
    """Rename a file to a place where there may be an older one; Hadoop's own renaming does not take its place."""
    system, place, aside = file_system(spark, target), path_of(spark, target), before(target)
    if system.getUri().getScheme() == "file":
        Path(system.pathToFile(written).getPath()).replace(system.pathToFile(place).getPath())
    else:
        if system.exists(place):
            remove(spark, [aside])
            _rename(spark, place, aside)
        _rename(spark, written, target)
    remove(spark, [aside])


def copy(spark: SparkSession, source: str, target: str) -> None:
    """Copy a folder to a new place; do nothing where the folder is missing."""
    system, place = file_system(spark, source), path_of(spark, source)
    if system.exists(place):
        to, jvm = file_system(spark, target), spark.sparkContext._jvm
        assert jvm is not None
        jvm.org.apache.hadoop.fs.FileUtil.copy(system, place, to, path_of(spark, target), False, to.getConf())


def copy_whole(spark: SparkSession, source: str, target: str) -> None:
    """Copy a folder under a temporary name and rename it; do nothing where the target exists, for it is whole."""
    copying = f"{target}.copying"
    if file_system(spark, target).exists(path_of(spark, target)):
        return
    remove(spark, [copying])
    copy(spark, source, copying)
    _rename(spark, path_of(spark, copying), target)


def _rename(spark: SparkSession, written: Any, target: str) -> None:
    if not file_system(spark, target).rename(written, path_of(spark, target)):
        raise OSError(f"{target} cannot be written: {written} could not be renamed to it")


def remove(spark: SparkSession, places: Iterable[str]) -> None:
    """Delete files and folders on any file system; ignore those that are missing."""
    for place in places:
        file_system(spark, place).delete(path_of(spark, place), True)


def is_there(spark: SparkSession, place: str) -> bool:
    """True where a file or folder is there."""
    return bool(file_system(spark, place).exists(path_of(spark, place)))


def files_below(spark: SparkSession, folder: str) -> Iterator[Any]:
    """Hadoop's status of each file below a folder that is there, of a file that of itself."""
    found = file_system(spark, folder).listFiles(path_of(spark, folder), True)
    while found.hasNext():
        yield found.next()


def file_system(spark: SparkSession, place: str) -> Any:
    """Hadoop's file system of a place."""
    return path_of(spark, place).getFileSystem(spark._jsparkSession.sessionState().newHadoopConf())


def path_of(spark: SparkSession, place: str) -> Any:
    """A place as Hadoop's path."""
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    return jvm.org.apache.hadoop.fs.Path(place)
