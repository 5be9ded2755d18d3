"""What the report counts of the month's users: by band, arm and the day of the first login."""

import json
from typing import Any

import pytest

from conftest import Rows
from reactivation import report
from reactivation.contracts import derived

pytestmark = pytest.mark.rules


def test_users_are_counted_by_band_arm_and_first_login(rows: Rows) -> None:
    arms = rows(
        derived.ARMS,
        ["user_id", "policy", "is_selected", "touch"],
        [
            (1, "model", True, "touched"),
            (2, "model", True, "touched"),
            (3, "model", True, "holdout"),
            (4, "none", False, None),  # refuses profiling: no tier, no score
        ],
    )
    outcomes = rows(
        derived.OUTCOMES,
        ["user_id", "is_active", "logged_in", "first_login_day", "contacts_delivered"],
        [(1, True, True, 6, 2), (2, True, True, 6, 1), (3, False, False, None, 0), (4, True, True, 9, 0)],
    )
    tiers = rows(derived.TIERS_TABLE, ["user_id", "band"], [(1, 2), (2, 2), (3, 2)])
    scores = rows(derived.SCORES, ["user_id", "p_active"], [(1, 0.1), (2, 0.2), (3, 0.3)])
    found = report.facts.by_band_and_day(outcomes, arms, tiers, scores).collect()
    assert {(row.policy, row.touch, row.band, row.first_login_day): tuple(row)[5:] for row in found} == {
        ("model", "touched", 2, 6): (2, 2, 2, 2, 3, 0.3),  # users, scored, active, logged in, contacts, sum of p: exact
        ("model", "holdout", 2, None): (1, 1, 0, 0, 0, 0.3),
        ("none", None, None, 9): (1, 0, 1, 1, 0, None),
    }


def event(wave: str, version: int, status: str, value: float | None = None, cycle: str = "2026-05") -> dict[str, Any]:
    points = None if value is None else json.dumps([{"times": 1.0, "budget": 9.0, "value": value}])
    return {"cycle": cycle, "wave": wave, "plan_version": version, "status": status, "curve_json": points}


def test_a_waves_curve_is_that_of_its_newest_release() -> None:
    ledger = [
        event("W1", 1, "planned", 10.0),
        event("W1", 1, "released"),
        event("W1", 2, "planned", 20.0),
        event("W1", 2, "released"),
        event("W1", 3, "planned", 30.0),  # not released
        event("W2", 1, "planned", 40.0),  # neither
        event("W3", 1, "planned"),  # filled by a simple rule
        event("W3", 1, "released"),
        event("W1", 1, "planned", 50.0, "2026-06"),
        event("W1", 1, "released", None, "2026-06"),
    ]
    assert report.facts.curves(ledger, cycle="2026-05") == [{"wave": "W1", "times": 1.0, "budget": 9.0, "value": 20.0}]
    older = [{name: value for name, value in row.items() if name != "curve_json"} for row in ledger]
    assert report.facts.curves(older, cycle="2026-05") == []
