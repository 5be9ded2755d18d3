"""The registered plan: stable, hashed, with what it can see."""

import json
from typing import Any

import pytest

from reactivation import experiment
from reactivation.errors import PlanError
from reactivation.periods import Calendar, Month, Window

pytestmark = pytest.mark.numbers

JUNE = Month.parse("2026-06")
SETTINGS = experiment.ExperimentSettings(
    alpha=0.05,
    power=0.8,
    srm_p=0.001,
    minimum_expected_events=10,
    spend_tolerance_share=0.1,
    follow_up_days=14,
    metrics={
        "login": experiment.Metric(outcome="logged_in", minimum_effect=0.02),
        "transaction": experiment.Metric(outcome="transacted", minimum_effect=0.02),
    },
)
ARMS = {"cells": {"model": 0.6, "rule": 0.2, "random": 0.2}, "holdout_share": 0.1, "long_holdout_share": 0.02}
SIZES = {
    f"{policy}.{part}.{touch}": n
    for policy in ("model", "rule", "random")
    for part in ("selected", "all")
    for touch, n in {"touched": 9_000, "holdout": 1_000, "long_holdout": 200}.items()
}


def plan(utc: Calendar, **changes: Any) -> experiment.Plan:
    given: dict[str, Any] = {
        "cycle": JUNE,
        "region": "sandbox",
        "scenario": "mobile_activity",
        "sizes": SIZES,
        "base_rates": {"login": 0.2, "transaction": None},
        "arms": ARMS,
        "waves": [{"wave": "W2", "as_of": "2026-06-15"}, {"wave": "W1", "as_of": "2026-06-08"}],
        "calendar": utc,
    }
    return experiment.register(SETTINGS, **{**given, **changes})


def test_the_same_inputs_give_the_same_hash(utc: Calendar) -> None:
    shuffled = dict(reversed(ARMS.items()))
    assert plan(utc) == plan(utc)
    assert plan(utc).plan_hash == plan(utc, arms=shuffled).plan_hash
    assert plan(utc).plan_hash == plan(utc, sizes={}).plan_hash  # what chance gave is no part of the plan


def test_another_share_or_date_gives_another_hash(utc: Calendar) -> None:
    found = {
        plan(utc).plan_hash,
        plan(utc, arms={**ARMS, "holdout_share": 0.2}).plan_hash,
        plan(utc, waves=[{"wave": "W1", "as_of": "2026-06-09"}]).plan_hash,
        plan(utc, cycle=JUNE + 1).plan_hash,
    }
    assert len(found) == 4


def test_the_read_out_takes_shares_and_window_from_the_plan(utc: Calendar) -> None:
    text = plan(utc).plan_json
    assert experiment.design_of(text) == experiment.Design(ARMS["cells"], 0.1, 0.02)  # type: ignore[arg-type]
    assert experiment.window_of(text) == Window(JUNE.first.replace(day=8), (JUNE + 1).first)


def test_the_power_statement_names_what_is_seen_and_what_is_not_known(utc: Calendar) -> None:
    rows = {(row["contrast"], row["metric"]): row for row in json.loads(plan(utc).power_json)}
    assert len(rows) == 12 * 2
    touch = rows["touch_model", "login"]
    assert touch["users"] == [9_000, 1_000]
    assert touch["minimum_detectable"] == pytest.approx(2.8016 * (0.16 * (1 / 9_000 + 1 / 1_000)) ** 0.5, rel=1e-4)
    gained = rows["gain_model_vs_rule", "login"]["minimum_detectable"]
    assert gained == pytest.approx(touch["minimum_detectable"] * 2**0.5, rel=1e-9)  # four groups, twice the variance
    assert rows["cumulative_touch", "login"]["users"] == [30_000, 600]
    unknown = rows["touch_model", "transaction"]
    assert (unknown["minimum_detectable"], unknown["reason"]) == (None, "not known: no base rate from an earlier month")


def test_a_plan_that_does_not_say_what_was_drawn_is_refused(utc: Calendar) -> None:
    with pytest.raises(PlanError, match="holdout_share"):
        plan(utc, arms={"cells": ARMS["cells"]})
