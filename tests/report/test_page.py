"""The month's report: what it counts, and how it is laid out."""

import pytest

from conftest import Rows
from reactivation import report
from reactivation.contracts import derived
from reactivation.report import Chapter


@pytest.mark.numbers
def test_a_report_has_every_chapter_and_no_zero_for_what_is_not_known() -> None:
    page = report.render(
        "sandbox, 2026-06",
        [
            Chapter("Experiment", ["login: 80 % against 60 % <b>"], note="Points."),
            Chapter("Tiers", rows=[{"tier": "high_potential", "users": 12_400, "lift": None}]),
        ],
    )
    assert "<li>login: 80 % against 60 % &lt;b&gt;</li>" in page.html  # what comes from data is never markup
    assert '<td class="number">12 400</td><td>–</td>' in page.html
    assert page.text.splitlines()[:5] == ["sandbox, 2026-06", "================", "", "Experiment", "----------"]
    assert "- login: 80 % against 60 % <b>" in page.text


@pytest.mark.rules
def test_tiers_and_waves_are_counted(rows: Rows) -> None:
    tiers = rows(
        derived.TIERS_TABLE, ["user_id", "tier"], [(1, "high_potential"), (2, "high_potential"), (3, "low_potential")]
    )
    arms = rows(
        derived.ARMS,
        ["user_id", "policy", "is_selected", "touch"],
        [(1, "model", True, "touched"), (2, "rule", False, "holdout"), (3, "none", False, None)],
    )
    found = [tuple(row) for row in report.tier_sizes(tiers, arms).collect()]
    assert found == [("high_potential", 2, 1, 1, 1, 0), ("low_potential", 1, 0, 0, 0, 0)]
    plan = rows(
        derived.WAVE_PLAN,
        ["user_id", "wave", "channel", "benefit", "cost", "is_exploration"],
        [
            (1, "W1", "sms", "none", "0.05", False),
            (2, "W1", "sms", "none", "0.05", True),
            (3, "W1", "none", "none", "0", True),
        ],
    )
    fills = [tuple(row) for row in report.wave_fills(plan).collect()]
    assert fills == [("W1", "none", "none", 1, 1, 0.0), ("W1", "sms", "none", 2, 1, 0.1)]
