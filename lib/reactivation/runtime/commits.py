"""The newest commit of a Delta table: its version, who made it, and how many rows it wrote."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from delta import DeltaTable
from pyspark.sql import SparkSession

_VERSION = re.compile(r"\d{20}\.json")


class Commit(NamedTuple):
    """One version of a table. mark: what its writer said of itself; rows: those it wrote, 0 where it wrote none."""

    version: int
    mark: str | None
    rows: int


def newest(spark: SparkSession, place: str, *, is_catalog: bool) -> Commit:
    """The newest commit of the table at a path, or of the given name in the catalog; the table must be there.

    Delta's own history starts a query for it. Where the log is a folder of this machine, its newest file is read
    instead, which the Delta transaction log protocol names by version and in which `commitInfo` is one line of JSON.
    """
    log = Path(place) / "_delta_log"
    if not is_catalog and log.is_dir():
        last = max(file.name for file in log.iterdir() if _VERSION.fullmatch(file.name))
        lines = (log / last).read_text(encoding="utf-8").splitlines()
        info: dict[str, Any] = next((said for line in lines if (said := json.loads(line).get("commitInfo"))), {})
        return _commit(int(last.removesuffix(".json")), info.get("userMetadata"), info.get("operationMetrics"))
    table = DeltaTable.forName(spark, place) if is_catalog else DeltaTable.forPath(spark, place)
    row = table.history(1).select("version", "operationMetrics", "userMetadata").collect()[0]
    return _commit(row.version, row.userMetadata, row.operationMetrics)


def _commit(version: int, mark: str | None, metrics: dict[str, Any] | None) -> Commit:
    return Commit(version, mark, int((metrics or {}).get("numOutputRows", 0)))
