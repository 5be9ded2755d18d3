"""Runs one command and measures the whole tree of its processes: seconds, and seconds of processor."""

import contextlib
import ctypes
import os
import subprocess
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from reactivation_lab.measurement.watching import watched

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER

Sample = tuple[float, float, float]
"""Seconds since the epoch, and seconds of processor used until then: by the command, and by the whole machine."""


@dataclass(frozen=True)
class Ran:
    """What a command cost.

    started, ended: seconds since the epoch; the command's own process ended then, Spark's JVM may have ended later.
    cpu_seconds: user and system time of all its processes, by `wait4`. samples: the same while it ran, by `/proc`.
    load: the machine's load of the last minute before the command, and the highest while it ran.
    """

    code: int
    started: float
    ended: float
    cpu_seconds: float
    samples: tuple[Sample, ...]
    load: tuple[float, float]

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    def cpu_between(self, begin: float, end: float) -> float:
        """Seconds of processor used between two instants."""
        return _at(self.samples, end)[0] - _at(self.samples, begin)[0]

    def cost(self, begin: float, end: float) -> dict[str, float]:
        """Seconds, seconds of processor, and `others`: the share of all processors that others had meanwhile."""
        (own_before, all_before), (own, of_all) = _at(self.samples, begin), _at(self.samples, end)
        used, there = own - own_before, (os.cpu_count() or 1) * (end - begin)
        others = max(0.0, of_all - all_before - used) / there if there else 0.0
        return {"seconds": round(end - begin, 2), "cpu_seconds": round(used, 2), "others": round(others, 3)}


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Ran:
    """Run a command; what it says goes to `log`."""
    others = _children()
    _adopt_orphans(True)
    before, started, busy = os.getloadavg()[0], time.time(), machine_seconds()
    seen, loads = [(started, 0.0, busy)], [before]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            list(command), cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):

        def look() -> None:
            loads.append(os.getloadavg()[0])
            if used := tree_cpu_seconds(process.pid):
                seen.append((time.time(), used, machine_seconds()))

        with watched(look):
            _, status, usage = os.wait4(process.pid, 0)
            ended, busy_at_end = time.time(), machine_seconds()
        process.returncode = os.waitstatus_to_exitcode(status)
    used = usage.ru_utime + usage.ru_stime + _reap_orphans(others)
    _adopt_orphans(False)
    return Ran(process.returncode, started, ended, used, (*seen, (ended, used, busy_at_end)), (before, max(loads)))


def tree_cpu_seconds(root: int) -> float:
    """Seconds of processor that a process, all that it started and all that these waited for have used so far."""
    used = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in (one := psutil.Process(root), *one.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                times = process.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
    return used


def machine_seconds() -> float:
    """Seconds of processor that the machine has spent since it started, those included that another machine took."""
    times = psutil.cpu_times()
    of_guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # user and nice hold them as well
    return float(sum(times) - of_guests - times.idle - getattr(times, "iowait", 0.0))


def _at(samples: Sequence[Sample], at: float) -> tuple[float, float]:
    """What the command and the machine had used until an instant, between two samples by a straight line.

    >>> _at([(10.0, 0.0, 5.0), (12.0, 4.0, 9.0)], 11.0)
    (2.0, 7.0)
    """
    place = bisect_left(samples, (at,))
    if place in (0, len(samples)):
        return samples[min(place, len(samples) - 1)][1:]
    (begin, own, of_all), (end, own_then, all_then) = samples[place - 1], samples[place]
    share = (at - begin) / (end - begin)
    return own + (own_then - own) * share, of_all + (all_then - of_all) * share


def _adopt_orphans(is_wanted: bool) -> None:
    """Become the parent of what a command leaves behind: Python does not wait for Spark's JVM, whose cost counts."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_ADOPT_ORPHANS, int(is_wanted), 0, 0, 0)


def _reap_orphans(others: set[int]) -> float:
    """Wait for all children but these, and return the seconds of processor that they used."""
    used = 0.0
    while left := _children() - others:
        _, _, usage = os.wait4(min(left), 0)
        used += usage.ru_utime + usage.ru_stime
    return used


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children()}
