"""Adjusted p-values worked by hand, and alpha over looks."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from reactivation.statistics.multiplicity import alpha_per_look, benjamini_hochberg, family, holm, proven_in_order

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


def test_benjamini_hochberg_finds_in_their_own_example_what_they_found() -> None:
    """Thrombolysis in fifteen outcomes: four are found at 0.05, where Bonferroni finds three (their section 4.1)."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    found = family(p, alpha=0.05)
    assert [q is not None and q <= 0.05 for q in found.adjusted] == [True] * 4 + [False] * 11
    assert found.level == pytest.approx(0.05 * 4 / 15)  # 0.013: the largest that their rule compares a finding with
    assert [value <= found.level for value in p] == [True] * 4 + [False] * 11


def test_where_nothing_is_found_the_level_is_what_the_smallest_would_have_had_to_reach() -> None:
    assert family([0.04, 0.9, None], alpha=0.05) == ((0.08, 0.9, None), 0.025)
    assert family([None], alpha=0.05).level == 0.05


def test_an_order_ends_at_the_first_that_is_not_proven() -> None:
    assert proven_in_order([True, False, True]) == 1
    assert proven_in_order([True, True]) == 2
    assert proven_in_order([]) == proven_in_order([False, True]) == 0


def _order_of_months(lift: dict[str, float], months: int, seed: int) -> tuple[list[str], npt.NDArray[Any]]:
    """p-values of the registered order in many months. lift: of `<policy> <metric>`; who does both is one user."""
    rng = np.random.default_rng(seed)
    n, base, names, columns = 1_500, 0.3, [], []
    for metric in ("login", "transaction"):
        rate = {
            (policy, touch): rng.binomial(n, base + (lift.get(f"{policy} {metric}", 0.0) if touch else 0.0), months) / n
            for policy in ("model", "rule")
            for touch in (True, False)
        }
        others = {policy: rng.binomial(2 * n, base, months) / (2 * n) for policy in ("model", "rule")}
        own = {key: value * (1 - value) / n for key, value in rate.items()}
        touch = {policy: rate[policy, True] - rate[policy, False] for policy in ("model", "rule")}
        whole = {policy: (rate[policy, True] + 2 * others[policy]) / 3 for policy in ("model", "rule")}
        spread = {policy: whole[policy] * (1 - whole[policy]) / (3 * n) for policy in ("model", "rule")}
        tests = {
            "touch_model": (touch["model"], own["model", True] + own["model", False]),
            "policy_model_vs_rule": (whole["model"] - whole["rule"], spread["model"] + spread["rule"]),
            "gain_model_vs_rule": (touch["model"] - touch["rule"], sum(own.values())),
        }
        for contrast, (seen, variance) in tests.items():
            names.append(f"{contrast} {metric}")
            columns.append(np.where(seen > 0, 2 * norm.sf(np.abs(seen) / np.sqrt(variance)), 1.0))
    return names, np.stack(columns, axis=1)


@pytest.mark.parametrize(
    ("lift", "true"),
    [
        ({}, 0),  # nothing is there: the first question alone can be claimed falsely
        ({"model login": 0.08, "rule login": 0.08}, 1),  # the campaign works, the model is no better than the rule
        ({"model login": 0.2}, 3),  # all of login is there, nothing of transactions
        ({"model login": 0.06}, 3),  # the same with little power
    ],
)
def test_over_many_months_an_order_makes_a_single_false_claim_no_more_often_than_alpha(
    lift: dict[str, float], true: int
) -> None:
    """Familywise error over 10 000 months; the questions hang together, and each is tested at full alpha."""
    _, p = _order_of_months(lift, 10_000, 20261129)
    proven = [proven_in_order(p_value <= 0.05 for p_value in month) for month in p.tolist()]
    assert np.mean([number > true for number in proven]) <= 0.05
    unordered = np.mean((p[:, true:] <= 0.05).any(axis=1))
    if not true:
        assert unordered > 0.06  # six questions, each with its own verdict, alarm more often than promised
    if lift.get("model login") == 0.2:
        assert np.mean([number >= 3 for number in proven]) > 0.99  # and what is there is found


def test_of_the_hints_of_many_months_at_most_a_share_alpha_is_false() -> None:
    """A hundred questions, thirty of them true; false discovery rate over 2 000 months, and coverage of the found."""
    rng = np.random.default_rng(20261130)
    truth = np.where(np.arange(100) < 30, 3.0, 0.0)
    z = truth + rng.normal(size=(2_000, 100))
    false, missed = [], []
    for month in z:
        found = family((2 * norm.sf(np.abs(month))).tolist(), alpha=0.05)
        is_found = np.array([q is not None and q <= 0.05 for q in found.adjusted])
        reach = norm.isf(found.level / 2)
        assert (is_found == (np.abs(month) > reach)).all()  # verdict and interval have one level
        false.append(np.mean(truth[is_found] == 0) if is_found.any() else 0.0)
        missed.append(np.mean(np.abs(month - truth)[is_found] > reach) if is_found.any() else 0.0)
    assert 0.02 <= np.mean(false) <= 0.05
    assert np.mean(missed) <= 0.05  # of the intervals shown for the found, at most a share alpha misses
