"""Every notebook runs from its own folder on the small bank and shows tables."""

import runpy
from pathlib import Path

import pytest

from cycle.conftest import PROJECT, SMALL, Bank

pytestmark = pytest.mark.cycle

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.py"))


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 3


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_it_is(
    bank: Bank, notebook: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (f"paths.root={bank.root}", *SMALL)
    arguments = " ".join(f"--set {setting}" for setting in settings)
    monkeypatch.chdir(notebook.parent)
    monkeypatch.setenv("REACTIVATION_NOTEBOOK", f"--cycle 2026-05 {arguments}")
    runpy.run_path(str(notebook))
    assert "──" in capsys.readouterr().out  # at least one table was shown
