"""Small text files on any file system that Spark knows, written whole or not at all."""

from pyspark.sql import SparkSession

from reactivation.runtime.files import file_system, path_of


def read_text(spark: SparkSession, path: str) -> str:
    """A small text file in UTF-8."""
    stream = file_system(spark, path).open(path_of(spark, path))
    try:
        return bytes(stream.readAllBytes()).decode("utf-8")
    finally:
        stream.close()


def write_text(spark: SparkSession, path: str, text: str) -> None:
    """Write a text file in UTF-8 under a temporary name, then rename it over the old file."""
    jvm = spark.sparkContext._jvm
    if jvm is None:
        raise RuntimeError("the session has no JVM to write files with")
    hadoop = jvm.org.apache.hadoop.fs
    final, temporary = hadoop.Path(path), hadoop.Path(f"{path}.tmp")
    files = final.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    stream = files.create(temporary, True)
    try:
        stream.write(bytearray(text.encode("utf-8")))
    finally:
        stream.close()
    files.delete(final, False)
    if not files.rename(temporary, final):
        raise OSError(f"{path} could not be renamed from its temporary name")
    # Hadoop's local file system keeps a checksum beside a file; who opens the folder has no use for it.
    files.delete(hadoop.Path(final.getParent(), f".{final.getName()}.crc"), False)
