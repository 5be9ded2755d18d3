"""The loop's table: what is counted, what is divided by what, and what is not known."""

from typing import Any

import pytest

from conftest import Rows
from reactivation.contracts import derived
from reactivation.report import loop

SPENT = [
    {"cycle": "2026-05", "policy": "rule", "users": 100, "spend": 50.0},
    {"cycle": "2026-05", "policy": "model", "users": 200, "spend": 60.0},
]


def read_out(contrast: str, difference: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    ends = {"difference": difference, "difference_low": low, "difference_high": high}
    return {"cycle": "2026-05", "contrast": contrast, **ends}


@pytest.mark.numbers
def test_a_months_row_and_its_sentence() -> None:
    bands = [
        {"cycle": "2026-05", "band": n, "tier": tier, "score_low": low, "score_high": high}
        for n, (tier, low, high) in enumerate(
            [("high_potential", 0.8, 1.0), ("high_potential", 0.5, 0.8), ("low_potential", 0.0, 0.5)], start=1
        )
    ]
    rows = loop.months(
        spent=SPENT,
        readout=[read_out("touch_model", 0.1, 0.05, 0.15), read_out("touch_rule", 0.02, -0.01, 0.05)],
        evaluation=[
            {"cycle": "2026-05", "metric": "auc", "value": 0.7},
            {"cycle": "2026-05", "metric": "calibration_slope", "value": 0.85},
        ],
        bands=bands,
        truth=[{"cycle": "2026-05", "contrast": "touch_model", "value": 0.12}],
        oracle=[{"cycle": "2026-05", "auc": 0.9}],
    )
    model, rule = rows
    assert (model["policy"], model["incremental"], model["incremental_true"]) == ("model", 20.0, 24.0)
    assert [model[f"cost_each{end}"] for end in ("", "_low", "_high", "_true")] == [3.0, 2.0, 6.0, 2.5]
    assert (rule["cost_each"], rule["cost_each_low"], rule["cost_each_high"]) == (25.0, 10.0, None)  # may be nothing
    assert (model["auc_untouched"], model["slope_untouched"]) == (0.7, 0.85)
    assert model["share_of_oracle"] == pytest.approx(0.5)
    assert model["tiers"] == "high_potential 0.5-1, low_potential 0-0.5"
    told = loop.sentences(rows, metric="login")
    assert told[0] == (
        "2026-05: scores of users left alone reach an AUC of 0.700, 50% of what the truth itself would have above one "
        "half; the slope of their calibration is 0.85, outside 0.9 to 1.1: too far spread"
    )
    assert told[1] == (
        "2026-05, model: 60.00 spent on 200 picked users; 20.0 more login (10.0 to 30.0), in truth 24.0; 3.00 each"
    )
    assert "in truth" not in told[2]
    picture = loop.plot(rows, metric="login")
    assert picture == loop.plot(rows, metric="login")
    assert picture.lstrip().startswith("<?xml")


@pytest.mark.numbers
def test_what_was_withheld_is_no_zero() -> None:
    rows = loop.months(spent=SPENT, readout=[], evaluation=[], bands=[], truth=[], oracle=[])
    assert {rows[0][name] for name in ("incremental", "cost_each", "incremental_true", "tiers")} == {None}
    told = loop.sentences(rows, metric="login")
    assert told[0] == "2026-05: how good the scores were for users left alone is not known"
    assert told[1].endswith("what that moved (login) is not known")
    assert loop.plot(rows, metric="login")


@pytest.mark.rules
def test_only_what_was_spent_on_the_picked_and_touched_counts(rows: Rows) -> None:
    arms = rows(
        derived.ARMS,
        ["cycle", "user_id", "policy", "is_selected", "touch"],
        [
            ("2026-05", 1, "model", True, "touched"),
            ("2026-05", 2, "model", True, "touched"),
            ("2026-05", 3, "model", True, "holdout"),
            ("2026-05", 4, "model", False, "touched"),
            ("2026-06", 1, "rule", True, "touched"),
        ],
    )
    cycles = {5: "2026-06"}
    outcomes = rows(  # 0.1.0 knew neither what was delivered nor what was redeemed here
        derived.OUTCOMES,
        ["cycle", "user_id", "spend"],
        [(cycles.get(n, "2026-05"), 1 if n == 5 else n, f"{n}.50") for n in range(1, 6)],
    )

    def found(*as_planned: str) -> dict[tuple[str, str], tuple[int, float | None]]:
        spent = loop.spending(outcomes, arms, as_planned=as_planned).collect()
        return {(row.cycle, row.policy): (row.users, row.spend) for row in spent}

    assert found("2026-05", "2026-06") == {("2026-05", "model"): (2, 4.0), ("2026-06", "rule"): (1, 5.5)}
    assert found("2026-05") == {("2026-05", "model"): (2, 4.0), ("2026-06", "rule"): (1, None)}  # not known


def test_spent_is_what_was_delivered_and_redeemed_not_what_was_planned(rows: Rows) -> None:
    arms = rows(
        derived.ARMS, ["user_id", "policy", "is_selected", "touch"], [(n, "model", True, "touched") for n in (1, 2)]
    )

    def spent(*did: tuple[str, str | None, str | None]) -> list[float | None]:
        """did: of each user what was allotted, and what of it was for contacts; what was delivered; redeemed."""
        names = ["user_id", "spend", "contact_cost", "delivered_cost", "benefits_redeemed"]
        outcomes = rows(derived.OUTCOMES, names, [(n, one[0], "0.10", *one[1:]) for n, one in enumerate(did, start=1)])
        return [row.spend for row in loop.spending(outcomes, arms).collect()]

    assert spent(("9.00", "0.05", "2.00"), ("9.00", "0.10", "0.00")) == [2.15]
    assert spent(("9.00", "0.05", None), ("0.10", "0.10", None)) == [None]  # a benefit was offered: who knows of it?
    assert spent(("0.10", "0.05", None), ("0.10", "0.10", None)) == [0.15]  # none was offered
    assert spent(("9.00", None, "2.00"), ("9.00", None, "0.00")) == [None]  # no receipts


@pytest.mark.numbers
def test_what_is_not_known_to_be_spent_has_no_price() -> None:
    unknown = [{**row, "spend": None} for row in SPENT]
    effects = [read_out("touch_model", 0.1, 0.05, 0.15)]
    rows = loop.months(spent=unknown, readout=effects, evaluation=[], bands=[], truth=[], oracle=[])
    assert {rows[0][f"cost_each{end}"] for end in ("", "_low", "_high")} == {None}
    told = loop.sentences(rows, metric="login")
    assert told[1] == ("2026-05, model: not known what was spent on 200 picked users; 20.0 more login (10.0 to 30.0)")
    assert loop.plot(rows, metric="login")
