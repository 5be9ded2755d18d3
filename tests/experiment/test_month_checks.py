"""The month's checks as rows, and the chapters that the report makes of them."""

import re
from typing import Any

import pytest

from experiment.asked import DESIGN, JUNE, answers_for, settings_for, specs_for
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.month_checks import all_hold, check_rows
from reactivation.experiment.month_narrative import programme
from reactivation.report import words
from reactivation.report.evidence import reason_of
from reactivation.report.settings import LOCALES
from reactivation.report.tables import subject
from reactivation.statistics.said import said

pytestmark = pytest.mark.numbers

SETTINGS = settings_for(
    most_outside_share=0.3,
    most_redeemed_share=0.02,
    metrics={"login": experiment.Metric(outcome="logged_in", minimum_effect=0.02)},
    guardrails={"opt_out": experiment.Guardrail(outcome="opted_out", margin=0.01)},
)
SPECS = specs_for(SETTINGS)


_ENDS = {"ratio_low": 1.0, "ratio_high": 4.0}


def group(policy: str, touch: str, branch: str, *, n: int = 1_000, **sums: Any) -> Group:
    logins = {"model": 500, "rule": 250, "random": 200}[policy] - (100 if touch == "holdout" else 0)
    known = {"users": n, "assigned": n, "known__login": n, "events__login": min(logins, n), "known__opt_out": n}
    return Group(policy, True, touch, Totals({**known, **sums}), frozenset({policy}), branch, "high_potential")


def bank(**changed: Group) -> list[Group]:
    found = {
        f"{policy}_{touch}_{branch}": group(policy, touch, branch)
        for policy in derived.POLICIES
        for touch in ("touched", "holdout")
        for branch in ("B1", "B2")
    }
    return list({**found, **changed}.values())


def answers(groups: list[Group]) -> experiment.Answers:
    told = said("wave", "W1 by sms: planned 3", planned=3, received=3, wrong=0)
    found = experiment.Checked("waves", "W1 sms", "3", "3", None, "holds", told)
    return answers_for(groups, SETTINGS, SPECS, further=[found])


def checks(groups: list[Group]) -> dict[tuple[str, str], dict[str, Any]]:
    found = answers(groups).checks
    assert all(tuple(row) == derived.READOUT_CHECKS.column_names for row in found)
    assert {row["verdict"] for row in found} <= set(derived.CHECK_VERDICTS)
    keyed = {(row["check"], row["subject"]): row for row in found}
    assert len(keyed) == len(found)
    return keyed


def test_a_clean_month_passes_every_check() -> None:
    found = checks(bank())
    assert {row["verdict"] for row in found.values()} == {"holds"}
    assert {check for check, _ in found} == {
        *("sample_ratio_assigned", "sample_ratio_by_part", "outside_contacts", "outside_difference"),
        *("benefits_redeemed", "holdout_contacted", "guardrail", "all_guardrails", "waves"),
    }


def test_a_split_that_was_wrong_withholds_and_no_check_is_made_that_cannot_fail() -> None:
    """Every user of `arms` has a row of outcomes, so the split among these is that of `arms`, and nobody is lost."""
    found = checks(bank(rule_holdout_B2=group("rule", "holdout", "B2", n=700)))
    assert found["sample_ratio_assigned", "rule"]["verdict"] == "withholds"
    assert not {check for check, _ in found} & {"sample_ratio_joined", "users_lost"}
    splits = {subject for check, subject in found if check == "sample_ratio_assigned"}
    assert splits == {"cells", *derived.POLICIES, *(f"{policy}_selected" for policy in derived.POLICIES)}
    # nobody is in the long holdout and everybody is picked: nothing was split there, so nothing is tested


def test_a_part_that_is_off_only_warns_and_only_after_holm() -> None:
    off = {f"{p}_holdout_B2": group(p, "holdout", "B2", n=850) for p in derived.POLICIES}
    found = checks(bank(**off))
    row = found["sample_ratio_by_part", "branch=B2"]
    assert (row["verdict"], found["sample_ratio_by_part", "branch=B1"]["verdict"]) == ("warns", "holds")
    little = {
        f"{p}_holdout_B2": group(p, "holdout", "B2", n=913) for p in derived.POLICIES
    }  # 3 000 : 2 739, p = 0.0006
    row = checks(bank(**little))["sample_ratio_by_part", "branch=B2"]
    assert (row["found"], row["verdict"]) == ("3000 : 2739", "holds")
    assert row["p_value"] == pytest.approx(3 * 0.00057, rel=0.01)  # one of three parts


def test_what_reached_the_holdout_is_counted_per_arm_and_withholds_above_the_limit() -> None:
    found = checks(
        bank(
            model_holdout_B1=group("model", "holdout", "B1", from_outside=900, redeemers=5),
            model_touched_B1=group("model", "touched", "B1", from_outside=900, redeemers=400),
        )
    )
    assert found["outside_contacts", "model holdout"]["verdict"] == "withholds"
    assert found["outside_contacts", "model touched"]["verdict"] == "holds"  # it is no holdout
    assert found["benefits_redeemed", "model holdout"]["says"] == (
        "model, holdout: 5 of 2000 users with a redeemed benefit of ours (0.2%)"
    )
    assert found["benefits_redeemed", "model holdout"]["verdict"] == "holds"


def test_all_guardrails_must_hold() -> None:
    found = checks(bank(model_touched_B1=group("model", "touched", "B1", events__opt_out=200)))
    assert found["guardrail", "touch_model opt_out"]["verdict"] == "broken"
    assert found["all_guardrails", "touch_model"]["verdict"] == "not shown to hold"
    assert found["all_guardrails", "touch_rule"]["verdict"] == "holds"
    unsure = checks(bank(model_touched_B1=group("model", "touched", "B1", events__opt_out=14)))
    assert unsure["guardrail", "touch_model opt_out"]["verdict"] == "not shown to hold"
    assert unsure["all_guardrails", "touch_model"]["verdict"] == "not shown to hold"  # not knowing is no pass


@pytest.mark.parametrize(
    ("harm", "seen", "allowed"),
    [
        ("rise", "at worst +0.50 points", "less than +1.00 points"),
        ("fall", "at worst -3.00 points", "more than -1.00 points"),
    ],
)
def test_the_worst_end_of_a_guardrail_is_that_of_its_harm(harm: Any, seen: str, allowed: str) -> None:
    guardrails = {"opt_out": experiment.Guardrail(outcome="opted_out", margin=0.01, harm=harm)}
    settings = settings_for(metrics=SETTINGS.metrics, guardrails=guardrails)
    row: dict[str, Any] = {"contrast": "touch_model", "metric": "opt_out", "status": "estimated"}
    row |= {"difference_low": -0.03, "difference_high": 0.005, "verdict": "inconclusive"}
    row |= {"reason": "…", "reason_code": None, "reason_values": None}
    found = check_rows([], [row], [], cycle=JUNE, design=DESIGN, settings=settings)
    assert [(one["found"], one["expected"]) for one in found if one["check"] == "guardrail"] == [(seen, allowed)]


def test_a_guardrail_that_is_not_known_withheld_or_not_asked_is_no_pass() -> None:
    silent = {f"model_holdout_{b}": group("model", "holdout", b, known__opt_out=0) for b in ("B1", "B2")}
    unknown = checks(bank(**silent))
    assert unknown["guardrail", "touch_model opt_out"]["verdict"] == "not estimable"
    lost = checks(bank(model_holdout_B2=group("model", "holdout", "B2", n=700)))
    assert lost["guardrail", "touch_model opt_out"]["verdict"] == "withholds"
    for found in (unknown, lost):
        assert found["all_guardrails", "touch_model"]["verdict"] == "not shown to hold"
        assert found["all_guardrails", "touch_rule"]["verdict"] == "holds"
    rows = answers(bank()).readout
    assert set(all_hold(rows, ["opt_out"]).values()) == {True}
    assert set(all_hold(rows, ["opt_out", "complaint"]).values()) == {False}


def test_the_programmes_figures_are_named_and_described() -> None:
    told = programme(answers(bank()).readout, "login", alpha=0.05)
    assert told[0] == (
        "login: 50.0% of the 2 000 users whom the model picked and who were open to contact; "
        "40.0% of its picks that were held out."
    )
    assert told[1].startswith("login: 2.50 times as many of the model's picks as of users picked at random (95% ")
    assert "the programme names 2.5)" in told[1]
    assert told[2].startswith("login: 2.00 times as many of the model's picks as of those of the bank's rule (95% ")
    assert "the programme names" not in told[2]
    assert len(told) == 3  # transactions were not measured
    nobody = programme(answers([]).readout, "login", alpha=0.05)
    assert nobody[0].startswith("login against users picked at random: cannot be said.")


def test_the_programmes_two_ratios_are_told_of_their_own_metrics_whatever_is_primary() -> None:
    rows = [
        {"metric": metric, "contrast": "pick_model_vs_random", "segment": "all", "ratio": ratio, **_ENDS}
        for metric, ratio in (("active", 1.5), ("login", 2.4), ("transaction", 3.1))
    ]
    told = programme(rows, "active", alpha=0.05)
    assert [line.split(" times")[0] for line in told] == ["active: 1.50", "login: 2.40", "transaction: 3.10"]
    assert ["2.5" in line for line in told] == [False, True, False]
    assert ["3.2" in line for line in told] == [False, False, True]


def test_the_report_has_all_chapters_and_counts_the_checks() -> None:
    found = answers(bank())
    told = {part.title: part.sentences for part in experiment.chapters(found, metrics=["login"], settings=SETTINGS)}
    assert next(iter(told)) == "The programme's figures"
    assert list(told)[-5:] == [
        *("Guardrails", "Cost per incremental active user", "Who can be moved", "Checks"),
        "What this month cannot tell",
    ]
    assert told["Checks"] == (f"{len(found.checks)} checks were made, {len(found.checks)} of them hold.",)
    assert any("touch_model: all guardrails hold" in line for line in told["Guardrails"])
    again = check_rows(bank(), found.readout, [], cycle=JUNE, design=DESIGN, settings=SETTINGS)
    assert len(again) == len(found.checks) - 1


BANKS = {
    "clean": bank(),
    "few users": [group(g.policy, str(g.touch), g.branch, n=4) for g in bank()],
    "lost users": bank(model_touched_B1=group("model", "touched", "B1", n=300)),
    "outside on one side": bank(rule_touched_B1=group("rule", "touched", "B1", from_outside=900)),
    "no holdout": bank(model_holdout_B1=group("model", "holdout", "B1", redeemers=400, reached=300)),
    "unequal spend": bank(model_touched_B2=group("model", "touched", "B2", spend=5_000.0)),
    "harm": bank(model_touched_B1=group("model", "touched", "B1", events__opt_out=200)),
    "harm, and lost users": bank(model_touched_B1=group("model", "touched", "B1", n=300, events__opt_out=200)),
    "reached": bank(
        random_touched_B1=group("random", "touched", "B1", reached=600, reached__login=600, reached_events__login=90)
    ),
}


@pytest.mark.parametrize("month", BANKS)
@pytest.mark.parametrize("language", LOCALES)
def test_every_reason_has_a_code_and_can_be_said_in_every_language(month: str, language: str) -> None:
    found, say = answers(BANKS[month]), words.default(language)
    rows = [*found.readout, *found.checks, *found.targeting]
    told = {row.get("reason") or row.get("says"): reason_of(row, say) for row in rows}
    assert {text for text, said in told.items() if text and not said} == set()
    assert say("reason.in_the_table") not in told.values()
    about = [subject(row["subject"], say) for row in found.checks]
    if language == "zh":
        assert [said for said in (*told.values(), *about) if re.search("[a-z]{3}", said)] == []
