"""What is installed and what is deployed: lock, setup.py, both zips, the wheel, the Databricks jobs."""

import importlib
import json
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
import setuptools
import yaml

from reactivation import cli
from reactivation.pipelines import stop_wave

pytestmark = pytest.mark.edges

ROOT = Path(__file__).parents[1]
LOCK = dict(
    line.lower().split("==")
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    if not line.startswith("#")
)
BUNDLE = yaml.safe_load((ROOT / "databricks.yml").read_text("utf-8"))
JOBS = sorted((ROOT / "jobs").rglob("*.py"))
TASKS = [
    (f"{name}.{task['task_key']}", task, job)
    for name, job in BUNDLE["resources"]["jobs"].items()
    for task in job["tasks"]
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every requirement that setup.py names."""
    told: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", told.update)
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    return [*told["install_requires"], *told["extras_require"]["dev"]]


def test_the_lock_holds_what_setup_asks_for(asked: list[str]) -> None:
    names = {re.split(r"[=<>]", requirement)[0].lower() for requirement in asked}
    assert names <= set(LOCK), f"not in requirements.lock: {sorted(names - set(LOCK))}"


def test_the_lock_and_setup_agree_on_exact_versions(asked: list[str]) -> None:
    exact = dict(requirement.split("==") for requirement in asked if "==" in requirement)
    assert {name: LOCK[name] for name in exact} == exact
    assert "pyspark" in exact


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`product` and `lab`, the zips of `make zip`, and `wheel`: from a copy that holds what a clone holds."""
    clone = tmp_path_factory.mktemp("clone")
    for folder in ("lib", ".ci"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in ("Makefile", "setup.py", "pyproject.toml"):
        shutil.copy(ROOT / file, clone)
    stale = clone / "build" / "reactivation.zip"
    stale.parent.mkdir()
    stale.write_text("of an earlier call")
    # A folder without the packages' own path files: what is found there is installed, not a checkout.
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist"]
    for command in (["make", "zip", f"PYTHON={sys.executable}"], [*pip, "."]):
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    wheel = next((clone / "dist").glob("reactivation-*.whl"))
    return {"product": stale, "lab": clone / "build" / "reactivation_lab.zip", "wheel": wheel}


def test_what_a_bank_installs_holds_the_product_whole_and_nothing_of_the_lab(built: dict[str, Path]) -> None:
    ours = {str(file.relative_to(ROOT / "lib")) for file in (ROOT / "lib" / "reactivation").rglob("*.*")}
    ours = {name for name in ours if "__pycache__" not in name}
    assert {"reactivation/py.typed", "reactivation/report/report.html"} <= ours
    for archive in (built["product"], built["wheel"]):
        names = {name for name in zipfile.ZipFile(archive).namelist() if not name.endswith("/")}
        assert {name for name in names if ".dist-info/" not in name} == ours
    assert not [name for name in ours if re.search("_lab|simulat|sandbox", name)]
    of_lab = {name.split("/")[0] for name in zipfile.ZipFile(built["lab"]).namelist()}
    assert of_lab == {"reactivation_lab"}


ALONE = """
import contextlib, importlib, importlib.util, io, json, pkgutil, runpy, sys

def code_of(job, *arguments):
    sys.argv = [job, *arguments]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            runpy.run_path(job, run_name="__main__")
        except SystemExit as left:
            return left.code, said.getvalue()
    return 0, said.getvalue()

jobs, conf = sys.argv[1:]
assert importlib.util.find_spec("reactivation_lab") is None
import reactivation
modules = [found.name for found in pkgutil.walk_packages(reactivation.__path__, "reactivation.")]
for name in modules:
    importlib.import_module(name)
from reactivation import cli
from reactivation.pipelines import stop_wave
cli.start = lambda conf: None  # what is asked here comes before the first query
cli.is_of_this_machine = lambda *_: False
cycle = ("--cycle", "2026-05", "--conf-dir", conf)
told = {region: code_of(jobs + "/run_cycle.py", "--region", region, *cycle) for region in ("sandbox", "berka")}
loaded = [name for name in sys.modules if name.partition(".")[0] == "reactivation_lab"]
print(json.dumps({"modules": modules, "place": reactivation.__file__, "told": told, "loaded": loaded}))
"""


def test_the_product_runs_without_the_lab_and_says_where_it_needs_it(built: dict[str, Path], tmp_path: Path) -> None:
    """Every module imports; `jobs/run_cycle.py` asks for the lab where conf has a sandbox, and only there."""
    places = [str(built["product"]), sysconfig.get_path("purelib")]
    isolated = [sys.executable, "-I", "-S"]  # reads neither PYTHONPATH nor the packages' own paths: no checkout
    code = f"import sys; sys.path[:0] = {places!r}\n{ALONE}"
    call = [*isolated, "-c", code, str(ROOT / "jobs"), str(ROOT / "conf")]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["place"].startswith(str(built["product"]))
    modules = (ROOT / "lib" / "reactivation").rglob("*.py")
    assert len(found["modules"]) + 1 == len(list(modules))
    assert found["loaded"] == []
    (sandbox, why), (berka, other) = found["told"]["sandbox"], found["told"]["berka"]
    assert (sandbox, berka) == (2, 2)
    assert "the simulated bank is not installed" in why
    assert "install `reactivation_lab` beside `reactivation` (its zip or checkout), or set sandbox: null" in why
    assert "until when?" in other  # and did not ask for the lab


@pytest.mark.parametrize(("name", "task", "job"), TASKS, ids=[name for name, _, _ in TASKS])
def test_a_databricks_task_calls_a_job_we_have(name: str, task: dict[str, Any], job: dict[str, Any]) -> None:
    call = task["spark_python_task"]
    assert (ROOT / call["python_file"]).exists()
    pipeline = importlib.import_module(f"reactivation.pipelines.{task['task_key']}")
    add_arguments = getattr(pipeline, "add_arguments", None)
    said = {"model": "active", "plan_version": ""}
    given = [re.sub(r"{{job\.parameters\.(\w+)}}", lambda m: said.get(m[1], m[0]), text) for text in call["parameters"]]
    args = cli.parser(task["task_key"], "", add_arguments).parse_args(given)
    asked_for = set(re.findall(r"job\.parameters\.(\w+)", " ".join(call["parameters"])))
    assert asked_for == {parameter["name"] for parameter in job["parameters"]} - (
        {"wave"} if args.wave is None else set()
    )
    earlier = [other["task_key"] for other in job["tasks"][: job["tasks"].index(task)]]
    assert [d["task_key"] for d in task.get("depends_on", [])] == earlier[-1:]


def test_on_databricks_a_wave_is_planned_by_one_job_and_left_out_by_another() -> None:
    calls = {name: task["spark_python_task"]["parameters"] for name, task, _ in TASKS}
    skips = {name: "--skip" in calls[name] for name in ("wave.plan_wave", "skip.plan_wave")}
    assert skips == {"wave.plan_wave": False, "skip.plan_wave": True}


def test_on_databricks_a_stop_says_what_was_sent_or_nothing_and_a_wave_is_planned_again_for_a_reason() -> None:
    calls = {name: task["spark_python_task"]["parameters"] for name, task, _ in TASKS}
    parser = cli.parser("stop_wave", "", stop_wave.add_arguments)

    def stop(**said: str) -> tuple[dict[str, int], int | None]:
        call = calls["stop.stop_wave"]
        args = parser.parse_args([re.sub(r"{{job\.parameters\.(\w+)}}", lambda m: said.get(m[1], ""), p) for p in call])
        return stop_wave.sent_last(args.sent), args.plan_version

    assert stop(reason="wrong discount") == ({}, None)
    assert stop(reason="wrong", sent="sms=1200 push=0", plan_version="2") == ({"sms": 1200, "push": 0}, 2)
    assert {"--force", "--reason={{job.parameters.reason}}"} <= {*calls["again.plan_wave"]}


@pytest.mark.parametrize("file", JOBS, ids=[file.stem for file in JOBS])
def test_a_job_needs_no_file_of_its_own_name_as_on_databricks(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Databricks compiles a file under its name and runs it without `__file__`."""
    monkeypatch.setattr(sys, "argv", [file.name, "--help"])
    with pytest.raises(SystemExit) as left:
        exec(compile(file.read_text("utf-8"), str(file), "exec"), {"__name__": "__main__"})
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {file.name} ")
