"""Every notebook runs from its own folder on the small bank, shows tables and pictures, and is Databricks source."""

import runpy
from pathlib import Path

import pytest

from cycle.conftest import PROJECT, SMALL, Bank

pytestmark = pytest.mark.cycle

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.py"))
PAGES = ("00_start_here", "01_data", "02_features", "03_model", "04_campaign", "05_read_out", "06_loop")


def test_the_notebooks_are_those_that_the_first_one_names() -> None:
    assert tuple(notebook.stem for notebook in NOTEBOOKS) == PAGES
    first = NOTEBOOKS[0].read_text(encoding="utf-8")
    assert [page for page in PAGES[1:] if f"`{page}`" not in first] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_databricks_source(notebook: Path) -> None:
    """The first line says so; a cell is either words or code; words are Markdown."""
    first, *lines = notebook.read_text(encoding="utf-8").splitlines()
    assert first == "# Databricks notebook source"
    cells = "\n".join(lines).split("# COMMAND ----------")
    for cell in cells:
        told = [line for line in cell.splitlines() if line.strip()]
        magic = [line.startswith("# MAGIC") for line in told]
        assert told
        assert all(magic) or not any(magic)
        assert not magic[0] or told[0].startswith("# MAGIC %md")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_it_is(
    bank: Bank, notebook: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (f"paths.root={bank.root}", *SMALL)
    arguments = " ".join(f"--set {setting}" for setting in settings)
    monkeypatch.chdir(notebook.parent)
    monkeypatch.setenv("REACTIVATION_NOTEBOOK", f"--cycle 2026-05 {arguments}")
    runpy.run_path(str(notebook))
    said = capsys.readouterr().out
    assert "──" in said  # at least one table was shown
    assert "[picture] " in said
    assert "(no rows)" not in said
