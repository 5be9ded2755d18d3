"""Machine and versions of a measurement."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from pyspark.sql import SparkSession

_CPU = Path("/proc/cpuinfo")
_CPU_KEYS = ("model name", "Hardware", "cpu model")


def machine() -> dict[str, Any]:
    """cores, memory_bytes and cpu of the machine that runs the driver."""
    return {"cores": os.cpu_count(), "memory_bytes": psutil.virtual_memory().total, "cpu": _cpu()}


def versions(spark: SparkSession) -> dict[str, str]:
    """Of Python, Java, Spark, Delta and MLflow."""
    jvm: Any = spark.sparkContext._jvm
    return {
        "python": platform.python_version(),
        "java": str(jvm.java.lang.System.getProperty("java.version")),
        "spark": spark.version,
        **{name: _version(package) for name, package in (("delta", "delta-spark"), ("mlflow", "mlflow"))},
    }


def disk_bytes(folder: str) -> int | None:
    """Bytes of all files in a local folder; None for other places."""
    root = Path(folder)
    if not root.is_dir():
        return None
    sizes = (Path(place, name).lstat().st_size for place, _, names in os.walk(root) for name in names)
    return sum(sizes)


def _cpu() -> str:
    lines = _CPU.read_text(encoding="utf-8").splitlines() if _CPU.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(_CPU_KEYS))
    return next(named, platform.processor() or platform.machine())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
