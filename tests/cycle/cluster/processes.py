"""Spark's standalone master and two workers as processes of this machine, and jobs that are sent to them."""

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import psutil
import pyspark

T = TypeVar("T")
SPARK_HOME = Path(pyspark.__file__).parent
DELTA = "io.delta:delta-spark_4.1_2.13:4.3.1"
LOOPBACK = "127.0.0.1"
FIRST_COMPILER_ALONE = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For Java that lives for a minute or two: what its second compiler makes would not pay."""
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
PATIENCE = 300.0
"""Seconds until a process that was started, or an executor that was asked for, must be there."""


class Done(NamedTuple):
    """How a job that was sent ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Cluster:
    """A master, its workers, and a folder for what they and the drivers write."""

    master: str
    workers: Sequence[subprocess.Popen[bytes]]
    folder: Path
    lost: list[int] = field(default_factory=list)

    def executors(self) -> list[int]:
        """Process ids of the executors that run now, the youngest last."""
        found = []
        for child in (child for worker in self.workers for child in psutil.Process(worker.pid).children()):
            with suppress(psutil.NoSuchProcess):
                found += [child.pid] if any("CoarseGrainedExecutorBackend" in word for word in child.cmdline()) else []
        return sorted(found)

    def lose_an_executor(self) -> None:
        """Kill one with all the rows and shuffle files it keeps: the process first, so that it cannot say goodbye."""
        pid = _until(self.executors, "an executor to kill")[0]
        os.kill(pid, signal.SIGKILL)
        self.lost.append(pid)

    def submit(
        self,
        job: Path,
        arguments: Sequence[str],
        *,
        libraries: Sequence[Path],
        acts: Mapping[str, Callable[[], None]],
    ) -> Done:
        """Send a job as a cluster's driver gets it: alone in an empty folder, the libraries as zips, no checkout.

        acts: by pattern, what to do as soon as the pattern is found in what the job has printed.
        """
        folder = self.folder / f"driver-{time.monotonic_ns()}"
        folder.mkdir()
        (folder / job.name).write_bytes(job.read_bytes())
        conf = {
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.executor.memory": "1g",
            "spark.ui.enabled": "false",
            "spark.local.dir": str(self.folder / "local"),
            "spark.driver.extraJavaOptions": FIRST_COMPILER_ALONE,
            "spark.executor.extraJavaOptions": FIRST_COMPILER_ALONE,
            **INTERPRETED,
        }
        call = [SPARK_HOME / "bin" / "spark-submit", "--master", self.master, "--packages", DELTA]
        call += ["--driver-memory", "1g", "--py-files", ",".join(map(str, libraries))]
        call += [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
        waiting = dict(acts)
        with (folder / "stderr.txt").open("w+b") as err:
            run = subprocess.Popen(
                [*map(str, call), job.name, *arguments],
                cwd=folder,
                env=_environment(PYSPARK_PYTHON=str(self._python())),
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                start_new_session=True,
            )
            out = ""
            try:
                for line in run.stdout or ():
                    out += line
                    for pattern in [pattern for pattern in waiting if re.search(pattern, out)]:
                        waiting.pop(pattern)()
                code = run.wait()
            finally:
                _end(run)
            err.seek(0)
            return Done(code, out, err.read().decode("utf-8"))

    def _python(self) -> Path:
        """An interpreter with the installed packages and no checkout: path files (`.pth`) are not read."""
        python = self.folder / "python"
        if not python.exists():
            installed = sysconfig.get_path("purelib")
            python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{installed}" exec {sys.executable} -S "$@"\n')
            python.chmod(0o755)
        return python


@contextmanager
def started(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """A running cluster, one core and one GiB a worker; all its processes are ended, whatever happens."""
    with ExitStack() as processes:

        def start(name: str, of: str, *arguments: str) -> subprocess.Popen[bytes]:
            call = [SPARK_HOME / "bin" / "spark-class", f"org.apache.spark.deploy.{of}", "--host", LOOPBACK, *arguments]
            log = processes.enter_context((folder / f"{name}.log").open("wb"))
            env = _environment(SPARK_DAEMON_MEMORY="256m", SPARK_LOCAL_IP=LOOPBACK)
            run = subprocess.Popen(call, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
            processes.callback(_end, run)
            return run

        port = _free_port()
        start("master", "master.Master", "--port", str(port), "--webui-port", "0")
        _until(lambda: _answers(port), "the master")
        places = ["--webui-port", "0", "--cores", "1", "--memory", "1g", "--work-dir", str(folder / "work")]
        of_master = f"spark://{LOOPBACK}:{port}"
        names = [f"worker-{number}" for number in range(workers)]
        running = [start(name, "worker.Worker", *places, of_master) for name in names]
        for name in names:
            _until(lambda name=name: b"Successfully registered" in (folder / f"{name}.log").read_bytes(), name)
        yield Cluster(of_master, running, folder)


def _environment(**more: str) -> dict[str, str]:
    """This environment without what it says of Spark and of a checkout."""
    foreign = ("PYTHONPATH", "PYSPARK_", "SPARK_", "MLFLOW_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "SPARK_HOME": str(SPARK_HOME), **more}


def _end(run: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process and its descendants: each was started as a session of its own."""
    if run.poll() is None:
        for process in (own := psutil.Process(run.pid), *own.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        run.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex((LOOPBACK, port)) == 0


def _until(found: Callable[[], T], what: str) -> T:
    last = time.monotonic() + PATIENCE
    while not (it := found()):
        if time.monotonic() > last:
            raise TimeoutError(f"{what} did not come up")
        time.sleep(0.1)
    return it
