"""Targeting of a month: who is cut into tenths, what the rankings are worth, and how it is told."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest

from conftest import Rows
from experiment.asked import settings_for, specs_for
from reactivation import experiment, randomization
from reactivation.contracts import derived
from reactivation.experiment import month_narrative, targeting
from reactivation.experiment.groups import Group, Totals
from reactivation.periods import Month
from reactivation.statistics.proportions import Share
from reactivation.statistics.uplift_curves import Decile, better_than_lot, policy_value

JUNE = Month.parse("2026-06")
SETTINGS = settings_for(
    metrics={"active": experiment.Metric(outcome="is_active", minimum_effect=0.02)},
)
SPECS = specs_for(SETTINGS)


@pytest.mark.rules
def test_only_the_random_cells_picks_are_cut_highest_first_and_null_last(rows: Rows) -> None:
    users = range(1, 21)
    arms = rows(
        derived.ARMS,
        ["user_id", "policy", "is_selected", "touch"],
        [
            *[(i, "random", True, "touched" if i % 2 else "holdout") for i in users],
            (21, "random", False, "touched"),  # not picked: nothing would have happened to the user
            (22, "model", True, "touched"),
            (23, "random", True, "long_holdout"),
        ],
    )
    outcomes = rows(derived.OUTCOMES, ["user_id", "is_active"], [(i, i <= 2) for i in range(1, 24)])
    scores = rows(derived.SCORES, ["user_id", "raw_active", "raw_asset_uplift"], [(i, -i / 1.0, None) for i in users])
    features = rows(derived.FEATURES, ["user_id", "is_low_activity"], [(i, True) for i in users])
    rankings = experiment.rankings(scores, features, rule_order="user_id")
    assert list(rankings) == ["model_active", "model_asset_uplift", "rule_order"]
    found = experiment.deciles(outcomes, arms, rankings, metrics={"active": "is_active"}).collect()
    by_place = {(r.ranking, r.decile, r.touch): (r.users, r.events_active, r.known_active) for r in found}
    assert len([place for place in by_place if place[0] != "model_asset_uplift"]) == 2 * 10 * 2
    assert by_place["model_active", 1, "touched"] == (1, 1, 1)  # users 1 and 2 have the highest scores
    assert by_place["rule_order", 10, "holdout"] == (1, 1, 1)  # and the lowest places in the rule's order
    first = [row.user_id for row in features.orderBy(randomization.hashed("tenths")).limit(2).collect()]
    sides = Counter("touched" if user % 2 else "holdout" for user in first)  # no score at all: at random
    assert {touch: by_place["model_asset_uplift", 1, touch][0] for touch in sides} == sides


def counted(gains: list[float], users: int = 1_000) -> list[dict[str, Any]]:
    """Tenths of equal size, half touched; held out 20 %, touched as much more as given."""
    half = users // 2
    return [
        {
            **{"ranking": "model_active", "decile": i, "touch": touch, "users": half, "known_active": half},
            "events_active": round((0.2 + (gain if touch == "touched" else 0)) * half),
        }
        for i, gain in enumerate(gains, start=1)
        for touch in ("touched", "holdout")
    ]


def random_cell(*, withheld: bool = False) -> list[Group]:
    """The random cell's picks: a quarter picked by model as well, who are moved by 20 points, others not at all."""
    sizes = {("model", "touched"): (500, 200), ("model", "holdout"): (500, 100), ("", "touched"): (1_500, 300)}
    sizes["", "holdout"] = (100 if withheld else 1_500, 20 if withheld else 300)
    return [
        Group(
            *("random", True, touch),
            Totals({"users": n, "assigned": n, "known__active": n, "events__active": events}),
            frozenset({"random", policy}),
        )
        for (policy, touch), (n, events) in sizes.items()
    ]


def read(rows: list[dict[str, Any]], groups: list[Group]) -> dict[tuple[str, str], dict[str, Any]]:
    design = experiment.Design({"model": 0, "rule": 0, "random": 1}, holdout=0.5, long_holdout=0.0)
    request = experiment.request(groups, design=design, settings=SETTINGS, specs=SPECS, known_on=date(2026, 8, 6))
    found = targeting.targeting(rows, groups, cycle=JUNE, budget_share=0.25, request=request)
    assert all(set(row) == set(derived.TARGETING.column_names) for row in found)
    return {(row["ranking"], row["part"]): row for row in found}


@pytest.mark.numbers
def test_a_ranking_is_judged_at_the_budget_beside_a_lot() -> None:
    found = read(counted([0.2, 0.1, 0.0, 0.0]), random_cell())
    assert found["model_active", "tenth 1"]["estimate"] == pytest.approx(0.2)
    assert found["model_active", "value"]["estimate"] == pytest.approx(0.25 * 0.2)
    assert found["model_active", "better"]["estimate"] == pytest.approx(0.25 * 0.2 - 0.25 * 0.075)
    assert found["random ranking", "value"]["estimate"] == pytest.approx(0.25 * 0.075)
    assert found["random ranking", "qini"]["estimate"] == 0.0
    assert found["model_active", "curve 4"]["estimate"] == pytest.approx(0.075)
    assert found["policy model", "value"]["estimate"] == pytest.approx(0.25 * 0.2)
    assert found["policy model", "value"]["share_touched"] == pytest.approx(0.25)
    assert found["policy rule", "value"]["status"] == "not_estimable"  # it picks nobody of them
    told = month_narrative.targeting_told(list(found.values()), "active", alpha=0.05)
    assert told[0].startswith(
        "model_active finds users who can be moved better than a random choice does, judged on active by 4 000"
    )
    assert told[1].startswith("The policy model gains +5.00 points")


@pytest.mark.numbers
def test_the_order_of_the_rows_changes_nothing() -> None:
    first = counted([0.2, 0.1, 0.0, 0.0])
    other = [{**row, "ranking": "rule_order"} for row in counted([0.05, 0.05, 0.1, 0.07], users=900)]
    assert read([*first, *other], random_cell()) == read([*reversed(other), *reversed(first)], random_cell()[::-1])


@pytest.mark.numbers
def test_where_the_random_cell_may_not_be_read_no_ranking_is() -> None:
    found = read(counted([0.2, 0.1, 0.0, 0.0]), random_cell(withheld=True))
    assert {row["status"] for row in found.values()} == {"withheld", "not_estimable"}
    assert found["model_active", "value"]["estimate"] is None
    assert "sample ratio" in found["model_active", "value"]["reason"]


@pytest.mark.numbers
def test_an_empty_tenth_leaves_the_areas_open() -> None:
    some = [row for row in counted([0.2, 0.1]) if (row["decile"], row["touch"]) != (2, "holdout")]
    found = read(some, random_cell())
    assert found["model_active", "qini"]["status"] == "not_estimable"
    assert "in the tenths 2" in found["model_active", "qini"]["reason"]
    assert read([], random_cell())["policy model", "value"]["status"] == "estimated"


@pytest.mark.numbers
def test_the_value_of_a_policy_covers_as_often_as_it_says() -> None:
    """Ten thousand months: a quarter picked, 300 touched and 300 held out; the others thrice as many."""
    rng = np.random.default_rng(20260616)
    sizes, truth = (
        (300, 900),
        {policy_value: 0.25 * 0.15, better_than_lot: 0.25 * 0.15 - 0.25 * (0.25 * 0.15 + 0.75 * 0.02)},
    )

    def months(rates: Sequence[tuple[float, float]]) -> list[Decile]:
        sides = [[Share(rng.binomial(n, p, 10_000), n) for p in pair] for n, pair in zip(sizes, rates, strict=True)]
        return [Decile(i, 2 * n, *pair) for i, (n, pair) in enumerate(zip(sizes, sides, strict=True), start=1)]

    moved = months([(0.35, 0.20), (0.22, 0.20)])
    for value, expected in truth.items():
        found = value(moved, touched_share=0.25, alpha=0.05)
        assert 0.94 <= np.mean((found.low <= expected) & (expected <= found.high)) <= 0.96
    nobody = months([(0.20, 0.20), (0.20, 0.20)])
    for value in truth:
        assert 0.04 <= np.mean(value(nobody, touched_share=0.25, alpha=0.05).p_value < 0.05) <= 0.06
