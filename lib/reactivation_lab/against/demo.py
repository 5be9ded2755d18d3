"""The demo after set-up: May, May and June, and the last wave's day."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from reactivation_lab.against import deltalog
from reactivation_lab.against.bench import Place, arguments
from reactivation_lab.against.eventlog import Log
from reactivation_lab.against.process import Ran
from reactivation_lab.against.tree import Unavailable

JUNE = "2026-06"
_DAY_OF_A_WAVE = ("simulate_bank", "ingest_sources", "plan_wave", "release_wave")
_COLUMNS = ["job", "cycle", "wave", "as_of", "table", "seconds", "finished_at"]


@dataclass(frozen=True)
class Step:
    """One job that `run_log` tells of; seconds since the epoch."""

    job: str
    cycle: str
    wave: str | None
    as_of: str
    began: float
    ended: float


def may_and_june(place: Place) -> dict[str, Any]:
    """Both months in one session, as `make demo` was; `may` holds the first month of them."""
    return _measured(place, "--through", JUNE)


def may(place: Place) -> dict[str, Any]:
    """The first month alone."""
    return _measured(place)


def _measured(place: Place, *further: str) -> dict[str, Any]:
    ran = place.job("run_cycle", *arguments(place.tree, place.root, env="local"), *further)
    return counted(ran, steps(place.root), place.log(), root=place.root)


def counted(ran: Ran, steps: list[Step], log: Log, *, root: Path) -> dict[str, Any]:
    """What the months cost, and each of their jobs; the time until the next job begins is a job's own."""
    if not steps:
        raise Unavailable("run_log tells of no job")
    ends = [*[step.began for step in steps[1:]], ran.ended]
    each = [
        {
            "job": step.job,
            "cycle": step.cycle,
            "wave": step.wave,
            "as_of": step.as_of,
            **ran.cost(step.began, end),
            "queries": log.queries_between(step.began, end),
            "jobs": log.jobs_between(step.began, end),
        }
        for step, end in zip(steps, ends, strict=True)
    ]
    return {
        **_cost(ran, log, (ran.started, ran.ended), root),
        "may": _together([_cost(ran, log, span, root) for span in of_first_cycle(steps, since=ran.started)]),
        "wave_day": last_wave_day(each),
        "steps": each,
    }


def of_first_cycle(steps: list[Step], *, since: float) -> list[tuple[float, float]]:
    """When the first cycle's jobs ran: its last ones run after the next cycle has begun. since: when it all began."""
    stretches = [list(stretch) for _, stretch in groupby(steps, key=lambda step: step.cycle)]
    begins = [since, *(stretch[0].began for stretch in stretches[1:])]
    return [
        (begin, stretch[-1].ended)
        for begin, stretch in zip(begins, stretches, strict=True)
        if stretch[0].cycle == steps[0].cycle
    ]


def last_wave_day(steps: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The sums of the last day on which a wave was planned; None where there was none."""
    days = [step["as_of"] for step in steps if step["job"] == "plan_wave"]
    if not days:
        return None
    mine = [step for step in steps if step["as_of"] == days[-1] and step["job"] in _DAY_OF_A_WAVE]
    sums = {name: round(sum(step[name] for step in mine), 2) for name in ("seconds", "cpu_seconds", "queries", "jobs")}
    return {"as_of": days[-1], **sums, "others": max(step["others"] for step in mine)}


def steps(root: Path) -> list[Step]:
    """All jobs that `run_log` tells of, in the order in which they began, but for the one that ran the others."""
    rows = [row for row in deltalog.read(root / "warehouse" / "run_log", _COLUMNS) if row["table"] == "-"]
    found = [
        Step(row["job"], row["cycle"], row["wave"], str(row["as_of"]), ended - row["seconds"], ended)
        for row in rows
        if row["job"] != "run_cycle"
        for ended in (_epoch(row["finished_at"]),)
    ]
    return sorted(found, key=lambda step: step.began)


def _cost(ran: Ran, log: Log, span: tuple[float, float], root: Path) -> dict[str, Any]:
    began, ended = span
    return {
        **ran.cost(began, ended),
        "queries": log.queries_between(began, ended),
        "jobs": log.jobs_between(began, ended),
        "commits": deltalog.commits(root, until=ended) - deltalog.commits(root, until=began),
    }


def _together(costs: list[dict[str, Any]]) -> dict[str, Any]:
    sums = {name: round(sum(cost[name] for cost in costs), 2) for name in costs[0] if name != "others"}
    return {**sums, "others": max(cost["others"] for cost in costs)}


def _epoch(at: datetime) -> float:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
