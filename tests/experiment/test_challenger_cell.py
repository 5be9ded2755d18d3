"""Another whole policy judged in a cell of its own: what is asked of it, and what a month says of it."""

from datetime import date
from typing import Any

import pytest

from experiment.asked import JUNE, settings_for, specs_for
from experiment.test_families import ORDER
from experiment.test_registration import ARMS, SIZES, draft, plan
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment import challenger, registration_changes
from reactivation.experiment.contrasts import CHALLENGED
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.looks import Look
from reactivation.periods import Calendar, Window

pytestmark = pytest.mark.numbers

SETTINGS = settings_for(
    metrics={
        "login": {"outcome": "logged_in", "minimum_effect": 0.02},
        "active": {"outcome": "is_active", "minimum_effect": 0.02},
    },
    sequence=ORDER[:3],
    active_user_value={"registered": 20, "range": [5, 80]},
)
SPECS = specs_for(SETTINGS)
FOUR = {"model": 0.25, "rule": 0.25, "random": 0.25, "challenger": 0.25}
DESIGN = experiment.Design(FOUR, holdout=0.5, long_holdout=0.0)
OF_THREE = [
    *("touch_model", "touch_rule", "touch_random"),
    *("pick_model_vs_rule", "found_model_vs_rule", "gain_model_vs_rule", "policy_model_vs_rule"),
    *("pick_model_vs_random", "found_model_vs_random", "gain_model_vs_random", "policy_model_vs_random"),
    *("cumulative_touch", "guide_model"),
]
OWN = ["touch_challenger", "policy_challenger_vs_model"]


def bank(moved: float = 0.2, *, n: int = 1_000, refused: int = 2, spend: int = 100) -> list[Group]:
    """Cells of 4 n users: a third log in by themselves, touching moves a tenth of the picks, of the challenger `moved`.

    refused: opt-outs among n of the challenger's touched picks, 2 elsewhere. spend: allotted to them, 100 elsewhere.
    """
    found = []
    for policy in FOUR:
        for is_selected in (True, False):
            for touch in ("touched", "holdout"):
                is_moved, is_his = is_selected and touch == "touched", policy == "challenger"
                events = round(n * (0.3 + (moved if is_his else 0.1) * is_moved))
                sums: dict[str, Any] = {"users": n, "assigned": n, "from_outside": 0, "spend": 0}
                sums |= {f"known__{name}": n for name in ("login", "active", "opt_out")}
                sums |= {"events__login": events, "events__active": events, "events__opt_out": 2, "apart__active": 1}
                if is_moved:
                    own = {"events__opt_out": refused, "spend": spend} if is_his else {"spend": 100}
                    sums |= {"cost": 100, "cost_squares": 100, "both__active": events} | own
                picked_by = frozenset({policy}) if is_selected else frozenset()
                found.append(Group(policy, is_selected, touch, Totals(sums), picked_by, "B", "high_potential"))
    return found


def read(groups: list[Group], design: experiment.Design = DESIGN) -> list[dict[str, Any]]:
    request = experiment.request(groups, design=design, settings=SETTINGS, specs=SPECS, known_on=date(2026, 8, 6))
    return experiment.read_out(groups, cycle=JUNE, request=request)


def of(rows: list[dict[str, Any]], contrast: str, metric: str, segment: str = "all") -> dict[str, Any]:
    return next(r for r in rows if (r["contrast"], r["metric"], r["segment"]) == (contrast, metric, segment))


def test_a_month_without_the_cell_is_asked_what_it_was_asked_before(utc: Calendar) -> None:
    assert [contrast["name"] for contrast in draft(utc)["contrasts"]] == OF_THREE
    three = plan(utc)
    assert "challenger" not in three.plan_json + three.power_json
    groups = [group for group in bank() if group.policy != "challenger"]
    for contrasts in (None, tuple(OF_THREE)):  # a plan of 0.1.0 names none
        design = DESIGN._replace(cells=dict.fromkeys(derived.POLICIES, 1 / 3), contrasts=contrasts)
        rows = read(groups, design)
        assert {row["contrast"] for row in rows} == set(OF_THREE)
        assert not [row for row in rows if "challenger" in row["segment"]]
        checks = experiment.answers(
            groups, cycle=JUNE, design=design, settings=SETTINGS, specs=SPECS, known_on=date(2026, 8, 6),
            decile_rows=[], further=[], budget_share=0.3,
        )  # fmt: skip
        assert not [row for row in (*checks.checks, *checks.targeting) if "challenger" in str(row)]
        assert challenger.of_month(rows, SETTINGS) == {}


def test_with_it_both_its_questions_are_registered_and_its_power_is_said(utc: Calendar) -> None:
    sizes = SIZES | {name.replace("rule", "challenger"): n for name, n in SIZES.items() if name.startswith("rule")}
    four = plan(utc, sizes=sizes, arms={**ARMS, "cells": FOUR})
    assert [contrast["name"] for contrast in draft(utc, arms={**ARMS, "cells": FOUR})["contrasts"]] == [*OF_THREE, *OWN]
    assert all(f'"contrast":"{name}"' in four.power_json for name in OWN)
    drawn = experiment.expected_sizes(1_000, cells=FOUR, holdout=0.1, long_holdout=0.0, selected=0.5)
    assert (drawn["challenger.selected.holdout"], drawn["challenger.all.touched"]) == (12, 225)


def test_a_policy_that_changes_once_it_is_registered_is_named(utc: Calendar) -> None:
    policy = {"order": "propensity", "allocation": "order", "lift": "tier"}
    then, now = (
        draft(utc, arms={**ARMS, "cells": FOUR}, offers={"challenger": {**policy, **changes}, "allocation": "prices"})
        for changes in ({}, {"order": "lift"})
    )
    found = registration_changes.differences(then, now)
    assert [(one.what, one.registered, one.now) for one in found] == [
        ("campaign.challenger.order", "propensity", "lift")
    ]


def test_the_whole_policies_are_compared_at_equal_spend_and_prove_nothing_in_the_registered_order() -> None:
    rows = read(bank())
    whole, touch = of(rows, "policy_challenger_vs_model", "login"), of(rows, "touch_challenger", "login")
    # of 2 000 touched: (500 + 300) / 2 000 against (400 + 300) / 2 000; of 1 000 picks: 500 against 300
    assert (whole["estimate_treatment"], whole["estimate_control"]) == (0.40, 0.35)
    assert whole["difference"] == pytest.approx(0.05)
    assert touch["difference"] == pytest.approx(0.2)
    assert (whole["family"], whole["verdict"]) == ("exploratory", "exploratory: better")
    assert whole["alpha"] < 0.05 or whole["p_adjusted"] >= whole["p_value"]
    net = of(rows, "policy_challenger_vs_model", "net_gain")
    assert net["difference"] == pytest.approx(20 * 0.05)  # both cells cost the same
    assert of(rows, "policy_challenger_vs_model", "opt_out")["family"] == "guardrail"
    own = of(rows, "policy_challenger_vs_model", "login", "disagreement challenger_vs_model")
    assert own["estimate_treatment"] == 0.5
    dear = of(read(bank(spend=130)), "policy_challenger_vs_model", "login")
    assert (dear["status"], dear["reason"].split(":")[0]) == ("withheld", "unequal spend")


def test_a_settled_month_ends_in_better_or_in_keep_the_champion() -> None:
    better = challenger.of_month(read(bank()), SETTINGS)
    assert (better["code"], better["verdict"], better["users_needed"]) == ("better", "better than the champion", None)
    assert (better["challenger"], better["champion"]) == (2_000, 2_000)
    alike = challenger.of_month(read(bank(0.1)), SETTINGS)
    assert (alike["code"], alike["verdict"]) == ("keep", "keep the champion")
    half = (alike["high"] - alike["low"]) / 2
    assert alike["high"] > 0.02
    assert alike["users_needed"] > 4_000 > half  # two points cannot be seen by so few
    many = challenger.of_month(read(bank(0.1, n=100_000)), SETTINGS)
    assert (many["code"], many["users_needed"]) == ("keep", None)  # surely not better by two points
    assert challenger.of_month(read(bank(refused=60)), SETTINGS)["verdict"] == "keep the champion: opt_out is broken"
    withheld = challenger.of_month(read(bank(spend=130)), SETTINGS)
    assert withheld["code"] == "unknown"
    assert withheld["verdict"].startswith("keep the champion: unequal spend")


def test_the_verdict_is_told_with_what_it_rests_on() -> None:
    found = {"metric": "login", "difference": 0.01, "low": -0.012, "high": 0.032, "alpha": 0.05}
    assert challenger.told({**found, "verdict": "keep the champion", "users_needed": 12_345}) == (
        "Keep the champion: login +1.00 points (95% interval -1.20 to +3.20), everybody of one cell against everybody "
        "of the other. About 12 345 users of the two cells would settle it."
    )
    unknown = {"difference": None, "verdict": "keep the champion: unequal spend"}
    assert challenger.told(unknown) == "keep the champion: unequal spend."


def test_a_running_month_does_not_judge_it() -> None:
    day = date(2026, 6, 15)
    look = Look(day, 1, 2, Window(date(2026, 6, 8), day), date(2026, 7, 6))
    found = experiment.look_answers(
        bank(), look=look, cycle=JUNE, design=DESIGN, settings=SETTINGS, specs=SPECS, known_on=date(2026, 8, 6)
    )
    asked = {row["contrast"] for row in found.readout}
    assert CHALLENGED.name not in asked
    assert "touch_challenger" in asked
    assert challenger.of_month(found.readout, SETTINGS) == {}
