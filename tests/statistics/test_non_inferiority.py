"""Guardrails: one-sided, at the margin, and all of them."""

import pytest

from reactivation.statistics.means import Spread
from reactivation.statistics.non_inferiority import all_pass, guardrail, guardrail_of_means
from reactivation.statistics.proportions import Share

pytestmark = pytest.mark.numbers


@pytest.mark.parametrize(
    ("treatment", "control", "harm", "word"),
    [
        (Share(102, 10_000), Share(100, 10_000), "rise", "holds"),  # opt-outs hardly more
        (Share(60, 10_000), Share(100, 10_000), "rise", "holds"),  # fewer is no harm
        (Share(2, 100), Share(1, 100), "rise", "not shown to hold"),  # too few users to say
        (Share(400, 10_000), Share(100, 10_000), "rise", "broken"),
        (Share(4_990, 10_000), Share(5_000, 10_000), "fall", "not shown to hold"),  # the margin is half a point
        (Share(49_900, 100_000), Share(50_000, 100_000), "fall", "holds"),
        (Share(4_500, 10_000), Share(5_000, 10_000), "fall", "broken"),
        (Share(0, 0), Share(1, 10), "rise", "not estimable"),
    ],
)
def test_a_guardrail_holds_only_where_the_worst_that_is_plausible_is_within_the_margin(
    treatment: Share, control: Share, harm: str, word: str
) -> None:
    found = guardrail("opt_out", treatment, control, margin=0.005, harm=harm, alpha=0.05)  # type: ignore[arg-type]
    assert found.word == word
    assert found.passes == (word == "holds")


def test_it_is_told_with_its_margin() -> None:
    found = guardrail("opt_out", Share(102, 10_000), Share(100, 10_000), margin=0.005, harm="rise", alpha=0.05)
    assert found.reason == "+0.02 points, at worst +0.25, where +0.50 points are allowed"  # 0.02 + 1.645 · 0.141


@pytest.mark.parametrize(
    ("mean", "word"),
    [
        (99.5, "holds"),  # half a unit less, at worst 0.5 + 1.65 · 0.5 = 1.33
        (98.5, "not shown to hold"),
        (96.0, "broken"),
    ],
)
def test_a_mean_has_its_margin_in_its_own_unit(mean: float, word: str) -> None:
    sides = [Spread(800, value, 100.0) for value in (mean, 100.0)]  # the difference has a standard error of 0.5
    found = guardrail_of_means("assets", *sides, margin=2.0, harm="fall", alpha=0.05)
    assert found.word == word
    if word == "holds":
        assert found.reason == "-0.5, at worst -1.323, where -2 are allowed"
    alone = guardrail_of_means("assets", sides[0], Spread(1, 1.0, 0.0), margin=2.0, harm="fall", alpha=0.05)
    assert alone.reason == "fewer than two users on the side of the control"
    flat = guardrail_of_means("assets", *[Spread(800, 1.0, 0.0)] * 2, margin=2.0, harm="fall", alpha=0.05)
    assert (flat.word, flat.passes) == ("not estimable", False)


def test_all_must_pass() -> None:
    good = guardrail("opt_out", Share(60, 10_000), Share(100, 10_000), margin=0.005, harm="rise", alpha=0.05)
    unknown = guardrail("complaint", Share(0, 0), Share(0, 0), margin=0.005, harm="rise", alpha=0.05)
    assert all_pass([good, good])
    assert not all_pass([good, unknown])  # what is not known does not pass


def test_without_a_margin_nothing_can_be_shown() -> None:
    with pytest.raises(ValueError, match="margin == 0, must be > 0"):
        guardrail("opt_out", Share(1, 10), Share(1, 10), margin=0, harm="rise", alpha=0.05)
