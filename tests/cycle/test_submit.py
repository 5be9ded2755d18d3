"""The same job under spark-submit, with the library as a zip, leaves the same table."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cycle.conftest import PROJECT, SMALL, Bank
from reactivation.contracts import derived

pytestmark = pytest.mark.cycle


def test_spark_submit_and_python_agree(bank: Bank, tmp_path: Path) -> None:
    before = bank.fingerprint(derived.SCORES, "2026-05")
    archive = shutil.make_archive(str(tmp_path / "reactivation"), "zip", PROJECT / "lib", "reactivation")
    overrides = [part for setting in (f"paths.root={bank.root}", *SMALL) for part in ("--set", setting)]
    submit = Path(sys.executable).parent / "spark-submit"
    flags = ["--packages", "io.delta:delta-spark_4.1_2.13:4.3.1", "--driver-memory", "2g", "--py-files", archive]
    arguments = ["--cycle", "2026-05", "--conf-dir", str(PROJECT / "conf"), *overrides]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHONPATH", "PYSPARK_GATEWAY", "SPARK_"))}
    done = subprocess.run(
        [str(submit), *flags, str(PROJECT / "jobs" / "score_users.py"), *arguments],
        env={**clean, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert bank.fingerprint(derived.SCORES, "2026-05") == before
