"""Post-stratification: closed forms, what must equal pooling, and which stratum is to blame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactivation.statistics.means import Moments, Spread, difference
from reactivation.statistics.strata import OTHER, Stratified, Stratum, collapse, post_stratified

pytestmark = pytest.mark.numbers


def test_strata_weigh_by_their_share_of_all_users() -> None:
    town = Stratum("town", 300, Spread(100, 10.0, 4.0), Spread(100, 8.0, 4.0))
    land = Stratum("land", 700, Spread(50, 5.0, 9.0), Spread(80, 6.0, 9.0))
    found = post_stratified([town, land], alpha=0.05)
    assert isinstance(found, Stratified)
    assert (found.treatment, found.control) == pytest.approx((0.3 * 10 + 0.7 * 5, 0.3 * 8 + 0.7 * 6))
    error = (0.09 * (4 / 100 + 4 / 100) + 0.49 * (9 / 50 + 9 / 80)) ** 0.5
    assert (found.effect.estimate, found.effect.standard_error) == pytest.approx((-0.1, error))


def test_it_undoes_a_split_that_fell_out_unevenly() -> None:
    """In each stratum both sides are alike; only more of the active ones fell to the treatment."""
    active = Stratum("active", 1_000, Spread(700, 0.8, 0.16), Spread(300, 0.8, 0.16))
    asleep = Stratum("asleep", 1_000, Spread(300, 0.2, 0.16), Spread(700, 0.2, 0.16))
    found = post_stratified([active, asleep], alpha=0.05)
    assert isinstance(found, Stratified)
    assert found.effect.estimate == pytest.approx(0.0)  # the plain means differ by 0.62 - 0.38


sides = st.tuples(st.integers(2, 90), st.integers(-40, 40), st.integers(0, 900)).map(
    lambda t: Moments(t[0], t[1], t[1] ** 2 / t[0] + t[2])
)


@settings(max_examples=50)
@given(treatment=sides, control=sides)
def test_one_stratum_is_the_plain_comparison(treatment: Moments, control: Moments) -> None:
    found = post_stratified([Stratum("all", treatment.n + control.n, treatment, control)], alpha=0.05)
    assert isinstance(found, Stratified)
    plain = difference(treatment, control, alpha=0.05)
    assert tuple(map(float, found.effect)) == pytest.approx(tuple(map(float, plain)), nan_ok=True)


@settings(max_examples=50)
@given(treatment=sides, control=sides, times=st.integers(2, 4))
def test_alike_strata_merge_to_the_pooled_means(treatment: Moments, control: Moments, times: int) -> None:
    """Strata that are copies of one another: the weighted difference is that of the pooled sides."""
    strata = [Stratum(str(i), treatment.n + control.n, treatment, control) for i in range(times)]
    found = post_stratified(strata, alpha=0.05)
    assert isinstance(found, Stratified)
    whole = [Moments(side.n * times, side.total * times, side.squares * times) for side in (treatment, control)]
    assert found.effect.estimate == pytest.approx(whole[0].mean - whole[1].mean, abs=1e-9)


def test_an_empty_side_is_named_and_nothing_is_estimated() -> None:
    strata = [
        Stratum("town", 90, Spread(50, 1.0, 1.0), Spread(40, 1.0, 1.0)),
        Stratum("isle", 9, Spread(9, 1.0, 1.0), Spread(0, float("nan"), float("nan"))),
    ]
    found = post_stratified(strata, alpha=0.05)
    assert found == (
        "a stratum needs two users on each side (isle: 0 on the side of the control): name coarser strata, or fewer"
    )
    assert "there are no strata" in str(post_stratified([], alpha=0.05))


def test_small_strata_go_together_whatever_came_of_them() -> None:
    found = collapse({"city": 900, "isle": 60, "rock": 50}, smallest=100)
    assert found == {"city": "city", "isle": OTHER, "rock": OTHER}
    assert set(collapse({"isle": 3, "rock": 2}, smallest=100).values()) == {OTHER}  # nothing large to join
