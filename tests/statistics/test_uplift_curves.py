"""Targeting quality from tenths: worked by hand, and a score that finds nothing."""

import pytest

from reactivation.experiment.targeting import RankedUsers
from reactivation.statistics.proportions import Share
from reactivation.statistics.uplift_curves import (
    ALL_THE_SAME,
    RANDOM,
    Decile,
    better_than_lot,
    curve,
    policy_value,
    quality,
    uplifts,
)

pytestmark = pytest.mark.numbers


def ranked(*gains: float, users: int = 1_000) -> list[Decile]:
    """Tenths of equal size, half touched; held out 20 %, touched as much more as given."""
    half = users // 2
    return [
        Decile(i, users, Share(round((0.2 + gain) * half), half), Share(round(0.2 * half), half))
        for i, gain in enumerate(gains, start=1)
    ]


GOOD = ranked(0.2, 0.1, 0.0, 0.0)


def test_the_curve_gains_what_its_tenths_gain() -> None:
    points = curve(GOOD, alpha=0.05)
    assert [share for share, _ in points] == [0.25, 0.5, 0.75, 1.0]
    assert [gain.estimate for _, gain in points] == pytest.approx([0.05, 0.075, 0.075, 0.075])


def test_auuc_and_qini_are_areas_under_it() -> None:
    model, lot = quality({"model": GOOD}, alpha=0.05)
    area = 0.25 * (0.05 / 2 + (0.05 + 0.075) / 2 + 0.075 + 0.075)  # trapezoids
    assert (model.auuc.estimate, model.qini.estimate) == pytest.approx((area, area - 0.075 / 2))
    assert (lot.ranking, lot.auuc.estimate, lot.qini.estimate) == (RANDOM, pytest.approx(0.075 / 2), 0.0)
    assert model.qini.low > 0
    error = (
        0.25
        * (0.375**2 * (0.4 * 0.6 + 0.16) + 0.125**2 * (0.3 * 0.7 + 0.16) + (0.125**2 + 0.375**2) * (0.16 + 0.16)) ** 0.5
        / 500**0.5
    )
    assert model.qini.standard_error == pytest.approx(error)


def test_a_score_upside_down_has_a_qini_below_zero_and_order_of_rows_does_not_matter() -> None:
    upside_down = [tenth._replace(number=5 - tenth.number) for tenth in GOOD]
    good, bad, _ = quality({"model": list(reversed(GOOD)), "bad": upside_down}, alpha=0.05)
    assert good.qini.estimate == pytest.approx(-bad.qini.estimate)
    assert bad.qini.high < 0


def test_a_policy_is_worth_what_its_budget_reaches() -> None:
    assert policy_value(GOOD, touched_share=0.25, alpha=0.05).estimate == pytest.approx(0.05)
    assert policy_value(GOOD, touched_share=0.375, alpha=0.05).estimate == pytest.approx(0.0625)  # half of the second
    assert policy_value(GOOD, touched_share=0.0, alpha=0.05).estimate == 0.0
    assert policy_value(GOOD, touched_share=1.0, alpha=0.05).estimate == pytest.approx(0.075)
    assert better_than_lot(GOOD, touched_share=0.25, alpha=0.05).estimate == pytest.approx(0.05 - 0.25 * 0.075)


def test_uplift_by_tenth_says_what_it_cannot_see() -> None:
    found = uplifts([*GOOD, Decile(5, 20, Share(1, 10), Share(0, 10))], alpha=0.05, minimum_events=10)
    assert [row.status for row in found] == ["estimated"] * 4 + ["not_estimable"]
    assert found[0].difference == pytest.approx(0.2)


def test_sides_on_which_all_did_the_same_give_no_interval() -> None:
    all_or_nobody = [Decile(1, 10, Share(5, 5), Share(0, 5)), Decile(2, 10, Share(0, 5), Share(0, 5))]
    assert quality({"model": all_or_nobody}, alpha=0.05) == f"model: {ALL_THE_SAME}"
    one_differs = [all_or_nobody[0], Decile(2, 10, Share(1, 5), Share(0, 5))]
    assert not isinstance(quality({"model": one_differs}, alpha=0.05), str)
    first = curve(one_differs, alpha=0.05)[0][1]  # speaks of the first tenth alone
    assert (RankedUsers("model", "login", one_differs, 0.05).row("curve 1", first)["status"], first.estimate) == (
        "not_estimable",
        0.5,
    )


def test_an_empty_tenth_is_named() -> None:
    nobody = Decile(5, 20, Share(0, 0), Share(2, 20))
    assert (
        quality({"model": [*GOOD, nobody]}, alpha=0.05) == "model: nobody touched, or nobody held out, in the tenths 5"
    )
    assert quality({}, alpha=0.05) == "no ranking was given"
