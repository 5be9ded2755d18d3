"""The newest commit of a Delta table: its version, who made it, and how many rows it wrote."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from delta import DeltaTable

_VERSION = re.compile(r"\d{20}\.json")


class Commit(NamedTuple):
    """One version of a table. mark: what its writer said of itself; rows: those it wrote, 0 where it wrote none."""

    version: int
    mark: str | None
    rows: int


def of_log(log: Path) -> Commit:
    """By the newest file of a table's `_delta_log`, where that is a folder of this machine.

    The Delta transaction log protocol names each by its version; its `commitInfo` is one line of JSON.
    """
    last = max(file.name for file in log.iterdir() if _VERSION.fullmatch(file.name))
    lines = (log / last).read_text(encoding="utf-8").splitlines()
    info: dict[str, Any] = next((said for line in lines if (said := json.loads(line).get("commitInfo"))), {})
    return _commit(int(last.removesuffix(".json")), info.get("userMetadata"), info.get("operationMetrics"))


def of_history(table: DeltaTable) -> Commit:
    """By Delta's own history, wherever the table lies; it starts a query."""
    row = table.history(1).select("version", "operationMetrics", "userMetadata").collect()[0]
    return _commit(row.version, row.userMetadata, row.operationMetrics)


def _commit(version: int, mark: str | None, metrics: dict[str, Any] | None) -> Commit:
    return Commit(version, mark, int((metrics or {}).get("numOutputRows", 0)))
