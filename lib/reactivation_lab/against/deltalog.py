"""Reads Delta's log without Spark: commits, and the Parquet files that are live."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq

from reactivation_lab.against.tree import Unavailable


@dataclass(frozen=True)
class File:
    """One live Parquet file, its rows, and the values of its partition columns, which the rows do not hold."""

    path: Path
    partition: tuple[tuple[str, str | None], ...]
    rows: int


def commits(root: Path, *, until: float | None = None) -> int:
    """Count the commits of all tables under a root, those written after `until` (seconds since the epoch) left out."""
    found = (path for log in root.rglob("_delta_log") for path in log.glob("*.json") if path.stem.isdigit())
    return sum(until is None or path.stat().st_mtime <= until for path in found)


def live_files(table: Path) -> list[File]:
    """The files of a table's newest version, in the order in which they were added."""
    live: dict[str, File] = {}
    for action in _actions(table):
        if "metaData" in action and action["metaData"].get("configuration", {}).get("delta.columnMapping.mode"):
            raise Unavailable(f"{table.name}: columns have other names in the files")
        if "remove" in action:
            live.pop(action["remove"]["path"], None)
        if "add" in action:
            add = action["add"]
            if add.get("deletionVector"):
                raise Unavailable(f"{table.name}: a file has deletion vectors")
            partition = tuple(sorted((add.get("partitionValues") or {}).items()))
            path = table / unquote(add["path"])
            rows = json.loads(add.get("stats") or "{}").get("numRecords")
            live[add["path"]] = File(path, partition, pq.read_metadata(path).num_rows if rows is None else rows)
    return list(live.values())


def read(table: Path, columns: list[str]) -> list[dict[str, Any]]:
    """Some columns of a small table, as records; partition columns are text."""
    records: list[dict[str, Any]] = []
    for file in live_files(table):
        parts = dict(file.partition)
        inside = pq.ParquetFile(file.path).read([name for name in columns if name not in parts])
        records += [{**record, **{k: v for k, v in parts.items() if k in columns}} for record in inside.to_pylist()]
    return records


def _actions(table: Path) -> Iterator[dict[str, Any]]:
    """All actions since the table was made, the oldest first."""
    log = sorted(path for path in (table / "_delta_log").glob("*.json") if path.stem.isdigit())
    if not log:
        raise Unavailable(f"{table.name}: no Delta table")
    if [int(path.stem) for path in log] != list(range(len(log))):
        raise Unavailable(f"{table.name}: old commits are gone")
    for path in log:
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
