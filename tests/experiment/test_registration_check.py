"""What was registered against what is there: waves, new registrations and read-outs are held to it."""

import json
from datetime import date
from typing import Any

import pytest

from experiment.test_registration import ARMS, JUNE, draft, plan, settings
from reactivation import experiment
from reactivation.errors import PlanError
from reactivation.experiment import registration_changes, registration_check
from reactivation.experiment.registration_check import NOTE, Difference
from reactivation.periods import Calendar

pytestmark = pytest.mark.numbers

ON_TIME = date(2026, 6, 8)
SENT = {"W1": "2026-06-08", "W2": "2026-06-15"}
OTHER_SHARE = {**ARMS, "holdout_share": 0.2}


def row(utc: Calendar, **changes: Any) -> dict[str, Any]:
    return {"cycle": str(JUNE), **plan(utc)._asdict(), **changes}


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    text = experiment.canonical(content)
    return {"plan_json": text, "plan_hash": experiment.register(content, settings(), sizes={}, base_rates={}).plan_hash}


def refused(found: dict[str, Any] | None, utc: Calendar, **changes: Any) -> dict[str, str]:
    """What a refused wave names: what is wrong, and what is said of it."""
    given: dict[str, Any] = {"now": draft(utc), "wave": "W1", "day": ON_TIME, "is_forced": False}
    with pytest.raises(PlanError) as error:
        registration_check.require(found, **{**given, **changes})
    return {finding.what: f"{finding.kind}: {finding.advice}" for finding in error.value.findings}


def test_a_wave_that_the_registered_plan_covers_goes_ahead(utc: Calendar) -> None:
    assert registration_check.require(row(utc), now=draft(utc), wave="W1", day=ON_TIME, is_forced=False) == []


def test_without_a_plan_a_wave_is_refused_and_all_that_is_missing_is_named(utc: Calendar) -> None:
    found = refused(None, utc)
    assert set(found) == {"experiment_plan", "power statement"}
    assert "run jobs/assign_tiers.py" in found["experiment_plan"]


def test_by_force_a_wave_still_needs_a_plan(utc: Calendar) -> None:
    assert "experiment_plan" in refused(None, utc, is_forced=True)


@pytest.mark.parametrize("power", [None, "", "[]", "{", '[{"contrast": "touch_model"}]'])
def test_without_a_power_statement_a_wave_is_refused(utc: Calendar, power: str | None) -> None:
    assert "assign_tiers" in refused(row(utc, power_json=power), utc)["power statement"]


def test_a_hypothesis_of_which_the_power_statement_is_silent_is_named(utc: Calendar) -> None:
    rows = json.loads(plan(utc).power_json)
    without = [line for line in rows if line["contrast"] != "touch_model"]
    assert "power of touch_model" in refused(row(utc, power_json=json.dumps(without)), utc)
    silent = [{**line, "minimum_detectable": None, "reason": None} for line in rows]
    assert "power of touch_model" in refused(row(utc, power_json=json.dumps(silent)), utc)
    unknown = [{**line, "minimum_detectable": None, "reason": "not known: no base rate"} for line in rows]
    told = row(utc, power_json=json.dumps(unknown))  # a reason is a statement too
    assert registration_check.require(told, now=draft(utc), wave="W1", day=ON_TIME, is_forced=False) == []


def test_a_plan_altered_after_its_hash_is_refused_even_by_force(utc: Calendar) -> None:
    altered = row(utc)["plan_json"].replace('"holdout_share":0.1', '"holdout_share":0.2')
    for is_forced in (False, True):
        found = refused(row(utc, plan_json=altered), utc, is_forced=is_forced)
        assert "altered after it was registered" in found["plan_hash"]
    with pytest.raises(PlanError, match="altered"):
        registration_check.read(row(utc, plan_json=altered))
    assert "plan_json" in refused(row(utc, plan_json="no plan"), utc)


def test_the_plan_of_another_scenario_region_or_month_is_refused(utc: Calendar) -> None:
    other = draft(utc, scenario="wealth", region="north", cycle=JUNE + 1)
    found = refused({**row(utc), **sealed(other)}, utc, is_forced=True)
    assert {"scenario", "region", "cycle"} <= set(found)
    assert "the plan is for wealth, this is mobile_activity" in found["scenario"]


def test_a_wave_that_is_not_in_the_plan_is_refused_even_by_force(utc: Calendar) -> None:
    assert "known here: W1, W2" in refused(row(utc), utc, wave="sprint", is_forced=True)["wave sprint"]


def test_another_day_is_refused_and_by_force_named(utc: Calendar) -> None:
    late = date(2026, 6, 9)
    assert "registered 2026-06-08, now 2026-06-09" in refused(row(utc), utc, day=late)["day of W1"]
    found = registration_check.require(row(utc), now=draft(utc), wave="W1", day=late, is_forced=True)
    assert found == [Difference("day of W1", "2026-06-08", "2026-06-09")]


def test_conf_that_has_changed_since_is_refused_and_by_force_named(utc: Calendar) -> None:
    now = draft(utc, arms=OTHER_SHARE)
    assert "registered 0.1, now 0.2" in refused(row(utc), utc, now=now)["campaign.arms.holdout_share"]
    found = registration_check.require(row(utc), now=now, wave="W1", day=ON_TIME, is_forced=True)
    assert found == [Difference("campaign.arms.holdout_share", "0.1", "0.2")]


def test_before_the_first_wave_a_plan_may_be_registered_anew(utc: Calendar) -> None:
    now = draft(utc, arms=OTHER_SHARE)
    assert registration_check.renewed(now, registered=draft(utc), is_running=False, is_forced=False) == now


def test_a_running_experiment_keeps_its_plan_and_the_refusal_names_every_difference(utc: Calendar) -> None:
    now = draft(utc, settings(alpha=0.01), arms=OTHER_SHARE)
    with pytest.raises(PlanError, match="is running and cannot be changed") as error:
        registration_check.renewed(now, registered=draft(utc), is_running=True, is_forced=False)
    named = {finding.what for finding in error.value.findings}
    assert named == {"campaign.arms.holdout_share", "experiment.alpha", "alpha_per_look", "conf"}
    same = draft(utc)
    assert registration_check.renewed(same, registered=draft(utc), is_running=True, is_forced=False) == same


def test_the_same_shares_in_another_order_are_another_draw(utc: Calendar) -> None:
    now = draft(utc, arms={**ARMS, "cells": dict(reversed(list(ARMS["cells"].items())))})  # type: ignore[attr-defined]
    assert [d.what for d in registration_changes.differences(draft(utc), now)] == ["cell_order"]


def test_what_is_changed_by_force_stays_noted_in_the_plan(utc: Calendar) -> None:
    first = registration_check.renewed(
        draft(utc, arms=OTHER_SHARE), registered=draft(utc), is_running=True, is_forced=True
    )
    assert first[NOTE] == [["campaign.arms.holdout_share: registered 0.1, conf now 0.2"]]
    again = registration_check.renewed(draft(utc, arms=OTHER_SHARE), registered=first, is_running=True, is_forced=False)
    assert again == first  # a re-run gives the same plan, note and hash
    told = registration_changes.told(
        first, registration_changes.changes(first, now=draft(utc, arms=OTHER_SHARE), waves=SENT)
    )
    assert told[1:] == [
        "changed by force after the first wave: campaign.arms.holdout_share: registered 0.1, conf now 0.2"
    ]


def test_the_read_out_says_that_it_is_what_was_registered(utc: Calendar) -> None:
    says = registration_changes.told(draft(utc), registration_changes.changes(draft(utc), now=draft(utc), waves=SENT))
    assert says == [f"Plan {plan(utc).plan_hash[:12]}: what was analysed is what was registered."]


def test_the_read_out_names_what_is_not_as_registered(utc: Calendar) -> None:
    metrics = {"login": {"outcome": "logged_in", "minimum_effect": 0.03}}
    now = draft(utc, settings(alpha=0.02, metrics=metrics))
    says = registration_changes.told(
        draft(utc), registration_changes.changes(draft(utc), now=now, waves={"W1": "2026-06-09", "W9": "2026-06-20"})
    )
    assert "the read-out follows the registered plan" in says[0]
    assert "experiment.alpha: registered 0.05, conf now 0.02" in says
    assert "experiment.metrics.login.minimum_effect: registered 0.02, conf now 0.03" in says
    assert "experiment.metrics.transaction.outcome: registered transacted, conf now (not there)" in says
    assert "wave W1: registered for 2026-06-08, sent on 2026-06-09" in says
    assert "wave W2: registered for 2026-06-15, nobody was planned in it" in says
    assert "wave W9: registered for no day, sent on 2026-06-20" in says


def test_the_read_out_goes_by_the_registered_settings_and_no_other(utc: Calendar) -> None:
    now = settings(alpha=0.2, metrics={"login": {"outcome": "logged_in", "minimum_effect": 0.3}})
    found = registration_check.settings_of(draft(utc, settings(interim_look_days=[15])), now=now)
    assert (found.alpha, found.looks) == (0.05, 2)
    assert found.metrics["login"].minimum_effect == 0.02
    assert list(found.metrics) == ["login", "transaction"]
    once = registration_check.settings_of(draft(utc), now=now)
    assert once == settings()


def test_a_plan_of_an_older_version_is_read_out_and_what_it_lacks_is_named(utc: Calendar) -> None:
    old = draft(utc)
    old["thresholds"] = {k: v for k, v in old["thresholds"].items() if k not in ("hypotheses", "guardrails")}
    assert registration_check.settings_of(old, now=settings()).guardrails == settings().guardrails
    says = registration_changes.told(old, registration_changes.changes(old, now=draft(utc), waves=SENT))
    assert "experiment.guardrails.opt_out.margin: registered (not there), conf now 0.002" in says
