"""Runs one command and measures the whole tree of its processes: seconds, and seconds of processor."""

import ctypes
import os
import subprocess
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER
_PAUSE_SECONDS = 0.25
_TICKS = os.sysconf("SC_CLK_TCK")

Sample = tuple[float, float]
"""Seconds since the epoch, and the seconds of processor used until then."""


@dataclass(frozen=True)
class Ran:
    """What a command cost.

    started, ended: seconds since the epoch; the command's own process ended then, Spark's JVM may have ended later.
    cpu_seconds: user and system time of all its processes, by `wait4`. samples: the same while it ran, by `/proc`.
    load: the machine's load of the last minute before the command and at its end.
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
        return cpu_at(self.samples, end) - cpu_at(self.samples, begin)


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Ran:
    """Run a command; what it says goes to `log`."""
    others = _children()
    _adopt_orphans(True)
    before, started = os.getloadavg()[0], time.time()
    with (
        log.open("wb") as out,
        subprocess.Popen(
            list(command), cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        with Sampler(process.pid) as sampler:
            _, status, usage = os.wait4(process.pid, 0)
            ended, after = time.time(), os.getloadavg()[0]
        process.returncode = os.waitstatus_to_exitcode(status)
    used = usage.ru_utime + usage.ru_stime + _reap_orphans(others)
    _adopt_orphans(False)
    samples = ((started, 0.0), *sampler.samples, (ended, used))
    return Ran(process.returncode, started, ended, used, samples, (before, after))


class Sampler:
    """Notes from a thread what a tree of processes has used of the processor."""

    def __init__(self, root: int) -> None:
        self.samples: list[Sample] = []
        self._root = root
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            used = tree_cpu_seconds(self._root)
            if used:
                self.samples.append((time.time(), used))


def tree_cpu_seconds(root: int) -> float:
    """Seconds of processor that a process, all that it started and all that these waited for have used so far."""
    known = _processes()
    family, young = set[int](), {root} & set(known)
    while young:
        family |= young
        young = {number for number, (parent, _) in known.items() if parent in young} - family
    return sum(known[number][1] for number in family) / _TICKS


def cpu_at(samples: Sequence[Sample], at: float) -> float:
    """Seconds of processor used until an instant, between two samples by a straight line.

    >>> cpu_at([(10.0, 0.0), (12.0, 4.0)], 11.0)
    2.0
    """
    place = bisect_left(samples, (at,))
    if place == 0:
        return samples[0][1]
    if place == len(samples):
        return samples[-1][1]
    (t0, c0), (t1, c1) = samples[place - 1], samples[place]
    return c0 + (c1 - c0) * (at - t0) / (t1 - t0)


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
    return {number for number, (parent, _) in _processes().items() if parent == os.getpid()}


def _processes() -> dict[int, tuple[int, int]]:
    """By number the parent of each process that is there, and the ticks that it and those it waited for have used."""
    known: dict[int, tuple[int, int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        known[int(place.name)] = (int(fields[1]), sum(int(ticks) for ticks in fields[11:15]))
    return known
