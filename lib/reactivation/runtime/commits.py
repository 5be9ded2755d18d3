"""The last commits of a Delta table: version, who made it, and how many rows it wrote."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from delta import DeltaTable

_LAST = 5
"""Commits that are looked at: on Databricks an optimisation may follow a write at once."""
_VERSION = re.compile(r"\d{20}\.json")


class Commit(NamedTuple):
    """One version of a table. mark: what its writer said of itself; rows: those it wrote, 0 where it wrote none."""

    version: int
    mark: str | None
    rows: int


def newest(commits: Iterator[Commit], mark: str | None = None) -> Commit:
    """The first of some commits, newest first; with a mark the first that has it, as others may tidy up after a write.

    Where none has the mark, nothing was written under it: the newest.
    """
    last = next(commits)
    return next((commit for commit in chain([last], commits) if mark in (None, commit.mark)), last)


def of_log(log: Path) -> Iterator[Commit]:
    """The last commits by the newest files of a table's `_delta_log`, where that is a folder of this machine.

    The Delta transaction log protocol names each by its version; its `commitInfo` is one line of JSON.
    """
    names = sorted((file.name for file in log.iterdir() if _VERSION.fullmatch(file.name)), reverse=True)
    for name in names[:_LAST]:
        lines = (log / name).read_text(encoding="utf-8").splitlines()
        info: dict[str, Any] = next((said for line in lines if (said := json.loads(line).get("commitInfo"))), {})
        yield _commit(int(name.removesuffix(".json")), info.get("userMetadata"), info.get("operationMetrics"))


def of_history(table: DeltaTable) -> Iterator[Commit]:
    """The last commits by Delta's own history, wherever the table lies; it starts a query."""
    for row in table.history(_LAST).select("version", "operationMetrics", "userMetadata").collect():
        yield _commit(row.version, row.userMetadata, row.operationMetrics)


def _commit(version: int, mark: str | None, metrics: dict[str, Any] | None) -> Commit:
    return Commit(version, mark, int((metrics or {}).get("numOutputRows", 0)))
