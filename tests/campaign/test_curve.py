"""Value against budget: what is told without a pass over the users is what the plan of such a budget is worth."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reactivation.campaign.planning import curve, dual
from reactivation.campaign.planning.cells import MICRO, Limit
from reactivation.campaign.planning.model_cell import Part
from reactivation_lab.comparisons import allocations

pytestmark = pytest.mark.numbers

SLOWLY = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
ONE_OPTION = np.array([[10], [6], [2]], dtype=np.int64) * MICRO
CELLS = dual.equals(ONE_OPTION, np.zeros(3, dtype=np.int64))


def budget(whole: int, drawn: int = 0, uses: int = 100) -> Part:
    """Cents, of which explorers have drawn some."""
    return Part(Limit("budget", (uses,), most=whole - drawn, scale=100), whole, drawn)


def values(parts: list[Part], *, value: int = 16 * MICRO) -> list[float]:
    return [row["value"] for row in curve.points(CELLS, 1.0, parts, value=value)]


def test_each_budget_buys_the_users_who_are_worth_most() -> None:
    rows = curve.points(CELLS, 1.0, [budget(200)], value=16 * MICRO)
    assert [row["times"] for row in rows] == list(curve.TIMES)
    assert [row["budget"] for row in rows] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0]
    assert [row["value"] for row in rows] == [5.0, 10.0, 13.0, 16.0, 17.0, 18.0, 18.0]  # half a user counts half


def test_draws_take_theirs_first_and_other_limits_stay() -> None:
    assert values([budget(200, drawn=100)], value=10 * MICRO) == [0.0, 0.0, 5.0, 10.0, 13.0, 16.0, 18.0]
    seats = Part(Limit("capacity_call", (1,), most=2), 2)
    assert values([seats, budget(200)]) == [5.0, 10.0, 13.0, 16.0, 16.0, 16.0, 16.0]


def test_a_budget_at_which_the_limits_cannot_be_met_is_left_out() -> None:
    least = Part(Limit("least_sms", (1,), least=2), 2)
    rows = curve.points(CELLS, 1.0, [least, budget(200)], value=16 * MICRO)
    assert [row["times"] for row in rows] == [1.0, 1.25, 1.5, 2.0]


def test_a_plan_worth_nothing_has_no_curve() -> None:
    assert values([budget(200)], value=0) == values([budget(0)]) == []
    nobody = dual.equals(ONE_OPTION[:0], np.zeros(0, dtype=np.int64))
    assert curve.points(nobody, 1.0, [budget(200)], value=16 * MICRO) == []


@SLOWLY
@given(st.integers(0, 10_000), st.integers(40, 120), st.sampled_from(["learnt", "tiers"]))
def test_value_never_falls_with_budget_and_is_the_plans_within_the_certified_gaps(
    seed: int, users: int, kind: str
) -> None:
    instance = allocations.drawn(seed, users, kind=kind)  # type: ignore[arg-type]
    cells = dual.equals(instance.values, instance.group)
    plan = dual.of_equals(cells, instance.limits, is_finished=False)
    if plan is None:
        return
    rows = curve.points(cells, 1.0, [Part(limit, limit.most or 0) for limit in instance.limits], value=int(plan.value))
    assert all(later["value"] >= sooner["value"] - 0.01 for sooner, later in pairwise(rows))
    for row in rows:
        most = [round((x.most or 0) * row["times"]) for x in instance.limits]
        other = [x._replace(most=n) if x.name == "budget" else x for x, n in zip(instance.limits, most, strict=True)]
        again = dual.of_equals(cells, other, is_finished=False)
        assert again is not None
        room = (plan.gap(plan.value) + again.gap(again.value)) * again.bound / MICRO + 0.02
        assert row["value"] == pytest.approx(again.value / MICRO, abs=room)


def test_a_sample_tells_the_curve_of_all_users() -> None:
    """Five hundred of three thousand users: the value of each budget within four per cent."""
    instance = allocations.drawn(5, 3_000, options=4)
    limits = tuple(limit for limit in instance.limits if limit.group is None)
    parts = [Part(limit, limit.most or 0) for limit in limits]
    all_of_them, sample = (
        curve.points(dual.equals(instance.values[:few], instance.group[:few]), few / 3_000, parts, value=1000 * MICRO)
        for few in (3_000, 500)
    )
    assert len(sample) == len(curve.TIMES)
    assert [row["value"] for row in sample] == pytest.approx([row["value"] for row in all_of_them], rel=0.04, abs=0.01)
