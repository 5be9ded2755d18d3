"""The gate's decisions on literal numbers."""

from typing import Any

import pytest

from reactivation.model.evaluate import Quality
from reactivation.model.gate import Gate, Recipe, decide
from reactivation.model.paired import LossDifference, from_moments
from reactivation.model.settings import GateSettings
from reactivation.statistics.said import said

pytestmark = pytest.mark.numbers

SETTINGS = GateSettings(confidence=0.95, champion_margin=0.01, min_rows=100)
ONE_CLASS = said("one_class", "all 500 labels are 1: nothing to rank", users=500)
GOOD = Quality(users=500, base_rate=0.3, auc=0.8)
BETTER = LossDifference(500, -0.05, -0.08, -0.02)
LEVEL = LossDifference(500, 0.002, -0.004, 0.008)


def decided(**changes: Any) -> Gate:
    given: dict[str, Any] = {"test": GOOD, "slope": 1.9, "against_base_rate": BETTER, "against_champion": None}
    return decide(**{**given, **changes}, settings=SETTINGS)


def test_the_first_version_needs_only_the_base_rate() -> None:
    assert decided().is_ready
    assert decided().text.endswith("there is no champion to compare with")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"against_base_rate": LossDifference(500, -0.01, -0.03, 0.01)}, "not below the base rate's"),
        ({"against_base_rate": LossDifference(500, -0.01, -0.02, 0.0)}, "must lie below 0"),  # exactly 0 is not below
        ({"against_base_rate": LossDifference(1, -0.01, None, None)}, "too few rows"),
        ({"against_champion": LossDifference(500, 0.004, -0.004, 0.012)}, "may be worse than the champion's"),
        ({"slope": -0.2}, "slope is -0.2"),
        ({"test": Quality(users=99, base_rate=0.3)}, "99 low-active users"),
        ({"test": Quality(users=500, base_rate=1.0, reason=ONE_CLASS)}, "not estimable"),
    ],
)
def test_it_refuses_and_says_why(changes: dict[str, Any], sentence: str) -> None:
    gate = decided(**changes)
    assert not gate.is_ready
    assert sentence in gate.text


def test_a_little_worse_than_the_champion_is_within_the_margin() -> None:
    assert decided(against_champion=LEVEL).is_ready


@pytest.mark.parametrize(("high", "is_ready"), [(-0.0001, True), (0.0, False), (0.0001, False)])
def test_a_new_recipe_must_be_better_than_the_champion(high: float, is_ready: bool) -> None:
    gate = decided(against_champion=LossDifference(500, -0.002, -0.004, high), recipe=Recipe(is_refit=False))
    assert gate.is_ready == is_ready
    assert is_ready or "below 0, for features or trees are others than the champion's" in gate.text


@pytest.mark.parametrize(("rivals", "is_ready"), [(0, True), (1, True), (2, False)])
def test_the_recipes_that_a_month_has_judged_are_counted(rivals: int, is_ready: bool) -> None:
    """0.02 ± 0.0172 at 95 %: ± 0.0197 as one of two, ± 0.0210 as one of three; the fourth would need 1 100 users."""
    seen = LossDifference(1_000, -0.02, -0.0372, -0.0028)
    gate = decided(against_champion=seen, recipe=Recipe.of(is_refit=False, rivals=rivals))
    assert gate.is_ready == is_ready
    assert (gate.tags["is_refit"], gate.tags["challengers"]) == ("false", str(rivals + 1))
    told = "one of 3 on this month; about 1103 users would tell"
    assert (told in gate.text) == (not is_ready)
    assert decided(against_champion=seen, recipe=Recipe.of(is_refit=True, rivals=rivals)).is_ready
    worse = decided(against_champion=LossDifference(1_000, 0.02, 0.01, 0.03), recipe=Recipe(is_refit=False))
    assert "no number of users like these would tell" in worse.text


def test_what_the_champion_cannot_be_compared_with_is_refused_and_a_reviewer_may_overrule_that_alone() -> None:
    gate = decided(not_compared="champion 3 lacks benefit_count_3m")
    assert (gate.is_ready, gate.is_overrulable) == (False, True)
    assert gate.text == "it cannot be compared with the champion: champion 3 lacks benefit_count_3m"
    worse = decided(not_compared="champion 3 lacks benefit_count_3m", slope=-1.0)
    assert (worse.is_ready, worse.is_overrulable, len(worse.reasons)) == (False, False, 2)
    assert not decided(slope=-1.0).is_overrulable


def test_all_reasons_are_told_at_once() -> None:
    gate = decided(slope=0.0, against_base_rate=LossDifference(500, 0.1, 0.05, 0.15))
    assert len(gate.reasons) == 2


def test_the_interval_is_the_normal_one() -> None:
    paired = from_moments(100, 0.5, 4.0, confidence=0.95)
    assert paired.low == pytest.approx(0.5 - 1.959964 * 0.2, abs=1e-6)
    assert paired.high == pytest.approx(0.5 + 1.959964 * 0.2, abs=1e-6)
