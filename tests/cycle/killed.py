"""Runs a month in processes that are killed at random moments, and lets the next one go on."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_INTERPRETED = "spark.sql.codegen.wholeStage false\nspark.sql.codegen.factoryMode NO_CODEGEN\n"
_TITLE = re.compile(r"^\[\S+ +(?P<number>\d+)/\d+\] (?P<what>.+?)(?P<is_done>: done already)?$")


@dataclass(frozen=True)
class Moment:
    """A moment of a month: so many seconds after the job with this number has begun."""

    number: int
    seconds: float


def moments(seconds: Sequence[float], *, count: int, seed: int) -> list[Moment]:
    """Moments drawn evenly over the time that the month's jobs take one after the other, in order.

    seconds: of each job of the month, in order; jobs count from 1.
    """
    chance, found = random.Random(seed), []
    for at in sorted(chance.uniform(0, sum(seconds)) for _ in range(count)):
        number, left = 1, at
        while number < len(seconds) and left >= seconds[number - 1]:
            left -= seconds[number - 1]
            number += 1
        found.append(Moment(number, left))
    return found


def run_on(arguments: Sequence[str], killed_at: Sequence[Moment], *, log: Path) -> Iterator[str]:
    """Run a month once per moment, each process killed at its own, and once more to the end; tells each of them.

    The last one compiles its queries, as jobs do; those before it interpret them, for they do not live long enough.
    """
    for place, moment in enumerate([*killed_at, None], start=1):
        started = time.monotonic()
        code, last = _run(arguments, moment, log=log)
        told = f"{place}: {last}, after {time.monotonic() - started:.0f} s, exit code {code}"
        yield told
        if code != (0 if moment is None else -signal.SIGKILL) and not (moment is not None and code == 0):
            raise AssertionError(f"{told}\n{log.read_text(encoding='utf-8')[-8000:]}")


def _run(arguments: Sequence[str], moment: Moment | None, *, log: Path) -> tuple[int, str]:
    """One process; returns its exit code and the job that it began last."""
    command = [sys.executable, "-u", str(PROJECT / "jobs" / "run_cycle.py"), "--verbose", *arguments]
    environment: dict[str, str] = {**os.environ, "PYTHONPATH": str(PROJECT / "lib")}
    if moment is not None:
        environment["SPARK_CONF_DIR"] = str(conf := log.parent / "spark_conf")
        conf.mkdir(exist_ok=True)
        (conf / "spark-defaults.conf").write_text(_INTERPRETED, encoding="utf-8")
    with log.open("a", encoding="utf-8") as said:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=environment,
            cwd=PROJECT,
            start_new_session=True,
        )
        timer, last = None, "nothing begun"
        assert process.stdout is not None
        for line in process.stdout:
            said.write(line)
            title = _TITLE.match(line.rstrip())
            if title is None or title["is_done"]:
                continue
            last = title["what"]
            if moment is not None and timer is None and int(title["number"]) >= moment.number:
                timer = threading.Timer(moment.seconds, _kill, [process])
                timer.start()
        code = process.wait()
        if timer is not None:
            timer.cancel()
    return code, last


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill -9 the process and its Java, which is of its group."""
    os.killpg(process.pid, signal.SIGKILL)
