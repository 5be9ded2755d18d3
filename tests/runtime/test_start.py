"""A process of its own starts Spark: quiet where it starts, and with all that Java said where it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.edges

STARTS = """
import sys
from reactivation.runtime import console
from reactivation.runtime.session import start
with console.logged(__import__("pathlib").Path(sys.argv[1]), verbose=False, head="a start"):
    spark = start({"spark.master": "local[1]", **dict(part.split("=", 1) for part in sys.argv[2:])})
    print(spark.range(3).count())
"""


def started(log: Path, *conf: str) -> "subprocess.CompletedProcess[str]":
    call = [sys.executable, "-c", STARTS, str(log), *conf]
    lib = str(Path(__file__).parents[2] / "lib")
    env = {**os.environ, "PYTHONPATH": lib}
    return subprocess.run(call, capture_output=True, text=True, check=False, env=env, cwd=log.parent)


def test_a_start_that_goes_well_says_nothing_and_its_jars_stand_in_the_log(tmp_path: Path) -> None:
    done = started(tmp_path / "job.log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
    kept = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "io.delta#delta-spark" in kept
    assert "resolution report" in kept


def test_a_java_that_does_not_start_shows_what_it_said(tmp_path: Path) -> None:
    done = started(tmp_path / "job.log", "spark.driver.memory=plenty")
    assert done.returncode == 1
    assert "plenty" in done.stderr.partition("Traceback")[0] + done.stdout
    assert "Traceback" in done.stderr


def test_jars_that_cannot_be_had_are_named(tmp_path: Path) -> None:
    """Ivy's words: what it looked for, and where."""
    done = started(tmp_path / "job.log", "spark.jars.repositories=file:///nowhere", f"spark.jars.ivy={tmp_path}/ivy",
                   "spark.jars.ivySettings=" + _settings_without_internet(tmp_path))  # fmt: skip
    assert done.returncode == 1
    assert "io.delta#delta-spark" in done.stderr
    assert "not found" in done.stderr


def _settings_without_internet(folder: Path) -> str:
    """Ivy looks for jars in an empty folder alone."""
    nowhere = folder / "nowhere"
    nowhere.mkdir()
    text = f"""<ivysettings><settings defaultResolver="none"/><resolvers><filesystem name="none">
    <artifact pattern="{nowhere}/[artifact]-[revision].[ext]"/></filesystem></resolvers></ivysettings>"""
    place = folder / "ivysettings.xml"
    place.write_text(text, encoding="utf-8")
    return str(place)
