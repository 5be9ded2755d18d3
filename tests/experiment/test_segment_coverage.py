"""Ten thousand months of the effect by week, and of the users on whom two policies disagree: the intervals cover."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from reactivation.experiment.analysis import pairs
from reactivation.experiment.contrasts import CONTRASTS
from reactivation.experiment.groups import Group, Pair, Totals
from reactivation.experiment.metrics import share
from reactivation.experiment.segments import disagreeing
from reactivation.statistics.estimates import Estimate, gain
from reactivation.statistics.multiplicity import benjamini_hochberg
from reactivation.statistics.proportions import Share, difference_interval, p_value

pytestmark = pytest.mark.numbers

MONTHS = 10_000
SOME = 200
WEEKS = 4
PATTERNS = np.array(list(product((0, 1), repeat=WEEKS)))  # who was active in which weeks
Numbers = npt.NDArray[Any]


def shares(pair: Pair, metric: str) -> tuple[Share, Share]:
    first, second = (share(side, metric) for side in pair)
    return first, second


def covered(sides: tuple[Share, Share], truth: float) -> float:
    low, high = difference_interval(*sides, alpha=0.05)
    return float(np.mean((low <= truth) & (truth <= high)))


def p_values(sides: tuple[Share, Share]) -> Numbers:
    """The pooled z test of every month at once; the library's, one by one, gives the same for the first of them."""
    a, n, b, m = (np.broadcast_to(x, MONTHS) for side in sides for x in (side.events, side.users))
    rate = (a + b) / (n + m)
    found: Numbers = 2 * norm.sf(np.abs(a / n - b / m) / np.sqrt(rate * (1 - rate) * (1 / n + 1 / m)))
    first = [p_value(Share(int(a[i]), int(n[i])), Share(int(b[i]), int(m[i]))) for i in range(SOME)]
    assert found[:SOME].tolist() == pytest.approx(first)
    return found


def weekly(touch: str, n: int, lifts: list[float], seed: int) -> Group:
    """A third of the users are often active and stay so over the weeks, the others seldom: weeks hang together."""
    rng = np.random.default_rng(seed)
    patterns = sum(
        part * np.prod(np.where(PATTERNS, rate + np.array(lifts), 1 - rate - np.array(lifts)), axis=1)
        for part, rate in ((1 / 3, 0.5), (2 / 3, 0.05))
    )
    active = rng.multinomial(n, patterns, MONTHS) @ PATTERNS
    sums: dict[str, Any] = {f"known__week__{week}": n for week in range(1, WEEKS + 1)}
    sums |= {f"events__week__{week}": active[:, week - 1] for week in range(1, WEEKS + 1)}
    return Group("model", True, touch, Totals(sums))


def test_the_effect_by_week_covers() -> None:
    """The campaign moves 6 points in its first week, and less in each that follows."""
    lifts = [0.06, 0.04, 0.02, 0.0]
    groups = [weekly("touched", 900, lifts, 20260701), weekly("holdout", 300, [0.0] * WEEKS, 20260702)]
    sides = pairs(CONTRASTS, groups)["touch_model"]
    for week, lift in enumerate(lifts, start=1):
        assert 0.94 <= covered(shares(sides, f"week__{week}"), lift) <= 0.96


def test_weeks_raise_false_alarms_as_often_as_alpha_alone_and_no_more_often_as_a_family() -> None:
    nothing = [0.0] * WEEKS
    groups = [weekly("touched", 900, nothing, 20260703), weekly("holdout", 300, nothing, 20260704)]
    sides = pairs(CONTRASTS, groups)["touch_model"]
    found = np.stack([p_values(shares(sides, f"week__{week}")) for week in range(1, WEEKS + 1)], axis=1)
    assert all(0.04 <= alarms <= 0.06 for alarms in np.mean(found < 0.05, axis=0))
    steps = 0.05 * np.arange(1, WEEKS + 1) / WEEKS  # Benjamini and Hochberg's, by hand
    proven = (np.sort(found, axis=1) <= steps).any(axis=1)
    adjusted = [benjamini_hochberg(month) for month in found[:SOME].tolist()]
    assert proven[:SOME].tolist() == [any(p is not None and p <= 0.05 for p in month) for month in adjusted]
    assert np.mean(proven) <= 0.05 < np.mean((found < 0.05).any(axis=1))


KINDS = {"only_model": 0.2, "only_rule": 0.1, "both": 0.1, "neither": 0.6}
"""Share of all users whom the policies of the pair would pick."""

ASLEEP = {"only_model": 0.3, "only_rule": 0.15, "both": 0.4, "neither": 0.1}
"""Who is active without a campaign."""


def cells(lifts: dict[str, float], seed: int) -> list[Group]:
    """Two cells of 4 000, a fifth held out; how many users of each kind and touch there are is chance as well."""
    rng = np.random.default_rng(seed)
    kinds = list(KINDS)
    found = []
    for policy in ("model", "rule"):
        parts = [KINDS[kind] * share for kind in kinds for share in (0.8, 0.2)]
        drawn = rng.multinomial(4_000, parts, MONTHS)
        for i, (kind, touch) in enumerate(product(kinds, ("touched", "holdout"))):
            is_selected = kind in (f"only_{policy}", "both")
            lift = lifts.get(kind, 0.0) if is_selected and touch == "touched" else 0.0
            users = drawn[:, i]
            sums = {"known__active": users, "events__active": rng.binomial(users, ASLEEP[kind] + lift)}
            picked_by = {"both": {"model", "rule"}, "neither": set()}.get(kind, {kind.removeprefix("only_")})
            found.append(Group(policy, is_selected, touch, Totals(sums), frozenset(picked_by)))
    return found


def apart(lifts: dict[str, float], seed: int) -> dict[str, tuple[Share, Share]]:
    """The comparisons among the users on whom the two disagree, all months at once."""
    among = disagreeing(cells(lifts, seed), "model", "rule")
    names = ("touch_model", "touch_rule", "found_model_vs_rule", "policy_model_vs_rule")
    asked = [contrast for contrast in CONTRASTS if contrast.name in names]
    return {name: shares(pair, "active") for name, pair in pairs(asked, among).items()}


def gains(sides: dict[str, tuple[Share, Share]]) -> list[Estimate]:
    effects = []
    for name in ("touch_model", "touch_rule"):
        first, second = sides[name]
        seen = first.events / first.users - second.events / second.users
        ends = np.array([seen, *difference_interval(first, second, alpha=0.05)]).T.tolist()
        effects.append([Estimate(0, 0, difference=d, difference_low=a, difference_high=b) for d, a, b in ends])
    return [gain(first, second) for first, second in zip(*effects, strict=True)]


def holds(found: list[Estimate], value: float) -> float:
    return float(np.mean([(e.difference_low or 0) <= value <= (e.difference_high or 0) for e in found]))


def test_estimates_of_those_on_whom_two_policies_disagree_cover() -> None:
    """Both policies move whom they pick. Of ten of these users the model alone picks two thirds.

    Under the model's policy the first kind is moved, under the rule's the second: (2 · 0.08 - 1 · 0.03) / 3.
    """
    sides = apart({"only_model": 0.08, "only_rule": 0.03, "both": 0.2}, 20260705)
    truths = {
        "touch_model": 0.08,
        "touch_rule": 0.03,
        "found_model_vs_rule": 0.30 - 0.15,
        "policy_model_vs_rule": (2 * 0.08 - 0.03) / 3,
    }
    assert set(sides) == set(truths)
    for name, truth in truths.items():
        assert 0.94 <= covered(sides[name], truth) <= 0.96
    assert 0.94 <= holds(gains(sides), 0.08 - 0.03) <= 0.96


def test_where_no_policy_moves_anybody_the_disagreement_alarms_as_often_as_alpha() -> None:
    sides = apart({}, 20260706)
    for name in ("touch_model", "touch_rule", "policy_model_vs_rule"):
        assert 0.04 <= np.mean(p_values(sides[name]) < 0.05) <= 0.06
    assert 0.04 <= 1 - holds(gains(sides), 0.0) <= 0.06
