"""The effect on the reached, worked by hand and in words."""

import numpy as np
import pytest
from statsmodels.sandbox.regression.gmm import IV2SLS

from reactivation.statistics.cace import Received, about_outside, effect_on_reached
from reactivation.statistics.means import Effect

pytestmark = pytest.mark.numbers

TOUCHED, HOLDOUT = Received(1_000, 300, 600, 220), Received(500, 120, 0, 0)


def test_it_is_the_touch_effect_over_the_share_with_a_delivery() -> None:
    found = effect_on_reached(TOUCHED, HOLDOUT, alpha=0.05)
    assert isinstance(found, Effect)
    assert found.estimate == pytest.approx((0.30 - 0.24) / 0.6)
    assert found.low < found.estimate < found.high


def test_its_error_is_that_of_two_stage_least_squares() -> None:
    def rows(side: Received, is_touched: float) -> list[tuple[float, float, float]]:
        cells = {
            (1.0, 1.0): side.reached_events,
            (1.0, 0.0): side.events - side.reached_events,
            (0.0, 1.0): side.reached - side.reached_events,
            (0.0, 0.0): side.users - side.reached - side.events + side.reached_events,
        }
        return [(y, d, is_touched) for (y, d), n in cells.items() for _ in range(n)]

    y, d, z = np.array([*rows(TOUCHED, 1.0), *rows(HOLDOUT, 0.0)]).T
    ones = np.ones_like(y)
    found = effect_on_reached(TOUCHED, HOLDOUT, alpha=0.05)
    assert isinstance(found, Effect)
    fitted = IV2SLS(y, np.column_stack([ones, d]), np.column_stack([ones, z])).fit()
    assert found.estimate == pytest.approx(fitted.params[1])
    left = y - fitted.params[0] - fitted.params[1] * d
    robust = sum(np.var(left[z == side]) / (z == side).sum() for side in (0.0, 1.0)) ** 0.5 / 0.6
    assert found.standard_error == pytest.approx(robust)


@pytest.mark.parametrize(
    ("touched", "holdout", "words"),
    [
        (Received(1_000, 300, 0, 0), HOLDOUT, "deliveries reached 0.0% of the touched and 0.0% of the held out"),
        (Received(1_000, 300, 3, 1), HOLDOUT, "too few more to divide by"),
        (Received(0, 0, 0, 0), HOLDOUT, "nobody whose outcome is known is touched"),
    ],
)
def test_where_few_were_reached_there_is_no_number(touched: Received, holdout: Received, words: str) -> None:
    found = effect_on_reached(touched, holdout, alpha=0.05)
    assert isinstance(found, str)
    assert words in found


@pytest.mark.parametrize(
    ("touched", "holdout", "words"),
    [
        (0.0, 0.0, "against silence"),
        (0.12, 0.12, "what ours add to theirs"),
        (0.05, 0.20, "larger than it seems"),
        (0.20, 0.05, "a part of the effect is theirs"),
    ],
)
def test_contacts_of_others_are_put_in_words(touched: float, holdout: float, words: str) -> None:
    assert words in about_outside(share_touched=touched, share_holdout=holdout)
