"""What options did, over months in which the same users are drawn again: intervals that cover, and months that pool."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from conftest import Rows
from experiment.asked import settings_for
from made import of_users
from reactivation import experiment, randomization
from reactivation.clusters import MILLIONTHS
from reactivation.contracts import derived
from reactivation.periods import Month

SETTINGS = settings_for(metrics={"active": {"outcome": "is_active", "minimum_effect": 0.01}})
MAY = Month.parse("2026-05")
PLACE = {"tier": "high_potential", "wave": "W1", "channel": "sms", "benefit": "none", "outcome": "is_active"}
USERS, MONTHS, WORLDS = 250, 8, 800
Numbers = npt.NDArray[Any]


def world(rng: np.random.Generator) -> tuple[Numbers, Numbers, Numbers]:
    """Draws, propensities and outcomes of 250 users in eight months; the true lift is 0.14.

    One user in five is moved by every contact from 0.1 to 0.8, the others by none; a user's habit holds for all
    months. Chances to draw the option differ by user.
    """
    habit = rng.beta(0.5, 1.5, (USERS, 1))
    is_moved = rng.random((USERS, 1)) < 0.2
    share = np.where(rng.random((USERS, 1)) < 0.5, 0.75, 0.5)
    drew = rng.random((USERS, MONTHS)) < share
    p = np.where(is_moved, np.where(drew, 0.8, 0.1), habit)
    weight = np.where(drew, 1 / share, 1 / (1 - share))
    return drew, weight, rng.random((USERS, MONTHS)) < p


def found(drew: Numbers, weight: Numbers, did: Numbers) -> dict[str, Any]:
    """The row of `response` for (clusters, draws) of draws."""
    whole = np.round(weight * MILLIONTHS).astype(np.int64)
    columns = [drew, ~drew, whole * drew, whole * (drew & did), whole * ~drew, whole * (~drew & did)]
    sums = np.stack([column.sum(axis=1) for column in columns], axis=1)
    row = {**PLACE, "half": "first", **of_users(sums.tolist())}
    return experiment.response([row], cycle=MAY, months=MONTHS, settings=SETTINGS)[0]


@pytest.mark.numbers
def test_intervals_cover_when_users_are_clusters_and_not_when_each_draw_is_one() -> None:
    rng = np.random.default_rng(20261124)
    truth, by_user, by_draw = 0.2 * 0.7, [], []
    for _ in range(WORLDS):
        table = world(rng)
        for hits, cut in ((by_user, table), (by_draw, tuple(part.reshape(-1, 1) for part in table))):
            row = found(*cut)
            hits.append(row["lift_low"] <= truth <= row["lift_high"])
    assert 0.93 <= float(np.mean(by_user)) <= 0.97
    assert float(np.mean(by_draw)) < 0.91


@pytest.mark.rules
def test_lifts_of_assets_are_those_of_users_whose_assets_are_known(rows: Rows) -> None:
    """Of 80 users half draw the SMS; of 30 known on each side 20 have an uplift with it, 15 without."""
    names = ["cycle", "user_id", "wave", "channel", "benefit", "is_exploration", "propensity", "drawn_from"]
    users = range(80)
    drawn = [("2026-05", u, "W1", "none" if u < 40 else "sms", "none", True, 0.5, "sms/none") for u in users]
    plan = rows(derived.WAVE_PLAN, names, drawn)
    uplift = [None] * 10 + [True] * 15 + [False] * 15 + [None] * 10 + [True] * 20 + [False] * 10
    did = [("2026-05", u, u % 2 == 0, rose) for u, rose in zip(users, uplift, strict=True)]
    known = {
        "outcomes": rows(derived.OUTCOMES, ["cycle", "user_id", "is_active", "has_asset_uplift"], did),
        "tiers": rows(
            derived.TIERS_TABLE, ["cycle", "user_id", "tier"], [("2026-05", u, "high_potential") for u in users]
        ),
    }
    sums = [row.asDict() for row in experiment.exploration(plan, **known, salt="halves").collect()]
    row = experiment.response(sums, cycle=MAY, months=1, settings=SETTINGS)[0]
    assert (row["n_treatment"], row["lift"]) == (40, 0.0)
    assert row["asset_lift"] == pytest.approx(20 / 30 - 15 / 30)
    assert row["asset_standard_error"] == pytest.approx(((2 / 9 + 1 / 4) / 30 * 60 / 59) ** 0.5)
    assert row["asset_control_error"] == pytest.approx((1 / 4 / 30 * 60 / 59) ** 0.5)
    active = experiment.exploration(plan, **known, salt="halves", measured=["is_active"]).collect()
    alone = experiment.response([one.asDict() for one in active], cycle=MAY, months=1, settings=SETTINGS)[0]
    assert (alone["n_treatment"], alone["lift"]) == (40, 0.0)
    assert {alone[f"asset_{name}"] for name in ("lift", "standard_error", "control_error")} == {None}


@pytest.mark.rules
def test_months_are_pooled_and_each_tier_is_that_of_its_month(rows: Rows) -> None:
    """Users 0 to 79 are drawn in April and in May; in May they are of another tier."""
    names = ["cycle", "user_id", "wave", "channel", "benefit", "is_exploration", "propensity", "drawn_from"]
    months = {"2026-03": "high_potential", "2026-04": "high_potential", "2026-05": "low_potential"}
    keys = [(month, user) for month in months for user in range(80)]
    channel = {(m, u): "sms" if u % 2 else "none" for m, u in keys}
    plan = rows(derived.WAVE_PLAN, names, [(m, u, "W1", channel[m, u], "none", True, 0.5, "sms/none") for m, u in keys])
    did = rows(derived.OUTCOMES, ["cycle", "user_id", "is_active"], [(m, u, u % 4 < 2) for m, u in keys])
    tiers = rows(derived.TIERS_TABLE, ["cycle", "user_id", "tier"], [(m, u, months[m]) for m, u in keys])
    sums = experiment.exploration(plan, outcomes=did, tiers=tiers, salt="halves").collect()
    table = experiment.response([row.asDict() for row in sums], cycle=MAY, months=3, settings=SETTINGS)
    seen = [(row["tier"], row["n_treatment"], row["n_control"], row["lift"], row["months"]) for row in table]
    assert seen == [("high_potential", 40, 40, 0.0, 3), ("low_potential", 40, 40, 0.0, 3)]
    assert table[0]["standard_error"] == pytest.approx(table[1]["standard_error"])  # twice the same is no news
    halves = {"first": 0, "second": 0}  # of the 80 users, all months of a user in one of them
    for user in (
        rows(derived.TIERS_TABLE, ["user_id"], [(u,) for u in range(80)])
        .select("user_id", (randomization.bucket("halves") < 5_000).alias("is_first"))
        .collect()
    ):
        halves["first" if user.is_first else "second"] += 1
    found_users = {(row.tier, row.half): row.users for row in sums}
    assert found_users == {
        (tier, half): n for tier in ("high_potential", "low_potential") for half, n in halves.items()
    }
    left_out = {("2026-05", "W1"), ("2026-04", "W2")}
    without = experiment.exploration(plan, outcomes=did, tiers=tiers, salt="halves", leave_out=left_out)
    assert {row.tier for row in without.collect()} == {"high_potential"}


@pytest.mark.numbers
def test_each_half_is_estimated_alone_and_both_together_are_all_users() -> None:
    """Of 40 and 40 users, 30 and 10 of the first half act, 24 and 20 of the second."""

    def half(acts: int, acts_alone: int) -> dict[str, int]:
        drew = [(1, 0, MILLIONTHS, MILLIONTHS * (i < acts), 0, 0) for i in range(40)]
        return of_users([*drew, *((0, 1, 0, 0, MILLIONTHS, MILLIONTHS * (i < acts_alone)) for i in range(40))])

    rows = [{**PLACE, "half": "first", **half(30, 10)}, {**PLACE, "half": "second", **half(24, 20)}]
    row = experiment.response(rows, cycle=MAY, months=1, settings=SETTINGS)[0]
    assert [row["lift"], row["lift_first"], row["lift_second"]] == [
        pytest.approx((54 - 30) / 80),
        pytest.approx(0.5),
        pytest.approx(0.1),
    ]
    assert (row["n_treatment"], row["n_control"]) == (80, 80)
    variance = 79 / 78 * 0.75 * 0.25 * 2 / 40  # two shares of 0.75 and 0.25 of 40 users, as 80 clusters
    assert row["standard_error_first"] ** 2 == pytest.approx(variance, rel=0.02)
    assert row["control_error_first"] ** 2 == pytest.approx(variance / 2, rel=0.02)
    few = [rows[0], {**PLACE, "half": "second", **half(2, 10)}]
    seen = experiment.response(few, cycle=MAY, months=1, settings=SETTINGS)[0]
    assert seen["status"] == "estimated"
    assert [seen[f"{name}_second"] for name in ("lift", "standard_error", "control_error")] == [None] * 3
    assert set(seen) == set(derived.RESPONSE.column_names)
