"""Spark's Java as a process of this one: what it says while it starts is shown only where it does not start.

Later its standard error is passed on. Its standard output goes to the log: what Delta prints there is for nobody.
"""

import os
from collections.abc import Mapping
from threading import Lock, Thread
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway

from reactivation.runtime import console

_SERIOUS = (" ERROR ", " FATAL ", "Exception", "OutOfMemoryError")


class Said:
    """What a process says that starts: kept until it runs, then passed on line by line, in order.

    write_end: what the process gets as its standard error or output. is_shown: what it says later is shown.
    """

    def __init__(self, *, is_shown: bool = True) -> None:
        read_end, self.write_end = os.pipe()
        self._is_shown = is_shown
        self._kept: list[str] | None = []
        self._lock = Lock()
        self._listener = Thread(target=self._listen, args=(read_end,), name="Spark's Java", daemon=True)
        self._listener.start()

    def started(self) -> None:
        """It runs: keep in the log what it said (jars that were found, greetings), show errors, pass on all else."""
        os.close(self.write_end)
        self._release(is_failed=False)

    def failed(self) -> None:
        """It does not run: show everything it said."""
        os.close(self.write_end)
        self.close()  # until it has ended; where it still runs, what it has said by now
        self._release(is_failed=True)

    def close(self, *, patience: float = 3.0) -> None:
        """Wait until the process has ended and all is passed on, at most so many seconds."""
        self._listener.join(patience)

    def _release(self, *, is_failed: bool) -> None:
        with self._lock:
            kept, self._kept = self._kept or [], None
            for line in kept:
                console.overhear(line, is_shown=is_failed or any(word in line for word in _SERIOUS))

    def _listen(self, read_end: int) -> None:
        with os.fdopen(read_end, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                with self._lock:
                    if self._kept is None:
                        console.overhear(line, is_shown=self._is_shown)
                    else:
                        self._kept.append(line)


def started(conf: Mapping[str, str]) -> None:
    """Start Java and Spark's context in it, where this process has none yet; what it said is shown where that fails."""
    if SparkContext._gateway is not None:
        return
    out, err, spark_conf = Said(is_shown=False), Said(), SparkConf().setAll(list(conf.items()))
    try:
        launch: Any = launch_gateway
        SparkContext(conf=spark_conf, gateway=launch(spark_conf, {"stdout": out.write_end, "stderr": err.write_end}))
    except BaseException:
        out.failed()
        err.failed()
        raise
    out.started()
    err.started()
