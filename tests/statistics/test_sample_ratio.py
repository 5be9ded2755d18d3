"""Sample ratios: published cases, small counts, and what nobody drew."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.stats import multinomial

from reactivation.statistics.sample_ratio import sample_ratio

pytestmark = pytest.mark.numbers

PUBLISHED = yaml.safe_load((Path(__file__).parents[1] / "data/statistics.yml").read_text(encoding="utf-8"))[
    "sample_ratio"
]


def test_p_is_the_published_one_exact_and_by_chi_square() -> None:
    case = PUBLISHED[0]
    for exact, expected in ((True, case["p_exact"]), (False, case["p_chisquare"])):
        found = sample_ratio("arms", case["counts"], case["expected"], exact=exact).p_value
        assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("case", PUBLISHED[1:], ids=str)
def test_verdicts_are_the_published_ones(case: dict[str, Any]) -> None:
    assert sample_ratio("arms", case["counts"], [1, 1]).is_mismatch(0.001) == (case["verdict"] == "mismatch")


@pytest.mark.parametrize(
    ("counts", "expected", "is_mismatch"),
    [
        ([2023, 1977], [0.5, 0.5], False),  # chance
        ([21307, 21387, 21306], [1, 1, 1], False),  # three arms, as in Hillstrom's test
        ([21307, 20317, 21306], [1, 1, 1], True),  # a twentieth of one arm lost
        ([0, 0], [0.5, 0.5], False),  # nobody: nothing to test
        ([500, 0], [1.0, 0.0], False),  # an arm that was not drawn is empty, as it must be
        ([500, 3], [1.0, 0.0], True),  # somebody in an arm that was not drawn
        ([9, 1], [0.9, 0.1], False),  # few: tested exactly
    ],
)
def test_a_split_is_a_mismatch_only_where_chance_would_hardly_give_it(
    counts: list[int], expected: list[float], is_mismatch: bool
) -> None:
    assert sample_ratio("arms", counts, expected).is_mismatch(0.001) == is_mismatch


@pytest.mark.parametrize(("counts", "shares"), [((50, 5, 6), (0.90, 0.08, 0.02)), ((86, 9, 5), (0.90, 0.09, 0.01))])
def test_of_few_users_in_three_groups_p_is_that_of_all_splits(counts: Sequence[int], shares: Sequence[float]) -> None:
    """Every split of so few users, with its multinomial probability; chi-square's distribution says 7e-5 and 3e-4."""
    total = sum(counts)
    splits = np.array([(a, b, total - a - b) for a in range(total + 1) for b in range(total + 1 - a)])
    hoped = np.array(shares) * total
    off = ((splits - hoped) ** 2 / hoped).sum(axis=1)
    as_far = off >= ((np.array(counts) - hoped) ** 2 / hoped).sum() * (1 - 1e-9)
    exact = multinomial.pmf(splits[as_far], total, shares).sum()
    found = sample_ratio("arms", counts, shares).p_value
    assert found == pytest.approx(exact, abs=4 * (exact / 100_000) ** 0.5)
    approximate = sample_ratio("arms", counts, shares, exact=False).p_value
    assert approximate is not None
    assert approximate < 0.001 < exact
    assert found == sample_ratio("arms", counts, shares).p_value  # the same whenever it is asked
