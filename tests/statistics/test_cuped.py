"""CUPED from sums: against a straight regression, and what must not matter."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactivation.statistics.cuped import JointMoments, adjusted, pooled
from reactivation.statistics.means import difference

pytestmark = pytest.mark.numbers

Table = npt.NDArray[np.float64]


def joint(rows: Table) -> JointMoments:
    """Straight sums of a table whose first column is the outcome."""
    return JointMoments.of(len(rows), rows.mean(axis=0), np.atleast_2d(np.cov(rows.T, ddof=0)))


def drawn(n: int, *, effect: float = 0.0, seed: int = 20260602) -> Table:
    """Outcome and two covariates; the outcome follows the first by 0.8 and the second by 0.3."""
    rng = np.random.default_rng(seed)
    covariates = rng.normal(size=(n, 2)) * [2.0, 5.0] + [100.0, -3.0]
    outcome = effect + covariates @ [0.8, 0.3] + rng.normal(size=n)
    return np.column_stack([outcome, covariates])


def test_the_adjusted_difference_is_that_of_a_regression_with_arms() -> None:
    a, b = drawn(300, effect=0.5), drawn(200, seed=7)
    found = adjusted({"a": joint(a), "b": joint(b)})
    assert found is not None
    both = np.vstack([a, b])
    is_a = np.repeat([1.0, 0.0], [len(a), len(b)])
    design = np.column_stack([np.ones(len(both)), is_a, both[:, 1:]])
    coefficients, *_ = np.linalg.lstsq(design, both[:, 0], rcond=None)
    assert found["a"].mean - found["b"].mean == pytest.approx(coefficients[1], rel=1e-9)
    left = both[:, 0] - design @ coefficients
    pooled_variance = ((len(a) - 1) * found["a"].variance + (len(b) - 1) * found["b"].variance) / (len(both) - 2)
    assert pooled_variance == pytest.approx(left @ left / (len(both) - 4), rel=1e-9)


def test_the_interval_shortens_by_what_the_correlation_predicts() -> None:
    a, b = drawn(20_000), drawn(20_000, seed=8)
    found = adjusted({"a": joint(a), "b": joint(b)})
    assert found is not None
    plain = difference(joint(a).outcome, joint(b).outcome, alpha=0.05)
    after = difference(found["a"], found["b"], alpha=0.05)
    explained = (0.8**2 * 4 + 0.3**2 * 25) / (0.8**2 * 4 + 0.3**2 * 25 + 1)  # R²: 4.81 of 5.81
    expected = (1 - explained) ** 0.5
    assert (after.high - after.low) / (plain.high - plain.low) == pytest.approx(expected, rel=0.02)


@settings(max_examples=40)
@given(shift=st.floats(-1e6, 1e6), scale=st.floats(0.01, 1e4))
def test_adding_a_constant_to_a_covariate_changes_nothing(shift: float, scale: float) -> None:
    arms = {"a": drawn(60, effect=0.5), "b": drawn(50, seed=9)}
    plain = adjusted({name: joint(rows) for name, rows in arms.items()})
    moved = adjusted({name: joint(rows * [1, scale, 1] + [0, shift, 0]) for name, rows in arms.items()})
    assert plain is not None
    assert moved is not None
    for name in arms:
        assert (moved[name].mean, moved[name].variance) == pytest.approx(
            (plain[name].mean, plain[name].variance), rel=1e-6
        )


def test_a_covariate_that_says_nothing_of_its_own_drops_out() -> None:
    a, b = drawn(80, effect=0.5), drawn(90, seed=3)
    plain = adjusted({"a": joint(a), "b": joint(b)})

    def with_more(rows: Table) -> Table:
        return np.column_stack([rows, np.full(len(rows), 2_026.0), rows[:, 1] * 3 - 7])  # a constant, and a copy

    more = adjusted({"a": joint(with_more(a)), "b": joint(with_more(b))})
    assert plain is not None
    assert more is not None
    assert (more["a"].mean, more["a"].variance) == pytest.approx((plain["a"].mean, plain["a"].variance), rel=1e-9)


def test_parts_merge_to_the_whole_even_far_from_zero() -> None:
    rows = drawn(500) + np.array([0, 1e9, 0])
    whole, parts = (
        joint(rows),
        pooled([joint(rows[:120]), joint(rows[120:121]), joint(rows[121:]), JointMoments.empty(3)]),
    )
    assert parts.n == whole.n
    assert parts.means == pytest.approx(whole.means, rel=1e-12)
    assert parts.products == pytest.approx(whole.products, rel=1e-6)


@pytest.mark.parametrize(
    "arms",
    [
        {"a": JointMoments.empty(2), "b": JointMoments.empty(2)},  # nobody
        {"a": joint(drawn(1)[:, :2]), "b": joint(drawn(40)[:, :2])},  # one user alone
        {"a": joint(np.ones((30, 2))), "b": joint(np.ones((30, 2)))},  # nothing varies
        {"a": joint(drawn(2)), "b": joint(drawn(2, seed=4))},  # as many coefficients as users
    ],
)
def test_where_nothing_can_be_adjusted_there_is_no_number(arms: dict[str, Any]) -> None:
    assert adjusted(arms) is None
