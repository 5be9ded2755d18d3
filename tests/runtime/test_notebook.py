"""Tables and pictures of a notebook: by its own display where there is one, else as text."""

import builtins
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from reactivation.runtime import notebook

pytestmark = pytest.mark.numbers

ROWS = [{"tier": "high_potential", "users": 9361}, {"tier": "low_potential", "users": None}]


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a notebook of Databricks was asked to display."""
    seen: list[Any] = []
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    monkeypatch.setattr(builtins, "display", seen.append, raising=False)
    return seen


def test_elsewhere_a_table_is_text_and_a_picture_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert notebook.show(ROWS, "users by tier") == ROWS
    notebook.picture(Figure(), "tiers")
    said = capsys.readouterr().out
    assert "users by tier\n" in said
    assert "9 361" in said
    assert "[picture] tiers" in said


def test_a_notebook_displays_the_rows_and_the_figure_itself(
    displayed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    figure = Figure()
    notebook.show(ROWS, "users by tier")
    notebook.picture(figure, "tiers")
    table, drawn = displayed
    assert isinstance(table, pd.DataFrame)
    assert table.tier.tolist() == ["high_potential", "low_potential"]
    assert drawn is figure
    assert "9 361" not in capsys.readouterr().out


def test_no_more_rows_than_a_page_holds_are_shown() -> None:
    assert len(notebook.show([{"n": n} for n in range(500)])) == 60
