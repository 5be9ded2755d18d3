"""Ten thousand months per method, drawn from sufficient statistics: intervals cover as often as they say."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, wishart

from reactivation.statistics import sequential
from reactivation.statistics.cace import Received, effect_on_reached
from reactivation.statistics.cuped import JointMoments, adjusted
from reactivation.statistics.estimates import Estimate, gain
from reactivation.statistics.fieller import Spending, cost_per_gained
from reactivation.statistics.means import Effect, Moments, Spread, difference, relative
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.non_inferiority import guardrail
from reactivation.statistics.proportions import Share, difference_interval, p_value, ratio_interval
from reactivation.statistics.score_intervals import miettinen_nurminen
from reactivation.statistics.strata import Stratified, Stratum, post_stratified
from reactivation.statistics.uplift_curves import Decile, quality

pytestmark = pytest.mark.numbers

MONTHS = 10_000
Numbers = npt.NDArray[Any]

SIZES = [
    (10_000, 0.002, 10_000, 0.002),  # twenty expected events on either side
    (1_000, 0.03, 1_000, 0.02),
    (9_000, 0.06, 1_000, 0.05),  # a small holdout
    (40, 0.5, 4_000, 0.5),
    (100, 0.8, 100, 0.7),  # twenty non-events
]
RARE = [(2_000, 0.004, 2_000, 0.003), (9_000, 0.004, 1_000, 0.003), (300, 0.02, 300, 0.01), (30, 0.1, 30, 0.1)]


def events(sizes: tuple[int, float, int, float], seed: int) -> tuple[Numbers, Numbers, Numbers]:
    """The distinct pairs of counts among ten thousand months, and how many months had each."""
    n1, rate1, n0, rate0 = sizes
    rng = np.random.default_rng(seed)
    pairs = np.stack([rng.binomial(n1, rate1, MONTHS), rng.binomial(n0, rate0, MONTHS)])
    distinct, months = np.unique(pairs, axis=1, return_counts=True)
    return distinct[0], distinct[1], months


def covers(sizes: tuple[int, float, int, float], interval: Callable[[Share, Share], Any], truth: float) -> float:
    first, second, months = events(sizes, seed=20260611)
    found = [interval(Share(int(a), sizes[0]), Share(int(b), sizes[2])) for a, b in zip(first, second, strict=True)]
    return float(np.average([low <= truth <= high for low, high in found], weights=months))


@pytest.mark.parametrize("sizes", SIZES + RARE, ids=str)
def test_newcombes_intervals_cover(sizes: tuple[int, float, int, float]) -> None:
    first, second, months = events(sizes, seed=20260610)
    low, high = difference_interval(Share(first, sizes[0]), Share(second, sizes[2]), alpha=0.05)
    truth = sizes[1] - sizes[3]
    found = np.average((low <= truth) & (truth <= high), weights=months)
    assert found >= 0.93
    assert sizes in RARE or 0.94 <= found <= 0.96


@pytest.mark.parametrize("sizes", [SIZES[0], SIZES[4], RARE[0], RARE[3]], ids=str)
def test_miettinen_nurminens_intervals_cover(sizes: tuple[int, float, int, float]) -> None:
    found = covers(sizes, lambda a, b: miettinen_nurminen(a, b, alpha=0.05), sizes[1] - sizes[3])
    assert found >= 0.93
    assert sizes in RARE or 0.94 <= found <= 0.96


@pytest.mark.parametrize("sizes", [SIZES[0], SIZES[1], SIZES[4], RARE[0], RARE[2]], ids=str)
def test_koopmans_intervals_cover(sizes: tuple[int, float, int, float]) -> None:
    found = covers(sizes, lambda a, b: ratio_interval(a, b, alpha=0.05), sizes[1] / sizes[3])
    assert found >= 0.93
    assert sizes in RARE or 0.94 <= found <= 0.96


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_false_alarms_of_shares_are_as_rare_as_alpha(sizes: tuple[int, float, int, float]) -> None:
    n1, _, n0, rate = sizes
    first, second, months = events((n1, rate, n0, rate), seed=20260612)
    found = [p_value(Share(int(a), n1), Share(int(b), n0)) for a, b in zip(first, second, strict=True)]
    assert 0.04 <= np.average([p is not None and p < 0.05 for p in found], weights=months) <= 0.06


def test_the_interval_of_a_gain_covers() -> None:
    rng = np.random.default_rng(20260620)
    rates, users = (0.50, 0.40, 0.30, 0.25), (600, 300, 500, 250)
    sides = [Share(rng.binomial(n, rate, MONTHS), n) for n, rate in zip(users, rates, strict=True)]
    effects = []
    for first, second in (sides[:2], sides[2:]):
        low, high = difference_interval(first, second, alpha=0.05)
        ends = zip((first.rate - second.rate).tolist(), low.tolist(), high.tolist(), strict=True)
        effects.append([Estimate(0, 0, difference=d, difference_low=a, difference_high=b) for d, a, b in ends])
    found = [gain(first, second) for first, second in zip(*effects, strict=True)]
    covered = [(e.difference_low or 0) <= 0.05 <= (e.difference_high or 0) for e in found]
    assert 0.94 <= np.mean(covered) <= 0.96


def spent(users: int, seed: int, *, rate: float = 0.25, price: float = 1.0) -> Moments:
    """Sums of what users spent: most nothing, the others a gamma."""
    rng = np.random.default_rng(seed)
    values = rng.binomial(1, rate, (MONTHS, users)) * rng.gamma(2.0, price / 2, (MONTHS, users))
    return Moments(users, values.sum(axis=1), np.square(values).sum(axis=1))


@pytest.mark.parametrize(("users", "others"), [(400, 400), (800, 200)])
def test_welch_covers_and_its_false_alarms_are_as_rare_as_alpha(users: int, others: int) -> None:
    control = spent(others, 1)
    found = difference(spent(users, 2, price=1.2), control, alpha=0.05)
    truth = 0.25 * 0.2
    assert 0.94 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.96
    assert 0.04 <= np.mean(difference(spent(users, 3), control, alpha=0.05).p_value < 0.05) <= 0.06


def test_the_delta_method_covers_the_ratio() -> None:
    found = relative(spent(800, 2, price=1.2), spent(800, 1), alpha=0.05)
    assert 0.94 <= np.mean((found.low <= 0.2) & (found.high >= 0.2)) <= 0.96


def joints(users: int, seed: int, correlation: float) -> list[JointMoments]:
    """An outcome and one covariate of unit variance, from their joint distribution's own sums."""
    rng = np.random.default_rng(seed)
    spread = np.array([[1.0, correlation], [correlation, 1.0]])
    products = wishart.rvs(df=users - 1, scale=spread, size=MONTHS, random_state=rng)
    means = rng.multivariate_normal([0, 0], spread / users, MONTHS)
    return [JointMoments(users, mean, product) for mean, product in zip(means, products, strict=True)]


def test_cuped_covers_and_is_shorter_by_what_the_correlation_predicts() -> None:
    pairs = list(zip(joints(200, 1, 0.7), joints(100, 2, 0.7), strict=True))
    sides = [found for a, b in pairs if (found := adjusted({"a": a, "b": b})) is not None]
    assert len(sides) == MONTHS
    first, second = (
        Spread(n, np.array([s[name].mean for s in sides]), np.array([s[name].variance for s in sides]))
        for name, n in (("a", 200), ("b", 100))
    )
    after = difference(first, second, alpha=0.05)
    assert 0.94 <= np.mean((after.low <= 0) & (after.high >= 0)) <= 0.96
    assert 0.04 <= np.mean(after.p_value < 0.05) <= 0.06
    plain = np.mean([2 * 1.96 * (a.outcome.variance / 200 + b.outcome.variance / 100) ** 0.5 for a, b in pairs[:500]])
    assert np.mean(after.high - after.low) / plain == pytest.approx((1 - 0.7**2) ** 0.5, rel=0.03)


def test_post_stratification_covers() -> None:
    rng = np.random.default_rng(20260613)
    rates, users = {"active": 0.6, "asleep": 0.1}, 600
    sizes = {"active": 0.3, "asleep": 0.7}
    covered = []
    for _ in range(MONTHS):
        strata = []
        for name, rate in rates.items():
            n = [int(x) for x in rng.binomial(users, sizes[name], 2)]
            sides = [
                Moments(k, e := int(rng.binomial(k, rate + gain)), e) for k, gain in zip(n, (0.05, 0), strict=True)
            ]
            strata.append(Stratum(name, sum(n), sides[0], sides[1]))
        found = post_stratified(strata, alpha=0.05)
        assert isinstance(found, Stratified)
        covered.append(found.effect.low <= 0.05 <= found.effect.high)
    assert 0.94 <= np.mean(covered) <= 0.96


def test_four_weekly_looks_alarm_no_more_than_alpha_where_it_is_split() -> None:
    rng = np.random.default_rng(20260614)
    weekly = [rng.binomial(2_500, 0.1, (MONTHS, 4)).cumsum(axis=1) for _ in range(2)]
    users = 2_500 * np.arange(1, 5)
    rates = [week / users for week in weekly]
    pooled = (rates[0] + rates[1]) / 2
    distance = np.abs(rates[0] - rates[1]) / np.sqrt(2 * pooled * (1 - pooled) / users)
    alarms = {
        looks: np.mean((2 * norm.sf(distance) < alpha_per_look(0.05, looks=looks)).any(axis=1)) for looks in (1, 4)
    }
    assert alarms[4] <= 0.05
    assert alarms[1] > 0.10  # the same four looks, each at the whole alpha


def test_the_always_valid_interval_survives_a_look_every_day() -> None:
    rng = np.random.default_rng(20260615)
    daily = [rng.binomial(200, 0.1, (MONTHS, 60)).cumsum(axis=1) for _ in range(2)]
    users = 200 * np.arange(1, 61)
    rates = [day / users for day in daily]
    error = np.sqrt(sum(rate * (1 - rate) for rate in rates) / users)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(rates[0] - rates[1]) / error
    critical = sequential.critical(2 * users, alpha=0.05, tuning=5_000)
    assert np.mean((distance > critical).any(axis=1)) <= 0.05
    assert np.mean((distance > norm.isf(0.025)).any(axis=1)) > 0.20  # Student's, looked at every day


def test_a_harm_at_the_margin_passes_its_guardrail_no_more_often_than_alpha() -> None:
    sizes = (2_000, 0.03, 1_000, 0.02)
    first, second, months = events(sizes, seed=20260616)
    passed = [
        guardrail("opt_out", Share(int(a), 2_000), Share(int(b), 1_000), margin=0.01, harm="rise", alpha=0.05).passes
        for a, b in zip(first, second, strict=True)
    ]
    assert 0.04 <= np.average(passed, weights=months) <= 0.06


def test_the_effect_on_the_reached_covers() -> None:
    """60 % are reached; without a delivery 20 % come, the reached come 10 points more often than they would have."""
    rng = np.random.default_rng(20260617)
    cells = rng.multinomial(900, [0.6 * 0.4, 0.6 * 0.6, 0.4 * 0.1, 0.4 * 0.9], MONTHS)  # reached: 30 % by themselves
    held = rng.binomial(600, 0.6 * 0.3 + 0.4 * 0.1, MONTHS)
    covered = []
    for (both, reached_only, came_only, _), came in zip(cells.tolist(), held.tolist(), strict=True):
        touched = Received(900, both + came_only, both + reached_only, both)
        found = effect_on_reached(touched, Received(600, came, 0, 0), alpha=0.05)
        assert isinstance(found, Effect)
        covered.append(found.low <= 0.1 <= found.high)
    assert 0.94 <= np.mean(covered) <= 0.96


def test_the_price_of_a_gain_covers_where_there_is_one() -> None:
    """Contacts cost 0.5, and those who come redeem 2: cost and outcome hang together."""
    rng = np.random.default_rng(20260618)
    truth = (0.5 + 0.16 * 2 - 0.10 * 0) / 0.06
    covered = []
    for a, b in zip(
        rng.binomial(2_000, 0.16, MONTHS).tolist(), rng.binomial(2_000, 0.10, MONTHS).tolist(), strict=True
    ):
        paid = Spending(2_000, a, 1_000 + 2 * a, 0.25 * (2_000 - a) + 6.25 * a, 2.5 * a)
        found = cost_per_gained(paid, Spending(2_000, b, 0.0, 0.0, 0.0), alpha=0.05)
        if found.low is not None and found.high is not None:
            covered.append(found.low <= truth <= found.high)
        else:
            covered.append(True)  # no upper end: whatever the truth is, it is not left out
    assert 0.94 <= np.mean(covered) <= 0.96


def test_qini_covers() -> None:
    rng = np.random.default_rng(20260619)
    gains = np.array([0.10, 0.05, 0.03, 0.0, 0.0])
    touched, held = rng.binomial(300, 0.2 + gains, (MONTHS, 5)).T, rng.binomial(150, 0.2, (MONTHS, 5)).T
    weights = (1 - (np.arange(5) + 0.5) / 5 - 0.5) / 5
    truth = float(weights @ gains)
    tenths = [Decile(i, 450, Share(touched[i], 300), Share(held[i], 150)) for i in range(5)]
    model, _ = quality({"model": tenths}, alpha=0.05)
    found = model.qini  # type: ignore[union-attr]
    assert 0.94 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.96
