"""What the report counts of the month's users: by band, arm and the day of the first login."""

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
        ["user_id", "is_active", "logged_in", "first_login_day"],
        [(1, True, True, 6), (2, True, True, 6), (3, False, False, None), (4, True, True, 9)],
    )
    tiers = rows(derived.TIERS_TABLE, ["user_id", "band"], [(1, 2), (2, 2), (3, 2)])
    scores = rows(derived.SCORES, ["user_id", "p_active"], [(1, 0.1), (2, 0.2), (3, 0.3)])
    found = report.facts.by_band_and_day(outcomes, arms, tiers, scores).collect()
    assert {(row.policy, row.touch, row.band, row.first_login_day): tuple(row)[5:] for row in found} == {
        ("model", "touched", 2, 6): (2, 2, 2, 2, 0.3),  # users, scored, active, logged in, sum of p_active: exact
        ("model", "holdout", 2, None): (1, 1, 0, 0, 0.3),
        ("none", None, None, 9): (1, 0, 1, 1, None),
    }
