"""Loops held against each other: per spend, after the first cycle, seed by seed."""

from typing import Any

import pytest
from scipy import stats

from reactivation.periods import Month
from reactivation_lab.benchmarks import loops

pytestmark = pytest.mark.numbers

SPEND, USERS = "users moved per 1 000 of spend", "users moved per 1 000"
LESS_FROZEN = "the model's cell, learning less frozen"
GAINS = {0: (4.0, 3.0), 1: (5.0, 4.5), 2: (6.0, 3.5)}
"""By seed, users moved per 1 000 of spend: learning, frozen."""


def record(seed: int, loop: loops.Loop, cycle: str, per_1000: float, **others: Any) -> loops.LoopMonth:
    spend = others.pop("spend", 500.0)
    fixed = {"bank_users": 100, "users": 50, "settings_hash": "x", "code_version": "1", "policy": "model"}
    return loops.LoopMonth(
        **{**fixed, "seed": seed, "loop": loop, "cycle": cycle, "spend": spend, **others},
        incremental=per_1000 * spend / 1000,
    )


def paired(records: list[loops.LoopMonth], figure: str = SPEND, of: str = LESS_FROZEN) -> loops.Paired | None:
    return next((found for found in loops.compared(records) if (found.figure, found.of) == (figure, of)), None)


def test_the_interval_is_the_paired_t_interval_over_seeds() -> None:
    records = [
        record(seed, loop, cycle, gain, spend=spend)
        for seed, gains in GAINS.items()
        for loop, gain in zip(loops.LOOPS, gains, strict=True)
        for cycle, spend in (("2026-06", 500.0), ("2026-07", 20.0))
    ]
    found, per_user = paired(records), paired(records, USERS)
    assert found is not None
    assert per_user is not None
    first, second = zip(*GAINS.values(), strict=True)
    interval = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.seeds, found.difference) == (3, pytest.approx(4 / 3))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert per_user.difference == pytest.approx(1000 * (4 / 3) * 520 / 1000 / 100)
    assert f"| {SPEND} | {LESS_FROZEN} | 5.0 | 3.7 | +1.3 | {interval.low:+.1f} to {interval.high:+.1f} | 3 |" in (
        loops.as_section(records)
    )


def test_the_auc_is_the_mean_of_the_months() -> None:
    records = [
        record(seed, loop, cycle, 1.0, auc=auc + (seed + 1) * 0.01 * (loop == "learning"))
        for seed in (0, 1)
        for loop in loops.LOOPS
        for cycle, auc in (("2026-06", 0.6), ("2026-07", 0.7))
    ]
    found = paired(records, loops.AUC, "learning less frozen")
    assert found is not None
    assert (found.first, found.second, found.difference) == pytest.approx((0.665, 0.65, 0.015))


def test_a_seed_whose_loops_did_not_live_the_same_months_is_left_out() -> None:
    records = [record(seed, loop, "2026-06", 1.0) for seed in (0, 1) for loop in loops.LOOPS]
    records.append(record(1, "learning", "2026-07", 1.0))
    found = paired(records)
    assert found is not None
    assert found.seeds == 1


def test_one_seed_has_no_interval_and_a_cell_that_spent_nothing_no_figure() -> None:
    records = [record(0, loop, "2026-06", 1.0) for loop in loops.LOOPS]
    only = paired(records)
    assert only is not None
    assert (only.low, only.high) == (None, None)
    assert "one bank: no interval" in loops.as_section(records)
    assert loops.compared([]) == []
    free = [record(0, loop, "2026-06", 0.0, spend=0.0) for loop in loops.LOOPS]
    assert paired(free) is None


def test_months_of_a_loop_count_the_whole_cell() -> None:
    spent = [{"cycle": "2026-05", "policy": "model", "users": 200, "spend": 40.0}]
    effects = [{"cycle": "2026-05", "contrast": "value_model", "value": 0.05}]
    common = {"seed": 1, "loop": "frozen", "bank_users": 9, "settings_hash": "x", "code_version": "1"}
    (only,) = loops.months(spent, effects, [], since=Month.parse("2026-05"), **common)
    assert (only.incremental, only.auc) == (10.0, None)
    assert loops.months(spent, effects, [], since=Month.parse("2026-06"), **common) == []
