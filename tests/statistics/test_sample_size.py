"""How large a holdout must be: the way back from the published detectable differences."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reactivation.statistics.proportions import power
from reactivation.statistics.sample_size import holdout_needed

pytestmark = pytest.mark.numbers

PUBLISHED = yaml.safe_load((Path(__file__).parents[1] / "data/statistics.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", PUBLISHED["minimum_detectable_difference"], ids=str)
def test_what_a_holdout_just_sees_needs_that_holdout(case: dict[str, Any]) -> None:
    found = holdout_needed(
        users=3_370_000,
        base_rate=case["base_rate"],
        difference=case["mde_pp"] / 100,
        alpha=0.05,
        power_wanted=0.8,
        contacts_per_user=4,
    )
    assert found.share is not None
    assert found.share == pytest.approx(case["control_share"], rel=0.1)  # rates differ between the sides, a little


def test_it_is_the_smallest_that_suffices_and_has_its_price() -> None:
    found = holdout_needed(
        users=100_000,
        base_rate=0.2,
        difference=0.01,
        alpha=0.05,
        power_wanted=0.8,
        contacts_per_user=2.5,
        cost_per_contact=0.04,
    )
    assert found.users is not None
    seen = [
        power(difference=0.01, control_rate=0.2, n_treatment=100_000 - n, n_control=n, alpha=0.05)
        for n in (found.users - 1, found.users)
    ]
    assert seen[0] < 0.8 <= seen[1]
    assert (found.contacts_not_sent, found.cost_not_spent) == (found.users * 2.5, pytest.approx(found.users * 0.1))
    assert "held out see 1 points over 20.0% with 80% power; the price is" in found.says


@pytest.mark.parametrize(
    ("users", "difference", "words"),
    [
        (10_000, 0.001, "a half of them shows 2.24 points"),
        (1, 0.1, "shows nothing at all"),
        (10_000, 0.0, "cannot be asked"),
        (10_000, 0.9, "cannot be asked"),
    ],
)
def test_what_no_holdout_sees_is_said(users: int, difference: float, words: str) -> None:
    found = holdout_needed(
        users=users, base_rate=0.2, difference=difference, alpha=0.05, power_wanted=0.8, contacts_per_user=1
    )
    assert found.users is None
    assert words in found.says
