"""The stability index against its closed form and what chance gives."""

import numpy as np
import pytest

from reactivation.statistics.stability import stability, stability_by_chance

pytestmark = pytest.mark.numbers


def test_large_counts_give_the_closed_form() -> None:
    expected = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5)
    assert stability([5e8, 5e8], [3e8, 7e8]) == pytest.approx(expected)
    assert stability([3e8, 7e8], [5e8, 5e8]) == pytest.approx(expected)  # either way round


def test_an_empty_bin_is_finite_and_an_empty_side_has_no_index() -> None:
    found = stability([100, 0], [50, 50])
    assert found is not None
    assert 1 < found < 5
    assert stability([0, 0], [50, 50]) is None


def test_equal_populations_have_about_what_is_said_to_be_chance() -> None:
    draw = np.random.default_rng(4)
    found = [stability(*(draw.multinomial(n, [0.1] * 10) for n in (4_000, 2_000))) for _ in range(500)]
    assert np.mean([each for each in found if each is not None]) == pytest.approx(
        stability_by_chance(10, 4_000, 2_000), rel=0.1
    )
