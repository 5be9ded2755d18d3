"""Two means compared: against published numbers, another implementation, and Hillstrom's e-mail test."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_ind_from_stats

from reactivation.statistics import sequential
from reactivation.statistics.means import Moments, Spread, difference, has_ratio, relative
from reactivation.statistics.sample_ratio import sample_ratio

pytestmark = pytest.mark.numbers

DATA = Path(__file__).parents[1] / "data"
PUBLISHED = yaml.safe_load((DATA / "statistics.yml").read_text(encoding="utf-8"))
ARMS = {"mens": "Mens E-Mail", "womens": "Womens E-Mail", "control": "No E-Mail"}


def moments(values: Any) -> Moments:
    known = np.asarray(values, dtype=float)
    return Moments(len(known), known.sum(), np.square(known).sum())


def share(events: int, users: int) -> Spread:
    """As the published cases take it: variance p(1 - p), not multiplied by n / (n - 1)."""
    rate = events / users
    return Spread(users, rate, rate * (1 - rate))


@pytest.mark.parametrize("case", PUBLISHED["mean_difference"], ids=lambda case: str(case["control"]["n"]))
def test_differences_of_means_are_the_published_ones(case: dict[str, Any]) -> None:
    first, second = (
        Moments(case[side]["n"], case[side]["sum"], case[side]["sum_squares"]) for side in ("treatment", "control")
    )
    for kind, judge in (("absolute", difference), ("relative", relative)):
        found = judge(first, second, alpha=0.05)
        expected = case[kind]
        assert [round(float(x), 5) for x in (found.estimate, found.low, found.high, found.p_value)] == [
            *(expected["estimate"], *expected["ci"], expected["p"])
        ]


@pytest.mark.parametrize("case", PUBLISHED["relative_proportion"], ids=str)
def test_relative_differences_of_shares_are_the_published_ones(case: dict[str, Any]) -> None:
    found = relative(share(*case["treatment"]), share(*case["control"]), alpha=0.05)
    assert [round(float(x), 5) for x in (found.estimate, found.low, found.high, found.p_value)] == [
        *(case["estimate"], *case["ci"], case["p"])
    ]


@pytest.mark.parametrize("case", PUBLISHED["sequential_relative"], ids=str)
def test_the_always_valid_interval_is_the_published_one(case: dict[str, Any]) -> None:
    first, second = share(*case["treatment"]), share(*case["control"])
    critical = sequential.critical(first.n + second.n, alpha=0.05, tuning=case["tuning"])
    found = relative(first, second, alpha=0.05, critical=critical)
    assert [round(float(x), 5) for x in (found.estimate, found.low, found.high)] == [case["estimate"], *case["ci"]]


@pytest.fixture(scope="module")
def hillstrom() -> pd.DataFrame:
    return pd.read_parquet(DATA / "hillstrom" / "hillstrom.parquet")


@pytest.mark.parametrize("case", PUBLISHED["hillstrom_email"], ids=lambda case: f"{case['arm']} {case['outcome']}")
def test_hillstroms_lifts_and_errors_are_the_published_ones(case: dict[str, Any], hillstrom: pd.DataFrame) -> None:
    first, second = (
        moments(hillstrom.loc[hillstrom["segment"] == ARMS[arm], case["outcome"]]) for arm in (case["arm"], "control")
    )
    found = difference(first, second, alpha=0.05)
    assert (round(float(found.estimate), 6), round(float(found.standard_error), 6)) == (case["lift"], case["se"])
    if "ci_published" in case:
        assert [round(float(found.low), 4), round(float(found.high), 4)] == case["ci_published"]


def test_hillstroms_arms_pass_and_a_lost_twentieth_of_any_does_not(hillstrom: pd.DataFrame) -> None:
    counts = [int((hillstrom["segment"] == arm).sum()) for arm in ARMS.values()]
    assert counts == [21_307, 21_387, 21_306]
    assert not sample_ratio("arms", counts, [1, 1, 1]).is_mismatch(0.001)
    for lost in range(3):
        for share_lost, is_mismatch in ((0.05, True), (0.02, False)):
            left = [round(n * (1 - share_lost)) if i == lost else n for i, n in enumerate(counts)]
            assert sample_ratio("arms", left, [1, 1, 1]).is_mismatch(0.001) == is_mismatch


def test_welch_is_scipys() -> None:
    rng = np.random.default_rng(20260601)
    a, b = rng.gamma(2, 3, 37), rng.gamma(2, 4, 81)
    found, expected = difference(moments(a), moments(b), alpha=0.1), ttest_ind(a, b, equal_var=False)
    ends = expected.confidence_interval(0.9)
    assert (found.low, found.high, found.p_value) == pytest.approx((ends.low, ends.high, expected.pvalue), rel=1e-12)
    sides = [(side.mean, side.variance**0.5, side.n) for side in (moments(a), moments(b))]
    assert found.p_value == pytest.approx(ttest_ind_from_stats(*sides[0], *sides[1], equal_var=False).pvalue)


def test_parts_merge_to_the_whole() -> None:
    parts = [Moments(3, 7, 21), Moments(2, 9, 41), Moments(0, 0, 0)]
    assert parts[0].merged(parts[1]).merged(parts[2]) == Moments(
        5, 16, 62
    )  # 2 1 4 and 4 5: exact, as they are integers
    assert (Moments(5, 16, 62).mean, Moments(5, 16, 62).variance) == (3.2, pytest.approx(2.7))


def test_money_comes_in_decimals() -> None:
    cents = Moments(3, Decimal("0.06"), Decimal("0.0014"))  # 1, 2 and 3 cents
    assert (cents.mean, cents.variance) == (pytest.approx(0.02), pytest.approx(0.0001))
    assert difference(cents, cents.merged(cents), alpha=0.05).estimate == pytest.approx(0.0)


def test_edges_are_nan_and_no_exception() -> None:
    assert np.isnan(Moments(0, 0, 0).mean)
    assert np.isnan(Moments(1, 5, 25).variance)
    flat = difference(Moments(4, 8, 16), Moments(4, 8, 16), alpha=0.05)  # nothing varies
    assert (flat.low, flat.high, flat.p_value) == (0, 0, 1)


@pytest.mark.parametrize(
    ("control", "may_be_divided_by"),
    [
        (Spread(100, 5.0, 25.0), True),  # ten standard errors above zero
        (Spread(100, 0.9, 25.0), False),  # its own interval holds zero
        (Spread(100, -5.0, 25.0), False),  # times as much of a loss means nothing
    ],
)
def test_a_ratio_needs_a_control_that_is_surely_above_zero(control: Spread, may_be_divided_by: bool) -> None:
    assert has_ratio(control, alpha=0.05) == may_be_divided_by


values = st.lists(st.integers(-50, 50), min_size=2, max_size=60)


@settings(max_examples=60)
@given(first=values, second=values)
def test_swapping_the_sides_flips_the_sign(first: list[int], second: list[int]) -> None:
    found, swapped = (difference(moments(a), moments(b), alpha=0.05) for a, b in ((first, second), (second, first)))
    assert (-swapped.high, -swapped.low, swapped.p_value) == pytest.approx((found.low, found.high, found.p_value))


@settings(max_examples=40)
@given(first=values, second=values)
def test_intervals_shrink_with_users(first: list[int], second: list[int]) -> None:
    few = difference(moments(first), moments(second), alpha=0.05)
    many = difference(moments(first * 5), moments(second * 5), alpha=0.05)
    assert many.high - many.low <= few.high - few.low
