"""Orders against each other in the random cell: who counts, what the difference is, and that it is rarely wrong."""

from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from reactivation.contracts import derived
from reactivation.experiment import challenger

E = 0.8


@pytest.mark.rules
def test_a_challenger_picks_as_many_as_the_champion_the_highest_first(rows: Rows) -> None:
    names = ["cycle", "user_id", "policy", "is_selected", "touch", "picked_by_model", "picked_by_rule"]
    arms = rows(
        derived.ARMS,
        names,
        [
            ("2026-01", 1, "random", True, "touched", True, False),
            ("2026-01", 2, "random", True, "holdout", True, True),
            ("2026-01", 3, "random", True, "touched", False, True),
            ("2026-01", 4, "random", True, "touched", False, False),
            ("2026-01", 5, "random", True, "long_holdout", True, True),
            ("2026-01", 6, "random", False, "touched", True, True),
            ("2026-01", 7, "model", True, "touched", True, True),
            ("2026-02", 1, "random", True, "touched", True, False),
        ],
    )
    scores = rows(
        derived.SCORES,
        ["cycle", "user_id", "raw_active", "lift_active"],
        [("2026-01", user, float(user), lift) for user, lift in ((1, 0.1), (2, 0.3), (3, 0.2), (4, 0.9))]
        + [("2026-02", 1, 1.0, None)],
    )
    tiers = rows(
        derived.TIERS_TABLE,
        ["cycle", "user_id", "tier"],
        [("2026-01", u, "high_potential" if u < 4 else "low_potential") for u in range(1, 8)]
        + [("2026-02", 1, "high_potential")],
    )
    found = {(r.cycle, r.user_id): r for r in challenger.picks(arms, scores, tiers).collect()}
    assert sorted(found) == [*(("2026-01", user) for user in (1, 2, 3, 4)), ("2026-02", 1)]
    assert [user for (cycle, user), r in sorted(found.items()) if r.by_lift] == [2, 3]  # 4 is of low potential
    assert [user for (cycle, user), r in sorted(found.items()) if r.by_propensity] == [2, 3, 1]
    assert [r.by_rule for _, r in sorted(found.items())] == [False, True, True, False, False]
    assert found["2026-02", 1].by_lift is None  # nobody has a lift in that month


def _row(seed: int, *, gain: float) -> dict[str, Any]:
    """Sums of made-up users, each in two months: the champion picks half of them, the challenger another half."""
    draws = np.random.default_rng(seed)
    users, months = 600, 2
    habit = draws.random(users) * 0.4 + 0.1  # of a user, in all months
    sums = dict.fromkeys(("a", "b", "n", "picked", "differ", "y"), 0.0)
    totals = {name: np.zeros(users) for name in ("a", "b", "n")}
    for _ in range(months):
        ours, theirs = draws.random(users) < 0.5, draws.random(users) < 0.5
        touched = draws.random(users) < E
        active = draws.random(users) < habit + touched * np.where(theirs & ~ours, gain, 0.1)
        b = (theirs * 1.0 - ours) * np.where(touched, 1 / E, -1 / (1 - E))
        for name, value in (("a", b * active), ("b", b), ("n", np.ones(users))):
            totals[name] += value
        for name, value in (("picked", ours), ("differ", ours != theirs), ("y", active * (ours != theirs))):
            sums[name] += float(value.sum())
    sums |= {name: float(value.sum()) for name, value in totals.items()}
    products = {f"{i}{j}": float((totals[i] * totals[j]).sum()) for i in "abn" for j in "abn" if i <= j}
    return {"challenger": "lift", "users": users, **sums, **products}


@pytest.mark.numbers
@pytest.mark.parametrize(("gain", "truth"), [(0.1, 0.0), (0.4, 0.15)])
def test_the_interval_holds_the_truth_as_often_as_it_says(gain: float, truth: float) -> None:
    """A quarter of the users differ each way: 0.25 · (gain - 0.1) per user, over the half that is picked."""
    found = [challenger.compared(_row(seed, gain=gain), alpha=0.05, challengers=1, power=0.8) for seed in range(1_000)]
    holds = np.mean([one["low"] <= truth <= one["high"] for one in found])
    assert abs(float(holds) - 0.95) < 0.02
    assert np.mean([one["difference"] for one in found]) == pytest.approx(truth, abs=0.01)
    says = np.mean([one["verdict"] == challenger.BETTER for one in found])
    assert says < 0.04 if not truth else says > 0.2


@pytest.mark.numbers
def test_more_challengers_share_the_false_alarms_and_nobody_to_differ_about_keeps_the_champion() -> None:
    row = _row(1, gain=0.4)
    one, three = (challenger.compared(row, alpha=0.05, challengers=k, power=0.8) for k in (1, 3))
    assert three["high"] - three["low"] > one["high"] - one["low"]
    assert three["difference"] == one["difference"]
    assert three["users_needed"] > one["users_needed"]
    alike = challenger.compared({**row, "differ": 0}, alpha=0.05, challengers=1, power=0.8)
    assert (alike["difference"], alike["verdict"]) == (None, "keep the champion: both orders pick the same users")


@pytest.mark.rules
def test_the_sums_are_those_of_the_users_of_whom_orders_differ(spark: SparkSession) -> None:
    picked = spark.createDataFrame(
        [
            ("2026-01", 1, True, True, False, False, True),  # the champion alone, but for propensity, which agrees
            ("2026-01", 2, True, False, True, True, False),
            ("2026-01", 3, False, False, True, True, False),
            ("2026-01", 4, True, True, True, True, True),  # both: no part in it
            ("2026-02", 2, False, False, True, None, False),  # a second month of one user, without lifts
            ("2026-02", 5, True, False, True, None, False),  # of whom nothing is known
        ],
        "cycle string, user_id bigint, is_touched boolean, is_champion boolean, by_rule boolean, by_lift boolean, "
        "by_propensity boolean",
    )
    did = [
        ("2026-01", 1, True),
        ("2026-01", 2, True),
        ("2026-01", 3, False),
        ("2026-01", 4, True),
        ("2026-02", 2, True),
    ]
    outcomes = spark.createDataFrame(did, "cycle string, user_id bigint, logged_in boolean")
    how = {"outcome": "logged_in", "propensities": {"2026-01": E, "2026-02": 0.5}}
    found = {r.challenger: r for r in challenger.sums(picked, outcomes, **how).collect()}
    rule, lift, same = (found[name] for name in ("rule", "lift", "propensity"))
    assert (rule.users, rule.n, rule.picked, rule.differ, rule.y) == (4, 5, 2, 4, 3)
    assert rule.a == pytest.approx(-1 / E + (1 / E - 2))  # user 2: 1 / E in January, -1 / 0.5 in February
    assert rule.aa == pytest.approx(1 / E**2 + (1 / E - 2) ** 2)
    assert rule.bb == pytest.approx(1 / E**2 + (1 / E - 2) ** 2 + (1 / (1 - E)) ** 2)
    assert (lift.n, lift.differ) == (4, 3)
    assert (same.differ, same.a, same.b) == (0, 0.0, 0.0)
