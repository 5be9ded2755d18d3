"""The registered plan: stable, hashed, with what it can see."""

import json
from typing import Any

import pytest

from experiment.asked import ASKED
from reactivation import experiment
from reactivation.errors import PlanError
from reactivation.experiment.power import NOT_KNOWN
from reactivation.periods import Calendar, Month, Window

pytestmark = pytest.mark.numbers

JUNE = Month.parse("2026-06")
METRICS: dict[str, Any] = {
    "metrics": {
        "login": {"outcome": "logged_in", "minimum_effect": 0.02},
        "transaction": {"outcome": "transacted", "minimum_effect": 0.02},
    },
}
ARMS = {
    "cells": {"model": 0.6, "rule": 0.2, "random": 0.2},
    "holdout_share": 0.1,
    "long_holdout_share": 0.02,
    "long_holdout_since": "2026-01",
}
SIZES = {
    f"{policy}.{part}.{touch}": n
    for policy in ("model", "rule", "random")
    for part in ("selected", "all")
    for touch, n in {"touched": 9_000, "holdout": 1_000, "long_holdout": 200}.items()
}
RATES = {"login": experiment.BaseRate(0.2, "untouched users of past experiments"), "transaction": NOT_KNOWN}


def settings(**changes: Any) -> experiment.ExperimentSettings:
    return experiment.ExperimentSettings.model_validate({**ASKED, **METRICS, **changes})


def draft(utc: Calendar, asked: experiment.ExperimentSettings | None = None, **changes: Any) -> experiment.PlanText:
    given: dict[str, Any] = {
        "cycle": JUNE,
        "region": "sandbox",
        "scenario": "mobile_activity",
        "arms": ARMS,
        "waves": [{"wave": "W2", "as_of": "2026-06-15"}, {"wave": "W1", "as_of": "2026-06-08"}],
        "calendar": utc,
    }
    return experiment.draft(asked or settings(), **{**given, **changes})


def plan(utc: Calendar, sizes: dict[str, int] = SIZES, **changes: Any) -> experiment.Plan:
    return experiment.register(draft(utc, **changes), settings(), sizes=sizes, base_rates=RATES)


def test_the_same_inputs_give_the_same_hash(utc: Calendar) -> None:
    shuffled = dict(reversed(ARMS.items()))
    assert plan(utc) == plan(utc)
    assert plan(utc).plan_hash == plan(utc, arms=shuffled).plan_hash
    assert plan(utc).plan_hash == plan(utc, sizes={}).plan_hash  # what chance gave is no part of the plan


def test_another_share_date_order_or_threshold_gives_another_hash(utc: Calendar) -> None:
    cells = {"rule": 0.2, "random": 0.2, "model": 0.6}  # the same shares, cut in another order: other people
    found = {
        plan(utc).plan_hash,
        plan(utc, arms={**ARMS, "holdout_share": 0.2}).plan_hash,
        plan(utc, arms={**ARMS, "cells": cells}).plan_hash,
        plan(utc, arms={**ARMS, "long_holdout_since": "2026-02"}).plan_hash,
        plan(utc, waves=[{"wave": "W1", "as_of": "2026-06-09"}]).plan_hash,
        plan(utc, cycle=JUNE + 1).plan_hash,
        plan(utc, asked=settings(alpha=0.01)).plan_hash,
        plan(utc, asked=settings(guardrails={})).plan_hash,
        plan(utc, asked=settings(power=0.9)).plan_hash,
    }
    assert len(found) == 9


def test_the_plan_says_what_is_asked_how_and_when_it_is_looked_at(utc: Calendar) -> None:
    found = draft(utc, settings(interim_look_days=[15, 22]))
    assert found["thresholds"]["hypotheses"] == ASKED["hypotheses"]
    assert found["thresholds"]["primary_metric"] == "login"
    assert found["thresholds"]["guardrails"]["opt_out"] == {"outcome": "opted_out", "margin": 0.002, "harm": "rise"}
    assert found["look_days"] == ["2026-06-15", "2026-06-22", "2026-07-06"]  # the last when the month has settled
    assert found["alpha_per_look"] == pytest.approx(0.05 / 3)
    assert found["salts"]["touch"] == "sandbox|mobile_activity|2026-06|touch"
    assert found["salts"]["long_holdout"] == "sandbox|mobile_activity|2026-01|long_holdout"


def test_the_read_out_takes_shares_and_window_from_the_plan(utc: Calendar) -> None:
    found = draft(utc)
    names = tuple(contrast.name for contrast in experiment.among(ARMS["cells"]))
    assert experiment.design_of(found) == experiment.Design(ARMS["cells"], 0.1, 0.02, 0, names)  # type: ignore[arg-type]
    since, now = str(ARMS["long_holdout_since"]), found["cycle"]
    assert experiment.design_of(found, registered=["2025-01", since, now, "2027-01"]).months_before == 1
    assert experiment.window_of(found) == Window(JUNE.first.replace(day=8), (JUNE + 1).first)


def test_the_power_statement_names_what_is_seen_and_what_is_not_known(utc: Calendar) -> None:
    rows = {(row["contrast"], row["metric"]): row for row in json.loads(plan(utc).power_json)}
    assert len(rows) == 13 * 2
    assert rows["guide_model", "login"]["users"] == [0, 0]  # everybody is picked here
    touch = rows["touch_model", "login"]
    assert touch["users"] == [9_000, 1_000]
    assert touch["basis"] == "untouched users of past experiments"
    assert touch["minimum_detectable"] == pytest.approx(2.8016 * (0.16 * (1 / 9_000 + 1 / 1_000)) ** 0.5, rel=1e-4)
    gained = rows["gain_model_vs_rule", "login"]["minimum_detectable"]
    assert gained == pytest.approx(touch["minimum_detectable"] * 2**0.5, rel=1e-9)  # four groups, twice the variance
    assert rows["cumulative_touch", "login"]["users"] == [30_000, 600]
    unknown = rows["touch_model", "transaction"]
    assert (unknown["minimum_detectable"], unknown["reason"]) == (None, "not known: no base rate from an earlier month")


def test_a_plan_that_does_not_say_what_was_drawn_is_refused_with_all_that_is_missing(utc: Calendar) -> None:
    with pytest.raises(PlanError) as error:
        draft(utc, arms={"cells": ARMS["cells"]})
    assert [f.what for f in error.value.findings] == ["holdout_share", "long_holdout_share", "long_holdout_since"]


def test_all_that_cannot_be_asked_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="did you mean `touch_model`") as error:
        settings(hypotheses={"touch_modell": "?"}, primary_metric="logins", interim_look_days=[22, 15])
    text = str(error.value)
    assert "primary_metric: `logins` is not known, did you mean `login`" in text
    assert "interim_look_days [22, 15], must increase" in text
    with pytest.raises(ValueError, match="`pick_model_vs_rule` is not known"):
        settings(hypotheses={"pick_model_vs_rule": "Descriptive: who they are differs, so it is no hypothesis."})
