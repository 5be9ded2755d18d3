"""Reads Spark's event log: when SQL executions and jobs started, and how long a table's writes took."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STARTED = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart"
_ENDED = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionEnd"
_JOB = "SparkListenerJobStart"
_EVENT = re.compile(r'^\{"Event":"([^"]+)"')
_WRITES = ("SaveIntoDataSourceCommand", "AppendData", "OverwriteByExpression")


@dataclass(frozen=True)
class Write:
    """One SQL execution that writes: its plan, and seconds since the epoch."""

    plan: str
    began: float
    ended: float

    def is_to(self, place: str) -> bool:
        """True where the command is given this path to write to; a table that it only reads has its path elsewhere."""
        return re.search(rf"\bpath={re.escape(place)}[,\]]", self.plan) is not None


@dataclass(frozen=True)
class Log:
    """What one or several sessions did: seconds since the epoch at which each query and each job started."""

    queries: tuple[float, ...]
    jobs: tuple[float, ...]
    writes: tuple[Write, ...]

    def queries_between(self, begin: float, end: float) -> int:
        """SQL executions that started from `begin` to before `end`, those that Delta makes by itself included."""
        return sum(begin <= at < end for at in self.queries)

    def jobs_between(self, begin: float, end: float) -> int:
        """Spark jobs that started from `begin` to before `end`."""
        return sum(begin <= at < end for at in self.jobs)


def read(folder: Path) -> Log:
    """Read all event logs of a folder, files of sessions that did not end well included."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return parse(line for path in files for line in _lines(path))


def parse(lines: Iterable[str]) -> Log:
    """Make a log of the lines of event logs; lines of other events, and half lines, are left out."""
    queries, jobs, writes = list[float](), list[float](), list[Write]()
    open_writes: dict[int, tuple[str, float]] = {}
    for line in lines:
        known = _EVENT.match(line)
        if known is None or known[1] not in (_STARTED, _ENDED, _JOB):
            continue
        try:
            event: Mapping[str, Any] = json.loads(line)
        except ValueError:  # the session was cut off while it wrote
            continue
        if known[1] == _JOB:
            jobs.append(event["Submission Time"] / 1000)
        elif known[1] == _STARTED:
            queries.append(event["time"] / 1000)
            plan = str(event["physicalPlanDescription"])
            if any(name in plan for name in _WRITES):
                open_writes[event["executionId"]] = (plan, event["time"] / 1000)
        elif event["executionId"] in open_writes:
            plan, began = open_writes.pop(event["executionId"])
            writes.append(Write(plan, began, event["time"] / 1000))
    return Log(tuple(queries), tuple(jobs), tuple(writes))


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from file
