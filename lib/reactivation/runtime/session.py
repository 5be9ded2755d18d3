"""One Spark session with Delta, wherever the program runs: plain Python, spark-submit or Databricks."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from reactivation.errors import Finding, SettingsError
from reactivation.runtime import java

APP_NAME = "reactivation"
ALLOW_PROPERTIES = "spark.databricks.delta.allowArbitraryProperties.enabled"
"""Setting under which a write that makes a Delta table may give it properties that Delta does not know."""
_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    ALLOW_PROPERTIES: "true",  # a table says which contract made it
}
_EVERYWHERE = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.javaCharsets": "true",  # else CSV files in GBK cannot be read
    "spark.sql.legacy.parquet.nanosAsLong": "true",  # else pandas' times cannot be read: see runtime.parquet_schema
}
_PLANNING = {"spark.python.sql.dataFrameDebugging.enabled": "false"}
"""Else every operation on a column asks the JVM for the session and a setting and walks Python's stack."""
_LOCAL = {
    "spark.master": "local[*]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
}

_FUNCTIONS = ("col", "lit", "expr", "when", "coalesce", "concat", "struct", "array", "xxhash64", "sum", "count", "max")
_ASKED_FOR: Mapping[str, tuple[str, ...]] = {
    "org.apache.spark.sql.functions": _FUNCTIONS,
    "functions": _FUNCTIONS,
    "PythonUtils": ("toSeq", "toList", "toArray"),
    "PythonSQLUtils": (),
    "io": (),
}
_TOLD_BY_THE_ERROR = ("org.apache.spark.executor.Executor", "org.apache.spark.scheduler.TaskSetManager")
"""Loggers that print the stack trace of a failed task, which the job's own error tells in words."""
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*:")
_QUERIES = ("spark.sql.", "spark.databricks.")


def start(conf: Mapping[str, str], *, with_delta: bool = True) -> SparkSession:
    """Return the session, started with `conf` where nobody has started one yet.

    Plain Python brings Delta's jars itself; under spark-submit they come by `--packages`, on Databricks they are there.
    Where others bring the session up, master, memory and cores are theirs: of `conf` only what concerns queries counts.
    with_delta: False leaves Delta's jars out of plain Python, which starts in two thirds of the time.
    """
    if _is_brought_up_by_others():
        ours = {key: value for key, value in conf.items() if key.startswith(_QUERIES)}
        delta = {} if "DATABRICKS_RUNTIME_VERSION" in os.environ else _DELTA  # which has its own catalog there
        session = (
            SparkSession.builder.appName(APP_NAME)
            .config(map={**delta, **_EVERYWHERE, **_PLANNING, **ours})
            .getOrCreate()
        )
    else:
        delta = _DELTA if with_delta else {}
        session = _plain({**_LOCAL, **delta, **_EVERYWHERE, **_PLANNING, **conf}, with_delta=with_delta)
    for key, value in _EVERYWHERE.items():
        session.conf.set(key, value)
    _quiet(session)
    _remember_classes(session)
    return session


@contextmanager
def changed(session: SparkSession, conf: Mapping[str, str]) -> Iterator[None]:
    """Other settings for the queries made inside; SettingsError names those that a running session does not take."""
    fixed = [key for key in conf if not session.conf.isModifiable(key)]
    if fixed:
        advice = "no setting that a running session takes: mind the spelling, or set it under runtime.spark"
        raise SettingsError("Spark's settings of single jobs", [Finding("fixed", key, advice) for key in fixed])
    before = {key: session.conf.get(key) for key in conf}
    try:
        for key, value in conf.items():
            session.conf.set(key, value)
        yield
    finally:
        for key, old in before.items():
            session.conf.set(key, str(old))


def is_of_this_machine(session: SparkSession, folder: str) -> bool:
    """True where Spark and this process mean the same folder: it has no scheme, and Spark runs here on this disk.

    On a cluster a folder without a scheme lies in the cluster's file system, not on the driver's disk.
    """
    if _SCHEME.match(folder):
        return False
    jvm_conf: Any = session.sparkContext._jsc.hadoopConfiguration()
    files = str(jvm_conf.get("fs.defaultFS", "file:///"))
    return files.startswith("file:") and str(session.sparkContext.master).startswith("local")


def _is_brought_up_by_others() -> bool:
    return "PYSPARK_GATEWAY_PORT" in os.environ or "DATABRICKS_RUNTIME_VERSION" in os.environ


def _plain(conf: Mapping[str, str], *, with_delta: bool) -> SparkSession:
    from delta import configure_spark_with_delta_pip  # noqa: PLC0415  (not installed, nor needed, on a cluster)

    found_at_set_up = Path(sys.prefix) / "java_home"
    if "JAVA_HOME" not in os.environ and found_at_set_up.is_file():
        os.environ["JAVA_HOME"] = found_at_set_up.read_text(encoding="utf-8").strip()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers are the `python3` of the path
    builder = SparkSession.builder.appName(APP_NAME).config(map=dict(conf))
    builder = configure_spark_with_delta_pip(builder) if with_delta else builder
    java.started(builder._options)
    session: SparkSession = builder.getOrCreate()
    _without_checksums(session)
    return session


def _without_checksums(session: SparkSession) -> None:
    """Neither write nor look for the `.crc` file of a local file.

    Writing one costs a `chmod` process per file without Hadoop's native code; looking for one fails where a file's name
    holds a `:`. Parquet checks its own pages, and Delta's commits have a checksum of their own. MLflow needs Hadoop's
    LocalFileSystem to save a model, so its raw one cannot take its place.
    """
    context = session.sparkContext
    jvm: Any = context._jvm
    here = jvm.java.net.URI.create("file:///")
    local = jvm.org.apache.hadoop.fs.FileSystem.get(here, context._jsc.hadoopConfiguration())
    local.setWriteChecksum(False)
    local.setVerifyChecksum(False)


def _remember_classes(session: SparkSession) -> None:
    """Keep what Python asks the JVM for with every column: py4j would look through all jars for it each time."""
    jvm: Any = getattr(session.sparkContext, "_jvm", None)
    for name, members in _ASKED_FOR.items() if jvm is not None else ():
        found = getattr(jvm, name)
        setattr(jvm, name, found)
        for member in members:
            setattr(found, member, getattr(found, member))


def _quiet(session: SparkSession) -> None:
    """Keep Spark's and xgboost's logs to errors; silence those that print a caught AnalysisException at length."""
    logging.getLogger("XGBoost-PySpark").setLevel(logging.ERROR)
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True
    if "DATABRICKS_RUNTIME_VERSION" not in os.environ:
        session.sparkContext.setLogLevel("ERROR")
        jvm: Any = session.sparkContext._jvm
        log4j = jvm.org.apache.logging.log4j
        for name in _TOLD_BY_THE_ERROR:
            log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)
