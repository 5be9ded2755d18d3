"""The line of a job: plain where nobody watches, with a bar of Spark's counts on a terminal."""

import os
import pty
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from reactivation import cli
from reactivation.contracts import flow
from reactivation.runtime import console, job_line
from reactivation.runtime.console import DETAIL, NOTICE
from reactivation.runtime.job_line import Pace, Status
from reactivation.runtime.run import Run

CONF = str(Path(__file__).parents[2] / "conf")
TITLE = "[2026-05  3/22] build_features as of 2026-05-01"


@pytest.fixture
def r(spark: SparkSession, tmp_path: Path) -> Run:
    argv = ["--cycle", "2026-05", "--conf-dir", CONF, "--set", f"paths.root={tmp_path}"]
    return cli.open_run(cli.parser("build_features", "").parse_args(argv), step=flow.FEATURES)


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """A real terminal as standard output; call what it gives for all that was written to it."""
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                seen.extend(os.read(ours, 65536))
            except OSError:  # the other end is closed
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with os.fdopen(theirs, "w", encoding="utf-8") as out, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)

        def written() -> str:
            out.flush()
            time.sleep(0.3)
            return seen.decode("utf-8", "replace")

        yield written
    reader.join(timeout=5)
    os.close(ours)


def slow_query(spark: SparkSession) -> None:
    """Eight tasks over some seconds."""
    rows = spark.range(0, 1_500_000, 1, 8).selectExpr(
        "count_if(sha2(repeat(cast(id as string), 20), 512) like 'ab%') as n"
    )
    rows.collect()


def test_elsewhere_a_job_among_others_is_one_line_and_notices_stand_below_it(
    r: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with console.logged(tmp_path / "job.log", verbose=False, head="a job"):
        with job_line.running(TITLE, r, left=lambda _: (1.0, 2.0)):
            r.say("    features 57 278 rows", DETAIL)
            r.say("    version 1: push 12")
        with job_line.running(TITLE.replace("3", "4"), r, left=lambda _: (1.0, 2.0)):
            r.say("    no champion", NOTICE)
    first, second, notice = capsys.readouterr().out.splitlines()
    done = ["done", "in", "0.0", "s,", "0", "rows"]
    assert [first.split(), second.split()] == [[*TITLE.split(), *done], [*TITLE.replace("3", "4").split(), *done]]
    assert notice.strip() == "no champion"
    kept = (tmp_path / "job.log").read_text(encoding="utf-8")
    for told in (TITLE, "features 57 278 rows", "version 1: push 12", "no champion", "done in 0.0 s"):
        assert told in kept


def test_verbose_prints_the_title_at_once_and_everything_below_it(
    r: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        console.logged(tmp_path / "job.log", verbose=True, head="a job"),
        job_line.running(TITLE, r, left=lambda _: (1.0, 2.0)),
    ):
        assert capsys.readouterr().out == f"{TITLE}\n"
        r.say("    features 57 278 rows", DETAIL)
    assert capsys.readouterr().out == "    features 57 278 rows\n    done in 0.0 s\n"


def test_a_job_that_fails_says_so_and_raises_what_it_raised(r: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), job_line.running(TITLE, r):
        raise ZeroDivisionError
    assert "failed after 0.0 s" in capsys.readouterr().out


def test_on_a_terminal_a_bar_tells_sparks_stages_and_rows_and_the_time_left(
    r: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with terminal(monkeypatch) as written:
        with (
            console.logged(tmp_path / "job.log", verbose=False, head="a job"),
            job_line.running(TITLE, r, left=lambda seconds: (20.0 - seconds, 190.0 - seconds)),
        ):
            slow_query(r.spark)
            r.say("    is it complete?", NOTICE)
        seen = written()
    assert "━" in seen  # the bar
    assert "stage 1/" in seen
    assert re.search(r"~0:\d\d left, ~[23]:\d\d in all", seen)
    assert "is it complete?" in seen
    last = [line for line in seen.replace("\r", "\n").splitlines() if line.strip()][-1]
    assert TITLE in last
    assert "done in" in last  # the bar is gone, the line stays


def test_sparks_status_counts_tasks_stages_and_rows(spark: SparkSession) -> None:
    assert job_line.status(spark) is None
    query = threading.Thread(target=slow_query, args=(spark,))
    query.start()
    seen: list[Status] = []
    while query.is_alive():
        if (now := job_line.status(spark)) is not None:
            seen.append(now)
        time.sleep(0.05)
    query.join()
    assert seen
    assert all(0 <= now.tasks <= now.all_tasks and now.stages <= now.all_stages for now in seen)
    assert max(now.all_tasks for now in seen) >= 8
    assert max(now.tasks for now in seen) > 0


def test_time_left_follows_the_pace_of_the_jobs_that_are_done() -> None:
    jobs = ["ingest_sources", "build_features", "plan_wave", "plan_wave"]
    usual, slow = Pace(jobs), Pace(jobs)
    slow.note(0, 750)  # ten times the demo's
    own, of_all = usual.left(1, 0)
    assert own < of_all
    assert slow.left(1, 0)[0] > 5 * own
    assert usual.left(1, 10_000)[0] == 0  # longer than usual: nothing is promised
    assert usual.left(3, 0)[0] == usual.left(3, 0)[1]


def test_a_job_that_was_done_before_says_nothing_of_the_pace() -> None:
    pace = Pace(["ingest_sources", "build_features"])
    before = pace.left(1, 0)
    pace.note(0, 0.0)
    assert pace.left(1, 0) == before
