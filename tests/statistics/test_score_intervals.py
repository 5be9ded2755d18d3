"""The score interval of a difference: against the published case, its own test, and edges."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from reactivation.statistics.proportions import Share, p_value
from reactivation.statistics.score_intervals import miettinen_nurminen, restricted, score

pytestmark = pytest.mark.numbers

PUBLISHED = yaml.safe_load((Path(__file__).parents[1] / "data/statistics.yml").read_text(encoding="utf-8"))


def test_the_interval_is_the_published_one() -> None:
    low, high = miettinen_nurminen(Share(7, 34), Share(1, 34), alpha=0.05)
    expected = PUBLISHED["two_proportions"][0]["difference"]["miettinen_nurminen"]
    assert [round(low, 7), round(high, 7)] == expected


def test_at_no_difference_the_score_is_the_pooled_test() -> None:
    first, second = Share(30, 100), Share(20, 100)
    assert restricted(first, second, 0.0) == pytest.approx((0.25, 0.25))
    unscaled = score(first, second, 0.0) * (200 / 199) ** 0.5
    assert 2 * norm.sf(unscaled) == pytest.approx(p_value(first, second))


@pytest.mark.parametrize(
    ("treatment", "control"),
    [
        (Share(0, 50), Share(9, 50)),  # no events on one side
        (Share(0, 50), Share(0, 50)),  # none at all
        (Share(50, 50), Share(50, 50)),  # everybody
        (Share(50, 50), Share(0, 50)),  # as far apart as can be
        (Share(1, 1), Share(0, 1)),  # one user each
    ],
)
def test_edges_give_ordered_intervals_and_no_exception(treatment: Share, control: Share) -> None:
    low, high = miettinen_nurminen(treatment, control, alpha=0.05)
    assert -1 <= low <= treatment.rate - control.rate <= high <= 1


shares = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))).map(lambda pair: Share(*pair))


@settings(max_examples=60)
@given(first=shares, second=shares)
def test_swapping_the_sides_flips_the_sign(first: Share, second: Share) -> None:
    low, high = miettinen_nurminen(first, second, alpha=0.05)
    swapped = miettinen_nurminen(second, first, alpha=0.05)
    assert (-swapped.high, -swapped.low) == pytest.approx((low, high), abs=1e-6)
