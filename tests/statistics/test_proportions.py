"""Two shares compared: against published numbers, closed forms and simulation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from reactivation.statistics.estimates import Estimate, compare, gain
from reactivation.statistics.proportions import (
    Share,
    difference_interval,
    effective,
    minimum_detectable,
    p_value,
    power,
    ratio_interval,
)

pytestmark = pytest.mark.numbers

PUBLISHED = yaml.safe_load((Path(__file__).parents[1] / "data/statistics.yml").read_text(encoding="utf-8"))
SEVEN, ONE = Share(7, 34), Share(1, 34)


@pytest.mark.parametrize(("method", "digits"), [("wald", 8), ("agresti_caffo", 8), ("newcombe", 5)])
def test_differences_are_the_published_ones(method: Any, digits: int) -> None:
    expected = PUBLISHED["two_proportions"][0]["difference"][method]
    found = difference_interval(SEVEN, ONE, alpha=0.05, method=method)
    assert [round(float(end), digits) for end in found] == expected


@pytest.mark.parametrize(("method", "digits"), [("koopman", 6), ("katz", 2)])
def test_ratios_are_the_published_ones(method: Any, digits: int) -> None:
    ratios = PUBLISHED["two_proportions"][0]["ratio"]
    low, high = ratio_interval(SEVEN, ONE, alpha=0.05, method=method)
    if method == "koopman":
        assert [round(low, digits), round(high, digits)] == ratios["koopman_score"]
    else:
        assert [round(low, digits), round(high)] == ratios["katz_log"]


@pytest.mark.parametrize("case", PUBLISHED["power_two_proportions"], ids=lambda case: case["source"])
def test_power_is_the_published_one(case: dict[str, Any]) -> None:
    found = power(
        difference=case["difference"],
        control_rate=case["p2"],
        n_treatment=case["n"],
        n_control=case["n"] * case.get("ratio", 1),
        alpha=0.05,
    )
    assert found == pytest.approx(case["power"], abs=1e-7)


@pytest.mark.parametrize("case", PUBLISHED["minimum_detectable_difference"], ids=str)
def test_detectable_differences_are_the_published_ones(case: dict[str, Any]) -> None:
    users, held_out = 3_370_000, case["control_share"]
    found = minimum_detectable(
        base_rate=case["base_rate"],
        n_treatment=users * (1 - held_out),
        n_control=users * held_out,
        alpha=0.05,
        power=0.8,
    )
    assert found is not None
    assert round(100 * found, 3) == case["mde_pp"]


def test_a_detectable_difference_is_seen_with_its_power() -> None:
    smallest = minimum_detectable(base_rate=0.3, n_treatment=40_000, n_control=40_000, alpha=0.05, power=0.8)
    assert smallest is not None
    seen = power(difference=smallest, control_rate=0.3, n_treatment=40_000, n_control=40_000, alpha=0.05)
    assert seen == pytest.approx(0.8, abs=0.005)


def test_p_is_that_of_the_chi_square_test() -> None:
    found = p_value(Share(30, 100), Share(20, 100))  # chi-square by hand: 2 * (5² / 25 + 5² / 75) = 8/3
    assert found == pytest.approx(0.10247, abs=5e-6)


def test_weights_count_as_kish_says() -> None:
    even = effective(events=10 * 4.0, total=40 * 4.0, squares=40 * 16.0)
    assert even == Share(10, 40)  # equal weights: the plain share
    uneven = effective(events=2.0, total=1.0 + 1.0 + 2.0, squares=1.0 + 1.0 + 4.0)
    assert (uneven.rate, uneven.users) == (0.5, pytest.approx(16 / 6))


@pytest.mark.parametrize(
    ("treatment", "control"),
    [
        (Share(0, 50), Share(9, 50)),  # no events on one side: the ratio begins at 0
        (Share(9, 50), Share(0, 50)),  # none on the other: it has no upper end
        (Share(50, 50), Share(50, 50)),  # everybody on both
        (Share(1, 1), Share(0, 1)),  # one user each
        (Share(0, 1), Share(0, 9)),  # nobody at all
    ],
)
def test_edges_give_ordered_intervals_and_no_exception(treatment: Share, control: Share) -> None:
    low, high = difference_interval(treatment, control, alpha=0.05)
    assert -1 <= low <= treatment.rate - control.rate <= high <= 1
    low, high = ratio_interval(treatment, control, alpha=0.05)
    assert 0 <= low <= high


shares = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))).map(lambda pair: Share(*pair))


@settings(max_examples=60)
@given(first=shares, second=shares)
def test_swapping_the_sides_flips_the_sign(first: Share, second: Share) -> None:
    low, high = difference_interval(first, second, alpha=0.05)
    swapped = difference_interval(second, first, alpha=0.05)
    assert (-swapped.high, -swapped.low) == pytest.approx((low, high), abs=1e-12)
    assert (
        p_value(first, second) == pytest.approx(p_value(second, first), nan_ok=False) or p_value(first, second) is None
    )


@settings(max_examples=40)
@given(first=shares, second=shares)
def test_swapping_the_sides_turns_the_ratio_over(first: Share, second: Share) -> None:
    low, high = ratio_interval(first, second, alpha=0.05)
    swapped = ratio_interval(second, first, alpha=0.05)
    if first.events and second.events:
        assert (1 / swapped.high, 1 / swapped.low) == pytest.approx((low, high), rel=1e-6)


@settings(max_examples=30)
@given(first=shares, second=shares)
def test_intervals_shrink_with_users(first: Share, second: Share) -> None:
    small = difference_interval(first, second, alpha=0.05)
    large = difference_interval(Share(4 * first[0], 4 * first[1]), Share(4 * second[0], 4 * second[1]), alpha=0.05)
    assert large.high - large.low < small.high - small.low


def drawn(rng: np.random.Generator, rate: float, users: int, draws: int = 2_000) -> Share:
    return Share(rng.binomial(users, rate, draws), users)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rate", "other", "users", "others"), [(0.3, 0.2, 400, 400), (0.05, 0.05, 800, 300)])
def test_newcombe_covers_the_truth_as_often_as_it_says(rate: float, other: float, users: int, others: int) -> None:
    rng = np.random.default_rng(20260601)
    low, high = difference_interval(drawn(rng, rate, users), drawn(rng, other, others), alpha=0.05)
    covered = np.mean((low <= rate - other) & (rate - other <= high))
    assert 0.93 <= covered <= 0.97


def test_nothing_is_found_where_nothing_is() -> None:
    rng = np.random.default_rng(20260602)
    low, high = difference_interval(drawn(rng, 0.4, 500), drawn(rng, 0.4, 500), alpha=0.05)
    assert np.mean((low > 0) | (high < 0)) == pytest.approx(0.05, abs=0.02)


def test_koopman_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(20260603)
    pairs = zip(rng.binomial(300, 0.2, 2_000), rng.binomial(300, 0.1, 2_000), strict=True)
    found = [ratio_interval(Share(int(a), 300), Share(int(b), 300), alpha=0.05) for a, b in pairs]
    assert 0.93 <= np.mean([low <= 2.0 <= high for low, high in found]) <= 0.97


def test_the_interval_of_a_gain_is_newcombes_where_wilsons_go_in() -> None:
    """Newcombe's interval is MOVER from two Wilson intervals: another way to the published 0.01892 and 0.34037."""
    wilson = [(share, *proportion_confint(*share, method="wilson")) for share in (SEVEN, ONE)]
    parts = [Estimate(34, 0, difference=s.rate, difference_low=low, difference_high=high) for s, low, high in wilson]
    found = gain(*parts)
    assert (found.difference_low, found.difference_high) == pytest.approx((0.01892, 0.34037), abs=5e-6)


def test_the_interval_of_a_gain_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(20260604)
    rates, users = (0.50, 0.40, 0.30, 0.25), (600, 300, 500, 250)
    events = [rng.binomial(n, rate, 1_000) for n, rate in zip(users, rates, strict=True)]
    covered = []
    for counts in zip(*events, strict=True):
        a, b, c, d = (Share(int(e), n) for e, n in zip(counts, users, strict=True))
        first, second = (compare(x, y, alpha=0.05, minimum_events=5) for x, y in ((a, b), (c, d)))
        found = gain(first, second)
        assert found.difference_low is not None
        assert found.difference_high is not None
        covered.append(found.difference_low <= 0.05 <= found.difference_high)
    assert 0.93 <= np.mean(covered) <= 0.97
