"""Files that belong together, in one folder: `_SUCCESS` is written last, and readers take no folder without it."""

from collections.abc import Iterable

from pyspark.sql import SparkSession

from reactivation.runtime.files import file_system, files_below, is_there, path_of, remove
from reactivation.runtime.text import write_text

_DONE = "_SUCCESS"


def reopen(spark: SparkSession, folder: str) -> None:
    """Take the mark away, before a file of the set is written again."""
    remove(spark, [f"{folder}/{_DONE}"])


def complete(spark: SparkSession, folder: str) -> None:
    """Mark the set as complete."""
    write_text(spark, f"{folder}/{_DONE}", "")


def is_complete(spark: SparkSession, folder: str) -> bool:
    """True where all files of the set are there."""
    return is_there(spark, f"{folder}/{_DONE}")


def complete_below(spark: SparkSession, folder: str) -> list[str]:
    """Folders of complete sets, the folder itself or below it."""
    found = [status.getPath() for status in files_below(spark, folder)] if is_there(spark, folder) else []
    return sorted(str(path.getParent().toString()) for path in found if path.getName() == _DONE)


def sha256(spark: SparkSession, file: str) -> str:
    """SHA-256 of a file's bytes, which do not pass through Python."""
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    stream = file_system(spark, file).open(path_of(spark, file))
    try:
        return str(jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream))
    finally:
        stream.close()


def there(spark: SparkSession, folder: str, names: Iterable[str]) -> list[str]:
    """Those of some files of a folder that are there."""
    return [name for name in names if is_there(spark, f"{folder}/{name}")]
