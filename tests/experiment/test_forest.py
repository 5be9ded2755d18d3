"""The month's causal contrasts as a picture's rows."""

from typing import Any

import pytest

from reactivation import experiment
from reactivation.statistics import verdicts

pytestmark = pytest.mark.numbers


def row(contrast: str = "touch_model", **changes: Any) -> dict[str, Any]:
    """A row of `readout`: the model's picks, 18.4 points more."""
    ends = {"difference": 0.184, "difference_low": 0.132, "difference_high": 0.235}
    plain = {"contrast": contrast, "metric": "login", "segment": "all", "verdict": verdicts.BETTER, **ends}
    return {**plain, **changes}


def test_a_forest_has_the_causal_contrasts_in_points_by_the_registered_estimator() -> None:
    rows = [
        row(),
        row(segment="all, CUPED", verdict=None),  # beside the headline
        row("pick_model_vs_rule", verdict=None),  # describes
        row("gain_model_vs_rule", difference=None, difference_low=None, difference_high=None),
        row(metric="transaction"),
    ]
    first, second = experiment.forest(rows, "login")
    assert {name: pytest.approx(value) for name, value in first.items() if name != "contrast"} == {
        "points": 18.4,
        "low": 13.2,
        "high": 23.5,
    }
    assert (first["contrast"], second["contrast"], second["points"]) == ("touch_model", "gain_model_vs_rule", None)
