"""Coverage over months drawn anew: counted as it is, true where it is true, and noticed where intervals are wrong."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from reactivation.contracts.derived import POLICIES
from reactivation.experiment.contrasts import among
from reactivation_lab import coverage

pytestmark = pytest.mark.numbers

BASE = {"model": 0.45, "rule": 0.25, "random": 0.3}
RISE = {"model": 0.05, "rule": 0.15, "random": 0.1}
USERS = {(True, "touched"): 400, (True, "holdout"): 300, (False, "touched"): 400, (False, "holdout"): 300}


MONTHS = 600


def about(share: float) -> Any:
    """Within what chance lets so many months differ, but for one time in a thousand."""
    return pytest.approx(share, abs=3.3 * (share * (1 - share) / MONTHS) ** 0.5)


def months(seeds: int, *, claimed: float = 1.0) -> Iterator[dict[str, Any]]:
    """Sums of months whose truth is known: the picked rise, the others do not. claimed: factor on the truth told."""
    rng = np.random.default_rng(7)
    for seed in range(seeds):
        for policy in POLICIES:
            for (is_selected, touch), n in USERS.items():
                base = BASE[policy] if is_selected else 0.6 - BASE[policy]  # cells are alike
                rise = RISE[policy] if is_selected else 0.0
                is_moved = is_selected and touch == "touched"
                alone = rng.binomial(n, base)
                yield {
                    "seed": seed,
                    "policy": policy,
                    "is_selected": is_selected,
                    "touch": touch,
                    "users": n,
                    "events__login__moved": rng.binomial(n, base + rise) if is_moved else alone,
                    "events__login__unmoved": alone,
                    "rise__login": claimed * n * rise,
                    **{f"rise__login__{p}": claimed * n * RISE[p] / 2 for p in POLICIES},
                }


def covered(world: str, *, of: int = MONTHS, claimed: float = 1.0, alpha: float = 0.05) -> dict[str, dict[str, Any]]:
    found = coverage.coverage(coverage.trials(months(of, claimed=claimed), ["login"], world), ["login"], alpha=alpha)
    return {row["contrast"]: row for row in found}


def test_intervals_cover_what_is_true_as_often_as_they_say() -> None:
    found = covered(coverage.MOVED)
    causal = [c.name for c in among(POLICIES) if c.kind == "causal" and c.name != "cumulative_touch"]
    assert [name for name, row in found.items() if row["covered"] is not None] == causal
    for name in causal:
        assert found[name]["covered"] == about(0.95), name
        assert found[name]["covered_low"] < found[name]["covered"] < found[name]["covered_high"]
        assert found[name]["difference"] == pytest.approx(found[name]["truth"], abs=0.01)
    assert found["touch_rule"]["truth"] == pytest.approx(0.15)
    assert found["gain_model_vs_rule"]["truth"] == pytest.approx(-0.1)
    assert found["policy_model_vs_rule"]["truth"] == pytest.approx(-0.05)
    assert found["pick_model_vs_rule"]["truth"] is None


def test_where_nothing_moves_few_intervals_exclude_zero_but_the_pick_still_differs() -> None:
    found = covered(coverage.UNMOVED)
    for policy in POLICIES:
        assert found[f"touch_{policy}"]["excludes_zero"] == about(0.05)
        assert found[f"touch_{policy}"]["truth"] == 0.0
    assert found["pick_model_vs_random"]["difference"] == pytest.approx(0.15, abs=0.01)
    assert found["pick_model_vs_random"]["excludes_zero"] > 0.95


def test_a_wrong_truth_and_a_wrong_alpha_are_noticed() -> None:
    assert covered(coverage.MOVED, of=100, claimed=0.3)["touch_rule"]["covered"] < 0.8
    assert covered(coverage.MOVED, of=200, alpha=0.2)["touch_rule"]["covered"] < 0.87


def test_contrasts_of_rare_events_are_left_out_whole() -> None:
    rows = [{**row, "events__login__moved": min(row["events__login__moved"], 5)} for row in months(20)]
    assert coverage.coverage(coverage.trials(rows, ["login"], coverage.MOVED), ["login"], alpha=0.05) == []
