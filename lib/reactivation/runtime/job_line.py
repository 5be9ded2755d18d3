"""One line per job while it runs: on a terminal with a bar of Spark's own counts and the time left, else plain."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, NamedTuple

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reactivation.runtime import console
from reactivation.runtime.run import Run

Left = Callable[[float], tuple[float, float]]
"""Seconds left for a job and for all jobs, by the seconds that the job has taken."""
_EVERY = 0.5
"""Seconds between two looks at Spark's counts."""
_WIDTH = 54
_USUAL = {
    "simulate_bank": (55, 9),
    "ingest_sources": (75, 20),
    "build_features": (45, 30),
    "train_models": (40, 35),
    "score_users": (5, 5),
    "assign_tiers": (15, 15),
    "plan_wave": (7, 7),
    "release_wave": (5, 5),
    "evaluate_scores": (8, 8),
    "read_out": (25, 25),
}
"""By job its usual seconds in the demo, the first time of a command and later; only their proportions count."""
_UNKNOWN = (20, 20)
_DOUBT = 30.0
"""Usual seconds after which a command's own pace weighs as much as the demo's."""


@dataclass
class Pace:
    """How long a command's jobs still take: the demo's proportions, at the pace of the jobs that are done."""

    jobs: Sequence[str]
    _usual: list[float] = field(init=False)
    _seconds: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        before = [job in self.jobs[:place] for place, job in enumerate(self.jobs)]
        self._usual = [
            float(_USUAL.get(job, _UNKNOWN)[is_later]) for job, is_later in zip(self.jobs, before, strict=True)
        ]

    def note(self, place: int, seconds: float) -> None:
        """A job took so long; 0 where it was done before."""
        self._seconds[place] = seconds

    def left(self, place: int, seconds: float) -> tuple[float, float]:
        """Seconds that the job in this place, running for so long, and all from it on still take, roughly.

        >>> pace = Pace(["ingest_sources", "plan_wave", "plan_wave"])
        >>> pace.note(0, 150)
        >>> [round(each) for each in pace.left(1, 5)]
        [7, 19]
        """
        ran = {place: spent for place, spent in self._seconds.items() if spent > 0}
        usual = sum(self._usual[place] for place in ran)
        factor = (sum(ran.values()) + _DOUBT) / (usual + _DOUBT)
        own = max(factor * self._usual[place] - seconds, 0.0)
        return own, own + factor * sum(self._usual[place + 1 :])


class Status(NamedTuple):
    """What Spark does now: tasks and stages of the running jobs, done and in all, and rows read by running stages."""

    tasks: int
    all_tasks: int
    stages: int
    all_stages: int
    rows: int


def status(spark: SparkSession) -> Status | None:
    """What Spark's status tracker tells; None where no job of Spark's runs, or nothing can be asked."""
    try:
        tracker = spark.sparkContext.statusTracker()
        jobs = [job for number in tracker.getActiveJobsIds() if (job := tracker.getJobInfo(number))]
        infos = [tracker.getStageInfo(number) for job in jobs for number in job.stageIds]
        stages = [(info.numCompletedTasks, info.numTasks) for info in infos if info]
        running: Any = spark.sparkContext._jsc.sc().statusStore().activeStages()
        read = [running.apply(place) for place in range(running.size())]
        rows = sum(int(stage.inputRecords()) + int(stage.shuffleReadRecords()) for stage in read)
    except (Py4JError, PySparkException, AttributeError, OSError):
        return None
    if not stages:
        return None
    done, of_all = (sum(counts) for counts in zip(*stages, strict=True))
    return Status(done, of_all, sum(done == of_all for done, of_all in stages), len(stages), rows)


@contextmanager
def running(title: str, r: Run, *, left: Left | None = None) -> Iterator[None]:
    """Show that a job runs, then how long it took and how many rows it wrote.

    left: given for a job among others, of which only what needs a look is shown beside this line.
    """
    started = time.monotonic()
    is_plain = console.is_verbose() or console.width() is None
    among = console.showing(console.NOTICE) if left is not None else nullcontext()
    console.say(title, console.DETAIL)
    ended = "failed after"
    try:
        if not is_plain:
            with among, _bar(title, started=started, spark=r.spark, left=left):
                yield
        else:
            if not console.is_verbose():
                console.begin_line(f"{title:<{_WIDTH}}")
            with among:
                yield
        ended = "done in"
    finally:
        took = f"{ended} {time.monotonic() - started:.1f} s"
        console.say(f"    {took}", console.DETAIL)
        if not console.is_verbose():
            rows = f"{r.rows_written:>11,}".replace(",", " ")
            written = f"{took:>17}, {rows} rows"
            console.finish_line(written, f"{title:<{_WIDTH}}{written}" if not is_plain else f"    {written.lstrip()}")


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """Show on a terminal that something takes its time; elsewhere nothing."""
    if console.is_verbose() or console.width() is None:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    clock = Progress(*columns, transient=True, redirect_stderr=sys.stderr.isatty())
    clock.add_task(title, total=None)
    with console.bar_in_last_line(clock.live):
        yield


@contextmanager
def _bar(title: str, *, started: float, spark: SparkSession, left: Left | None) -> Iterator[None]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[told]}"),
    )
    progress = Progress(*columns, transient=True, redirect_stderr=sys.stderr.isatty(), refresh_per_second=4)
    task = progress.add_task(title.partition(" as of ")[0], total=None, told="")
    stop = Event()

    def look() -> None:
        while not stop.wait(_EVERY):
            now, seconds = status(spark), time.monotonic() - started
            progress.update(
                task,
                total=now.all_tasks if now else None,
                completed=now.tasks if now else 0,
                told=told(now, seconds, left(seconds) if left else None),
            )

    watcher = Thread(target=look, name="job line", daemon=True)
    with console.bar_in_last_line(progress.live):
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join(timeout=5)


def told(now: Status | None, seconds: float, left: tuple[float, float] | None) -> str:
    """What stands behind the bar.

    >>> told(Status(3, 8, 1, 2, 1142728), 75, (20, 190))
    '1:15, ~0:20 left, ~3:10 in all · stage 2/2 · 1 142 728 rows'
    """
    parts = [_minutes(seconds)]
    if left is not None:
        parts[0] += f", ~{_minutes(left[0])} left, ~{_minutes(left[1])} in all"
    if now is not None:
        parts.append(f"stage {min(now.stages + 1, now.all_stages)}/{now.all_stages}")
        if now.rows:
            parts.append(f"{now.rows:,} rows".replace(",", " "))
    return " · ".join(parts)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
