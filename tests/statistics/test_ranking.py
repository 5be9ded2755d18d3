"""Areas, curves and losses of binned scores, against scikit-learn, a published example and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from reactivation.model.score_table import of_arrays
from reactivation.statistics import ranking
from reactivation.statistics.score_bins import gain, ks, precision_recall, roc

pytestmark = pytest.mark.numbers

Numbers = NDArray[np.float64]


def drawn(n: int, *, seed: int = 1, away: float = 1.0) -> tuple[Numbers, Numbers]:
    """Outcomes and the true probabilities that they were drawn by."""
    draw = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-draw.normal(-away, 1.2, n)))
    return (draw.random(n) < p).astype(float), p


def weighed(n: int) -> Numbers:
    return np.random.default_rng(2).choice([1.0, 1.0, 2.5], n)


@pytest.mark.parametrize("weights", [np.ones(30_000), weighed(30_000)], ids=["plain", "weighted"])
def test_binned_figures_are_scikit_learns_within_the_stated_bound(weights: Numbers) -> None:
    y, p = drawn(30_000)
    bins = of_arrays(y, p, weights)
    area = ranking.area(bins, confidence=0.95)
    assert area is not None
    exact = metrics.roc_auc_score(y, p, sample_weight=weights)
    assert abs(area.value - exact) <= area.ties < 0.002
    precision = ranking.average_precision(bins, confidence=0.95)
    loss, brier = (figure(bins, confidence=0.95) for figure in (ranking.log_loss, ranking.brier))
    assert precision is not None
    assert loss is not None
    assert brier is not None
    assert precision.value == pytest.approx(metrics.average_precision_score(y, p, sample_weight=weights), abs=0.002)
    assert loss.value == pytest.approx(metrics.log_loss(y, p, sample_weight=weights), abs=1e-4)
    assert brier.value == pytest.approx(metrics.brier_score_loss(y, p, sample_weight=weights), abs=1e-4)
    assert bins.base_rate == pytest.approx(np.average(y, weights=weights))


def test_scores_that_lie_in_bins_of_their_own_give_exactly_scikit_learns_curves() -> None:
    y = np.array([0, 0, 1, 1, 0, 1.0])
    p = np.array([0.1, 0.4, 0.35, 0.8, 0.8, 0.9])  # one tie across the classes
    bins = of_arrays(y, p, np.ones(6))
    area, precision = ranking.area(bins, confidence=0.95), ranking.average_precision(bins, confidence=0.95)
    assert area is not None
    assert precision is not None
    assert area.value == pytest.approx(metrics.roc_auc_score(y, p))
    assert precision.value == pytest.approx(metrics.average_precision_score(y, p))
    false, true, _ = metrics.roc_curve(y, p, drop_intermediate=False)
    assert set(zip(false.round(9), true.round(9), strict=True)) == set(
        zip(*(side.round(9) for side in roc(bins)), strict=True)
    )
    assert ks(bins) == pytest.approx(max(true - false))
    recall, exactness = precision_recall(bins)
    assert (recall[0], exactness[0], recall[-1], exactness[-1]) == (1 / 3, 1.0, 1.0, 0.5)
    taken, caught = gain(bins)
    assert (taken[0], caught[0], taken[-1], caught[-1]) == (0, 0, 1, 1)


def test_the_difference_of_two_areas_is_delongs() -> None:
    """By the definition: covariances of the placement values of both scores, computed pair by pair."""
    y, p = drawn(120, seed=5)
    q = np.clip(p + np.random.default_rng(6).normal(0, 0.2, 120), 0.01, 0.99)
    ill, well = y == 1, y == 0
    wins = [(s[ill][:, None] > s[well]) + 0.5 * (s[ill][:, None] == s[well]) for s in (p, q)]
    m, n = int(ill.sum()), int(well.sum())
    s10 = np.cov([w.mean(axis=1) for w in wins])
    s01 = np.cov([w.mean(axis=0) for w in wins])
    variance = np.array([1, -1]) @ (s10 / m + s01 / n) @ np.array([1, -1])
    found = ranking.area_difference(y, p, q, weights=np.ones(120), confidence=0.95)
    assert found is not None
    assert (found.first, found.second) == pytest.approx([metrics.roc_auc_score(y, s) for s in (p, q)])
    assert found.high - found.difference == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)


def test_the_error_of_an_area_is_hanleys_where_placements_are_uniform() -> None:
    """With scores that say nothing the area's variance is (m + n + 1) / 12mn, that of Mann and Whitney's U."""
    y, p = np.tile([0.0, 1.0], 10_000), np.linspace(0.02, 0.98, 20_000)
    area = ranking.area(of_arrays(y, p, np.ones(20_000)), confidence=0.95)
    assert area is not None
    assert area.error == pytest.approx(np.sqrt(20_001 / (12 * 10_000 * 10_000)), rel=0.01)


def test_intervals_cover_as_often_as_they_say() -> None:
    """Areas, losses and calibration of 400 drawn months; the truth is that of a very large one."""
    truth = ranking.area(of_arrays(*drawn(2_000_000, seed=99), np.ones(2_000_000)), confidence=0.95)
    assert truth is not None
    hits = {"area": 0, "slope": 0, "intercept": 0}
    for seed in range(400):
        bins = of_arrays(*drawn(800, seed=seed), np.ones(800))
        area, line = ranking.area(bins, confidence=0.95), ranking.calibration(bins, confidence=0.95)
        assert area is not None
        assert line is not None
        hits["area"] += area.low <= truth.value <= area.high
        hits["slope"] += line[1].low <= 1 <= line[1].high  # type: ignore[operator]
        hits["intercept"] += line[0].low <= 0 <= line[0].high  # type: ignore[operator]
    for name, count in hits.items():
        assert 0.92 <= count / 400 <= 0.98, name


def test_weights_that_repeat_users_widen_nothing_and_shrink_nothing() -> None:
    """A weight of 2 for all says that each speaks for two, not that twice as many were asked."""
    y, p = drawn(2_000)
    once, twice = (of_arrays(y, p, np.full(2_000, w)) for w in (1.0, 2.0))
    for figure in (ranking.area, ranking.log_loss, ranking.base_rate, ranking.average_precision):
        assert figure(once, confidence=0.9) == pytest.approx(figure(twice, confidence=0.9))


def test_the_base_rate_has_wilsons_interval() -> None:
    y = np.array([1.0] * 30 + [0.0] * 70)
    found = ranking.base_rate(of_arrays(y, np.full(100, 0.3), np.ones(100)), confidence=0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(proportion_confint(30, 100, method="wilson"))


def test_against_its_own_base_rate_a_constant_is_level_and_truth_is_better() -> None:
    y, p = drawn(20_000)
    rate = float(y.mean())
    level = ranking.log_loss(of_arrays(y, np.full(20_000, rate), np.ones(20_000)), confidence=0.95, against=rate)
    better = ranking.log_loss(of_arrays(y, p, np.ones(20_000)), confidence=0.95, against=rate)
    assert level is not None
    assert better is not None
    assert level.value == pytest.approx(0.0, abs=1e-9)
    expected = metrics.log_loss(y, p) - metrics.log_loss(y, np.full(20_000, rate))
    assert better.value == pytest.approx(expected, abs=1e-4)
    assert better.high is not None
    assert better.high < 0


def test_one_class_has_no_area_and_nobody_no_figure() -> None:
    one = of_arrays(np.ones(5), np.full(5, 0.4), np.ones(5))
    nobody = of_arrays([], [], [])
    assert ranking.area(one, confidence=0.95) is None
    assert ranking.calibration(one, confidence=0.95) is None
    assert ranking.average_precision(one, confidence=0.95) is None
    assert ranking.area_difference(np.ones(3), [1, 2, 3], [3, 2, 1], weights=np.ones(3), confidence=0.95) is None
    assert ranking.log_loss(nobody, confidence=0.95) is None
    assert ranking.base_rate(nobody, confidence=0.95) is None


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.999)), min_size=2, max_size=60))
def test_binned_areas_never_leave_their_bound(rows: list[tuple[bool, float]]) -> None:
    y, p = np.array([float(hit) for hit, _ in rows]), np.array([value for _, value in rows])
    area = ranking.area(of_arrays(y, p, np.ones(len(y))), confidence=0.95)
    if area is not None:
        assert abs(area.value - metrics.roc_auc_score(y, p)) <= area.ties + 1e-9
        assert 0 <= area.low <= area.value <= area.high <= 1
