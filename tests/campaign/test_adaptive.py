"""Exploration that goes to what is likely best: never below the least shares, and towards the truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.conftest import settings_of_conf
from reactivation.campaign.planning import adaptive, exploration
from reactivation.campaign.planning.settings import ExplorationSettings, Wave

pytestmark = pytest.mark.numbers

LABELS = ("push/none", "sms/none", "sms/gift")
FREE = dict.fromkeys(LABELS, 0.0)
TIERS = settings_of_conf().tiers
WAVE = Wave.model_validate(
    {
        "day": 5,
        "qualifies": {"model": "true", "rule": "true", "random": "true"},
        "options": [dict(zip(("channel", "benefit"), label.split("/"), strict=True)) for label in LABELS],
        "capacity_per_1000_users": {"push": 100, "sms": 100},
        "budget_cny_per_1000_users": 100,
        "exploration_share": 0.1,
    }
)


def row(label: str, lift: float, error: float, **more: Any) -> dict[str, Any]:
    channel, benefit = label.split("/")
    return {
        "tier": "high_potential",
        "wave": "W1",
        "channel": channel,
        "benefit": benefit,
        "status": "estimated",
        "lift": lift,
        "standard_error": error,
        "control_error": error / 2,
        "n_treatment": 100,
        **more,
    }


def odds(lifts: Sequence[float], *, error: float = 0.01, costs: dict[str, float] = FREE) -> tuple[float, ...]:
    rows = [row(label, lift, error) for label, lift in zip(LABELS, lifts, strict=True)]
    known = adaptive.posterior(rows, [{**each, "cycle": "2026-05"} for each in rows], TIERS)
    return adaptive.odds(known, WAVE, "W1", costs=costs, none=0.25)


def test_what_is_surely_best_gets_all_but_the_least_of_the_others() -> None:
    assert odds([0.02, 0.20, 0.02]) == (0.10, 0.55, 0.10)


def test_a_dear_option_must_be_better_by_what_it_costs() -> None:
    assert odds([0.02, 0.20, 0.02], costs={**FREE, "sms/none": 0.5}) == pytest.approx((0.325, 0.10, 0.325), abs=0.02)


def test_where_nothing_is_told_apart_options_share_about_alike() -> None:
    assert odds([0.10, 0.10, 0.10], error=0.05) == pytest.approx((0.25, 0.25, 0.25), abs=0.02)


def test_an_option_that_nobody_knows_lets_all_share_alike() -> None:
    known = adaptive.posterior([row("push/none", 0.1, 0.01), row("sms/none", 0.1, 0.01)], [], TIERS)
    assert adaptive.odds(known, WAVE, "W1", costs=FREE, none=0.25) == ()
    assert adaptive.odds(adaptive.posterior([], [], TIERS), WAVE, "W1", costs=FREE, none=0.25) == ()
    twice = WAVE.model_copy(update={"options": (*WAVE.options, WAVE.options[0])})
    known = adaptive.posterior([row(label, 0.1, 0.01) for label in LABELS], [], TIERS)
    assert adaptive.odds(known, twice, "W1", costs=FREE, none=0.25) == ()  # their draws are not told apart


def test_other_tiers_and_what_was_not_estimated_say_nothing() -> None:
    rows = [row(label, 0.1, 0.01) for label in LABELS]
    others = [row(LABELS[0], 0.9, 0.001, tier="low_potential"), row("call/gift", 0.9, 0.0, status="not_estimable")]
    assert adaptive.posterior([*rows, *others], [*others], TIERS).keys == adaptive.posterior(rows, [], TIERS).keys


def test_months_that_differ_by_more_than_chance_make_the_mean_less_sure() -> None:
    """Two months of one option with lifts 0.30 apart, each known to 0.01: the variance between is 0.0450 - 0.0001."""
    months = [[row("push/none", lift, 0.01) for lift in (0.0, 0.30)]]
    assert adaptive.between_months(months) == pytest.approx(0.30**2 / 2 - 0.01**2)
    assert adaptive.between_months([[row("push/none", 0.1, 0.01)] * 3]) == 0
    assert adaptive.between_months([]) == 0
    rows = [row(label, lift, 0.01) for label, lift in zip(LABELS, (0.02, 0.20, 0.02), strict=True)]
    apart = [row(one, r["lift"] + off, 0.01) for one, r in zip(LABELS, rows, strict=True) for off in (-0.2, 0.2)]
    calm, wild = (adaptive.posterior(rows, months, TIERS) for months in (rows * 2, apart))
    assert np.all(np.diag(wild.covariance) > 3 * np.diag(calm.covariance))
    assert adaptive.odds(wild, WAVE, "W1", costs=FREE, none=0.25)[1] < 0.55


def test_over_many_months_draws_go_to_the_truly_best_and_rarely_to_the_worst() -> None:
    """200 programmes whose options truly add 0.02, 0.06 and 0.12, estimated to 0.03 each."""
    rng = np.random.default_rng(5)
    found = np.array([odds(np.array([0.02, 0.06, 0.12]) + rng.normal(0, 0.03, 3), error=0.03) for _ in range(200)])
    mean = found.mean(axis=0)
    assert mean[2] > 0.38
    assert mean[0] < 0.17
    assert found.min() >= 0.10


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(sum), st.floats(0.2, 0.5))
def test_each_option_and_none_keep_their_least_share_whatever_can_be_had(best: list[float], none: float) -> None:
    shares = adaptive.probabilities(best, none=none)
    assert sum(shares) == pytest.approx(int((1 - none) * 100 + 1e-9) / 100)
    for mask in range(1, 1 << len(best)):
        drawn = exploration.shares(mask, exploration.Odds(none, shares))
        assert sum(drawn.values()) == pytest.approx(1)
        assert drawn.pop("none") == none >= 0.2
        assert min(drawn.values()) >= 0.1 - 1e-12


@pytest.mark.parametrize("none", [0.15, 0.55])
def test_conf_that_leaves_no_room_for_the_least_shares_is_refused(none: float) -> None:
    fine = {"none_share": none, "reserve_share": 0.2}
    assert not ExplorationSettings(**fine, adaptive=False).adaptive
    with pytest.raises(ValueError, match=r"must lie from 0\.2 to 0\.5 to be adaptive"):
        ExplorationSettings(**fine, adaptive=True)
