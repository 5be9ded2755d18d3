"""What is installed and what is deployed: the lock against setup.py, the Databricks jobs against ours."""

import importlib
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import setuptools
import yaml

from reactivation import cli

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


@pytest.mark.parametrize(("name", "task", "job"), TASKS, ids=[name for name, _, _ in TASKS])
def test_a_databricks_task_calls_a_job_we_have(name: str, task: dict[str, Any], job: dict[str, Any]) -> None:
    call = task["spark_python_task"]
    assert (ROOT / call["python_file"]).exists()
    pipeline = importlib.import_module(f"reactivation.pipelines.{task['task_key']}")
    add_arguments = getattr(pipeline, "add_arguments", None)
    given = [parameter.replace("{{job.parameters.model}}", "active") for parameter in call["parameters"]]
    args = cli.parser(task["task_key"], "", add_arguments).parse_args(given)
    asked_for = set(re.findall(r"job\.parameters\.(\w+)", " ".join(call["parameters"])))
    assert asked_for == {parameter["name"] for parameter in job["parameters"]} - (
        {"wave"} if args.wave is None else set()
    )
    earlier = [other["task_key"] for other in job["tasks"][: job["tasks"].index(task)]]
    assert [d["task_key"] for d in task.get("depends_on", [])] == earlier[-1:]


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
