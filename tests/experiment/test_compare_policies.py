"""The job that compares orders and whole policies with what stands, over settled months."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conftest import CONF, Rows
from reactivation import cli, experiment
from reactivation.contracts import derived
from reactivation.pipelines import compare_policies
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

MONTHS = ("2026-03", "2026-04")


def plan(cycle: str, **more: Any) -> tuple[str, str, str, str]:
    """A registered plan that says what the job asks of one; the primary metric and minimum are conf's."""
    arms = {"holdout_share": 0.5, "long_holdout_share": 0.0}
    text = experiment.canonical({"cycle": cycle, "arms": arms, "waves": [], "thresholds": {}, **more})
    return (cycle, text, experiment.sealed(text), "[]")


def row(cycle: str, contrast: str, low: float, high: float) -> tuple[Any, ...]:
    return (cycle, contrast, "login", "all", 2_000, 1_900, (low + high) / 2, low, high, "estimated", 0.04)


@pytest.fixture
def root(spark: SparkSession, tmp_path: Path, rows: Rows) -> Path:
    """Two settled months, of which the second had a challenger's cell that moved two points more, give or take one."""
    people = [(month, user) for month in MONTHS for user in range(1, 9)]
    drawn = [(*key, "random", True, "touched" if key[1] % 2 else "holdout", key[1] < 5, key[1] > 2) for key in people]
    arms = ["cycle", "user_id", "policy", "is_selected", "touch", "picked_by_model", "picked_by_rule"]
    readout = ["cycle", "contrast", "metric", "segment", "n_treatment", "n_control", "difference", "difference_low",
               "difference_high", "status", "alpha"]  # fmt: skip
    tables = [
        (derived.ARMS, arms, drawn),
        (derived.WAVE_PLAN, ["cycle", "wave", "user_id"], [(month, "W1", user) for month, user in people]),
        (derived.SCORES, ["cycle", "user_id", "raw_active"], [(*key, float(key[1])) for key in people]),
        (derived.TIERS_TABLE, ["cycle", "user_id", "tier"], [(*key, "high_potential") for key in people]),
        (derived.OUTCOMES, ["cycle", "user_id", "logged_in"], [(*key, key[1] % 3 == 0) for key in people]),
        (derived.EXPERIMENT_PLAN, list(derived.EXPERIMENT_PLAN.column_names), [plan(month) for month in MONTHS]),
        (derived.READOUT, readout, [
            row("2026-03", "policy_model_vs_rule", 0.01, 0.03),
            row("2026-04", "policy_model_vs_rule", 0.01, 0.03),
            row("2026-04", "policy_challenger_vs_model", 0.01, 0.03),
        ]),
    ]  # fmt: skip
    store = Store(spark, str(tmp_path))
    for table, names, values in tables:
        store.replace(table, rows(table, names, values), {"cycle": list(MONTHS)})
    return tmp_path


def shown(root: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", f"paths.root={root}", *more]
    assert cli.execute(compare_policies.run, "compare_policies.py", argv) == 0
    return capsys.readouterr().out


def test_a_month_that_had_the_challengers_cell_is_shown_with_its_verdict(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = shown(root, capsys)
    assert "Orders against the one that picks, 2026-03 to 2026-04, on login" in told
    of_cell = told.partition("The challenger's whole policy against the model's")[2]
    assert "better than the champion" in of_cell
    assert "2026-04" in of_cell
    assert "2026-03" not in of_cell


def test_where_no_month_had_the_cell_the_job_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(SparkSession.active(), str(root)).delta(derived.READOUT).delete("contrast = 'policy_challenger_vs_model'")
    assert "no month had a challenger's cell" in shown(root, capsys)


def test_a_month_whose_odds_earlier_outcomes_moved_is_named_and_judges_no_order(
    root: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    def register(*plans: tuple[str, str, str, str]) -> None:
        table = rows(derived.EXPERIMENT_PLAN, list(derived.EXPERIMENT_PLAN.column_names), plans)
        Store(SparkSession.active(), str(root)).replace(derived.EXPERIMENT_PLAN, table, {"cycle": list(MONTHS)})

    adaptive = [plan(month, offers={"odds": {"W1": [0.65, 0.1]}}) for month in MONTHS]
    register(plan("2026-03"), adaptive[1])
    told = shown(root, capsys)
    assert "Orders against the one that picks, 2026-03 to 2026-03, on login" in told
    assert "left out, because earlier outcomes moved the odds of their draws: 2026-04" in told
    register(*adaptive)
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", f"paths.root={root}"]
    assert cli.execute(compare_policies.run, "compare_policies.py", argv) != 0
    told = "".join(capsys.readouterr())
    assert "there is nothing to compare orders by" in told
    assert "moved the odds of their draws: 2026-03, 2026-04" in told
