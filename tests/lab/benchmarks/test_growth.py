"""The power at which cost grows, against closed forms."""

import pytest

from reactivation_lab.benchmarks import growth

pytestmark = pytest.mark.numbers


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.3, 2.0])
def test_a_power_law_gives_its_exponent_whatever_its_factor(exponent: float) -> None:
    sizes = (20_000, 100_000, 1_000_000, 7_000_000)
    assert growth({users: 0.003 * users**exponent for users in sizes}).exponent == pytest.approx(exponent)


def test_three_points_off_the_line_give_the_least_squares_slope() -> None:
    # logs to base 10: users 0, 1, 3 and seconds 0, 2, 0; sums: x 4, y 2, xy 2, xx 10; slope (3*2 - 4*2) / (3*10 - 4*4)
    assert growth({1: 1.0, 10: 100.0, 1_000: 1.0}).exponent == pytest.approx(-1 / 7)


def test_one_size_has_no_exponent_and_says_so() -> None:
    assert growth({100_000: 12.0}).exponent is None
    assert growth({100_000: 12.0}).text == "one size: no exponent"


def test_the_sizes_used_are_told() -> None:
    assert growth({1_000_000: 5.0, 20_000: 1.0}).sizes == (20_000, 1_000_000)
