"""Adjusted p-values worked by hand, and alpha over looks."""

import pytest

from reactivation.statistics.multiplicity import alpha_per_look, benjamini_hochberg, holm

pytestmark = pytest.mark.numbers

P = [0.01, 0.04, 0.03, None, 0.005]


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    assert holm(P) == pytest.approx((0.03, 0.06, 0.06, None, 0.02))  # 4 · 0.005, 3 · 0.01, 2 · 0.03, 1 · 0.04 -> 0.06


def test_benjamini_hochberg_divides_by_the_rank() -> None:
    assert benjamini_hochberg(P) == pytest.approx((0.02, 0.04, 0.04, None, 0.02))  # 4/1 · 0.005, 4/2 · 0.01, 4/3 · 0.03


def test_no_answer_stays_none() -> None:
    assert holm([None, None]) == (None, None)
    assert benjamini_hochberg([]) == ()


def test_alpha_is_split_evenly_over_the_looks() -> None:
    assert alpha_per_look(0.05, looks=4) * 4 == pytest.approx(0.05)
