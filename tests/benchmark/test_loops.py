"""Loops held against each other: per spend, after the first cycle, seed by seed."""

from typing import Any

import pytest
from scipy import stats

from reactivation.benchmark import loops

pytestmark = pytest.mark.numbers

GAINS = {0: (4.0, 3.0), 1: (5.0, 4.5), 2: (6.0, 3.5)}
"""By seed, users moved per 1 000 of spend: learning, frozen."""


def record(seed: int, loop: loops.Loop, cycle: str, per_1000: float, **others: Any) -> loops.LoopMonth:
    spend = others.pop("spend", 500.0)
    fixed = {"bank_users": 100, "users": 50, "settings_hash": "x", "code_version": "1", "policy": "model"}
    return loops.LoopMonth(
        **{**fixed, "seed": seed, "loop": loop, "cycle": cycle, "spend": spend, **others},
        incremental=per_1000 * spend / 1000,
    )


def test_the_interval_is_the_paired_t_interval_over_seeds() -> None:
    records = [
        record(seed, loop, cycle, gain, spend=spend)
        for seed, gains in GAINS.items()
        for loop, gain in zip(loops.LOOPS, gains, strict=True)
        for cycle, spend in (("2026-06", 500.0), ("2026-07", 20.0))
    ]
    records += [record(seed, loop, "2026-05", 99.0) for seed in GAINS for loop in loops.LOOPS]  # nothing learnt yet
    found = loops.compared(records, after="2026-05")["the model's cell: learning less frozen"]
    first, second = zip(*GAINS.values(), strict=True)
    interval = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.seeds, found.difference) == (3, pytest.approx(4 / 3))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.incremental == pytest.approx(1000 * (4 / 3) * 520 / 1000 / 100)


def test_a_seed_whose_loops_did_not_live_the_same_months_is_left_out() -> None:
    records = [record(seed, loop, "2026-06", 1.0) for seed in (0, 1) for loop in loops.LOOPS]
    records.append(record(1, "learning", "2026-07", 1.0))
    assert loops.compared(records, after="2026-05")["the model's cell: learning less frozen"].seeds == 1


def test_one_seed_has_no_interval() -> None:
    records = [record(0, loop, "2026-06", 1.0) for loop in loops.LOOPS]
    only = loops.compared(records, after="2026-05")["the model's cell: learning less frozen"]
    assert (only.low, only.high) == (None, None)
    assert loops.compared([], after="2026-05") == {}


def test_months_of_a_loop_count_the_whole_cell() -> None:
    spent = [{"cycle": "2026-05", "policy": "model", "users": 200, "spend": 40.0}]
    effects = [{"cycle": "2026-05", "contrast": "value_model", "value": 0.05}]
    common = {"seed": 1, "loop": "frozen", "bank_users": 9, "settings_hash": "x", "code_version": "1"}
    (only,) = loops.months(spent, effects, [], **common)
    assert (only.incremental, only.auc) == (10.0, None)
