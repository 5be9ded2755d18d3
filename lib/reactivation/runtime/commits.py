"""The last commits of a Delta table (version, who made it, how many rows it wrote), and the way to make one more."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import delta.exceptions
from delta import DeltaTable

from reactivation.errors import Busy, Finding
from reactivation.runtime.snapshot import versions

with suppress(ImportError):  # once imported, Delta's conflicts arrive as what they are; else as errors of Java
    import_module("delta.exceptions.captured")
_CONFLICTS = tuple(getattr(delta.exceptions, name) for name in delta.exceptions.__all__)  # they have no base in common

_LAST = 5
"""Commits that are looked at: on Databricks an optimisation may follow a write at once."""
_TRIES = 4

Made = TypeVar("Made")


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
    for version in versions(log)[:_LAST]:
        lines = (log / f"{version:020}.json").read_text(encoding="utf-8").splitlines()
        info: dict[str, Any] = next((said for line in lines if (said := json.loads(line).get("commitInfo"))), {})
        yield _commit(version, info.get("userMetadata"), info.get("operationMetrics"))


def of_history(table: DeltaTable) -> Iterator[Commit]:
    """The last commits by Delta's own history, wherever the table lies; it starts a query."""
    for row in table.history(_LAST).select("version", "operationMetrics", "userMetadata").collect():
        yield _commit(row.version, row.userMetadata, row.operationMetrics)


def committed(write: Callable[[], Made], *, table: str, last: Callable[[], Commit]) -> Made:
    """Write; where another job was quicker, try again a few times, then say which job holds the table: Busy."""
    for attempt in range(1, _TRIES):
        try:
            return write()
        except _CONFLICTS:
            time.sleep(attempt)
    try:
        return write()
    except _CONFLICTS:
        raise busy(table, last()) from None


def busy(table: str, last: Commit) -> Busy:
    """The error where another job holds a table."""
    advice = f"last written by {last.mark}; wait until it is done, then run again"
    return Busy(f"`{table}` is being written by another job", [Finding("busy", table, advice)])


def _commit(version: int, mark: str | None, metrics: dict[str, Any] | None) -> Commit:
    return Commit(version, mark, int((metrics or {}).get("numOutputRows", 0)))
