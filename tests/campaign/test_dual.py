"""Allocation by prices without Spark: against exact optima, its bound, its limits, and what may not change it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reactivation.campaign.planning import dual, programmes
from reactivation.campaign.planning.cells import FINE, MICRO, NEVER, Ints, Limit, best_at, worth_of_limits
from reactivation.campaign.planning.dual import Plan
from reactivation_lab.comparisons import allocations
from reactivation_lab.comparisons.allocations import Instance

pytestmark = pytest.mark.numbers

SLOWLY = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def planned(instance: Instance, *, is_finished: bool = False) -> Plan:
    found = dual.of_equals(dual.equals(instance.values, instance.group), instance.limits, is_finished=is_finished)
    assert found is not None
    return found


def by_looks(instance: Instance) -> Plan:
    """As a large instance is solved, but with all users at hand."""
    values, group, limits = instance.values, instance.group, instance.limits
    few = [limit.share(1 / 5) for limit in limits]
    start = dual.first_prices(values[::5], group[::5], few)
    see = dual.in_memory(values, group, limits)
    found = dual.by_looks(see, limits, start, width=dual.widths(values, group, limits))
    assert found is not None
    return found


def keeps_all(plan: Plan, limits: tuple[Limit, ...]) -> bool:
    is_everybody = bool((plan.counts.sum(axis=1) == plan.cells.users).all())
    return is_everybody and all(limit.is_met(plan.cells.used(limit, plan.counts)) for limit in limits)


@pytest.mark.parametrize("seed", range(20))
def test_without_the_exact_finish_the_plan_is_within_a_thousandth_of_the_optimum(seed: int) -> None:
    users = int(np.random.default_rng(1000 + seed).integers(150, 900))
    instance = allocations.drawn(seed, users, kind="tiers" if seed % 4 == 0 else "learnt")
    found, best = planned(instance), allocations.best(instance).value
    assert keeps_all(found, instance.limits)
    assert 0.999 * best <= found.value <= best * (1 + 1e-6)
    assert found.gap(found.value) >= (best - found.value) / best - 1e-9  # never below the true one
    assert found.bound >= best * (1 - 1e-9)


def brute_force(instance: Instance) -> int | None:
    """The best of all choices; None where no choice keeps the limits."""
    users, options = instance.values.shape
    choices = (np.array(one) for one in product(range(-1, options), repeat=users))
    fine = [instance.value_of(one) for one in choices if not instance.broken(one)]
    return max(fine, default=None)


@SLOWLY
@given(seed=st.integers(0, 10**6), least=st.integers(0, 3))
def test_tiny_ones_are_finished_exactly(seed: int, least: int) -> None:
    chance = np.random.default_rng(seed)
    values = chance.integers(-2, 9, (5, 3)) * MICRO // 4
    values[chance.random((5, 3)) < 0.3] = NEVER
    limits = (
        Limit("capacity_sms", (1, 1, 0), most=2),
        Limit("budget", (30, 155, 5), most=int(chance.integers(0, 300))),
        Limit("minimum_push", (0, 0, 1), least=least),
        Limit("floor_north", (1, 1, 1), least=1, group=1),
    )
    instance = Instance(values, chance.integers(0, 2, 5), limits)
    cells, best = dual.equals(values, instance.group), brute_force(instance)
    found = dual.of_equals(cells, limits)
    assert (found is None) == (best is None)
    assert bool(programmes.unmeetable(cells, limits)) == (best is None)
    if found is not None and best is not None:
        assert found.value == pytest.approx(best)
        assert keeps_all(found, limits)
        assert found.bound >= best


def test_limits_that_cannot_be_met_together_are_named_and_no_others() -> None:
    can_get = dual.equals(np.array([[0, 0]] * 10 + [[0, NEVER]] * 10), np.zeros(20, dtype=np.int64))
    budget, room = Limit("budget", (5, 250), most=1000), Limit("capacity_push", (1, 0), most=15)
    of_calls, few = Limit("minimum_call", (0, 1), least=5), Limit("stock", (1, 1), most=19)
    assert [x.name for x in programmes.unmeetable(can_get, [budget, room, of_calls, few])] == ["budget", "minimum_call"]
    ten, eleven = (of_calls._replace(least=n) for n in (10, 11))
    assert not programmes.unmeetable(can_get, [room, ten, few])
    assert [x.name for x in programmes.unmeetable(can_get, [room, eleven, few])] == ["minimum_call"]  # ten can get one


def test_any_prices_bound_the_best_plan() -> None:
    instance = allocations.drawn(3, 120)
    cells, best = dual.equals(instance.values, instance.group), allocations.best(instance).value
    chance = np.random.default_rng(1)
    for _ in range(50):
        size = chance.integers(0, 10**9, len(instance.limits))
        is_least = [bool(one.least) and (one.most is None or chance.random() < 0.5) for one in instance.limits]
        prices = [int(-p if least else p) for p, least in zip(size, is_least, strict=True)]
        bound = best_at(cells, instance.limits, prices) + worth_of_limits(instance.limits, prices)
        assert bound >= best * FINE


def test_a_least_that_binds_has_a_price_below_0_and_the_bound_stays_sharp() -> None:
    """Ten users lose 2 by a push; four pushes at least are asked for, seven at most could be sent."""
    both = Limit("push", (1,), most=7, least=4)
    assert [worth_of_limits([both], [price]) for price in (3, -3)] == [21, -12]
    values, group = np.full((10, 1), -2 * MICRO, dtype=np.int64), np.zeros(10, dtype=np.int64)
    found = planned(Instance(values, group, (both,)))
    assert found.counts.tolist() == [[4, 6]]
    assert [p / FINE / MICRO for p in found.prices] == [-2]
    assert (found.value, found.bound) == (-8 * MICRO, -8 * MICRO)


@pytest.mark.parametrize(("kind", "seed"), [("learnt", 1), ("learnt", 6), ("tiers", 2)])
def test_a_few_looks_at_many_users_end_within_a_twentieth_of_a_thousandth(kind: str, seed: int) -> None:
    instance = allocations.drawn(seed, 30_000, kind=kind)  # type: ignore[arg-type]
    found = by_looks(instance)
    assert found.gap(found.value) <= 5e-5
    assert keeps_all(found, instance.limits)


def test_ties_are_shared_to_the_last_unit() -> None:
    """Thousand users alike, a hundred calls, the rest pushes: as many as there is room, whatever the price says."""
    values, group = np.tile([3 * MICRO, MICRO], (1000, 1)).astype(np.int64), np.zeros(1000, dtype=np.int64)
    limits = (Limit("capacity_call", (1, 0), most=100), Limit("capacity_push", (0, 1), most=500))
    found = planned(Instance(values, group, limits))
    assert found.counts.tolist() == [[100, 500, 400]]
    assert [p / FINE / MICRO for p in found.prices] == [3, 1]  # one more call moves 3 in worth
    assert found.gap(found.value) == 0


@SLOWLY
@given(seed=st.integers(0, 10**6), more=st.floats(1, 3))
def test_more_budget_never_lowers_the_bound_nor_the_value_by_more_than_the_gap(seed: int, more: float) -> None:
    instance = allocations.drawn(seed, 80)
    limits = tuple(
        one._replace(most=int((one.most or 0) * more)) if one.name == "budget" else one for one in instance.limits
    )
    less_plan = dual.of_equals(dual.equals(instance.values, instance.group), instance.limits, is_finished=False)
    if less_plan is None:
        return
    more_plan = planned(Instance(instance.values, instance.group, limits))
    rounding = 1e-6 * abs(less_plan.bound)  # prices are whole billionths
    assert more_plan.bound >= less_plan.bound - rounding
    assert more_plan.value >= less_plan.value - more_plan.gap(more_plan.value) * more_plan.bound - rounding


@SLOWLY
@given(order=st.randoms(use_true_random=False), seed=st.integers(0, 50))
def test_the_order_of_the_rows_changes_nothing(order: object, seed: int) -> None:
    instance = allocations.drawn(seed, 60)
    rows = list(range(60))
    order.shuffle(rows)  # type: ignore[attr-defined]
    one, other = (
        dual.of_equals(dual.equals(v, g), instance.limits)
        for v, g in ((instance.values, instance.group), (instance.values[rows], instance.group[rows]))
    )
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert (one.bound, one.prices) == (other.bound, other.prices)
        assert np.array_equal(one.counts, other.counts)


@pytest.mark.parametrize("least", [0, 2])
@pytest.mark.parametrize("users", [10, 5_000])
def test_a_floor_of_a_branch_of_which_nobody_is_there_is_met_or_named(users: int, least: int) -> None:
    values = (np.random.default_rng(1).random((users, 1)) * 2 * MICRO).astype(np.int64)
    group = np.zeros(users, dtype=np.int64)
    limits = [Limit("capacity_sms", (1,), most=5), Limit("least_in_north", (1,), least=least, group=1)]
    plans = [dual.of_equals(dual.equals(values, group), limits)]
    start, widths = dual.first_prices(values, group, limits), dual.widths(values, group, limits)
    plans.append(dual.by_looks(dual.in_memory(values, group, limits), limits, start, width=widths))
    assert [plan is None for plan in plans] == [least > 0] * 2
    named = programmes.unmeetable(dual.equals(values, group), limits)
    assert [limit.name for limit in named] == (["least_in_north"] if least else [])


def test_nobody_to_plan_for_is_a_plan_where_nothing_is_asked() -> None:
    nobody: Ints = np.zeros((0, 2), dtype=np.int64)
    cells = dual.equals(nobody, np.zeros(0, dtype=np.int64))
    asked, room = Limit("minimum_push", (1, 1), least=1), Limit("budget", (5, 5), most=0)
    assert dual.of_equals(cells, [asked, room]) is None
    found = dual.of_equals(cells, [room])
    assert found is not None
    assert (found.value, found.gap(found.value)) == (0, 0)
