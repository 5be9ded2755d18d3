"""The month's answers: which light, which sentence, which number, and what should change next month."""

import json
from typing import Any

import pytest

from reactivation.report import Facts, advice, findings
from reactivation.report.evidence import Evidence
from reactivation.report.findings import Answer
from reactivation.report.words import default
from reactivation.statistics.verdicts import users_to_settle
from report.made_month import ASKED, SHARES, facts, readout, row, without_numbers

pytestmark = pytest.mark.numbers
EN = default("en")


def answers(month: Facts) -> dict[str, Answer]:
    return {answer.key: answer for answer in findings.of(month, EN).answers}


def with_row(contrast: str, metric: str, **changes: Any) -> Facts:
    """The month with one row over all users changed."""
    rows = [
        {**r, **changes} if (r["contrast"], r["metric"], r["segment"]) == (contrast, metric, "all") else r
        for r in readout()
    ]
    return facts(readout=rows)


def test_there_is_one_answer_per_question_with_a_number_its_interval_and_a_light() -> None:
    found = answers(facts())
    assert list(found) == ["moved", "better", "cost", "harm", "valid", "money", "next"]
    assert {key: answer.light for key, answer in found.items() if key != "next"} == dict.fromkeys(
        ("moved", "better", "cost", "harm", "valid", "money"), "green"
    )
    moved = found["moved"]
    assert (moved.number, moved.interval) == ("+14.5 points", "95% interval +12.1 to +16.9")
    assert moved.notes == ("That is +206 users (+172 to +240) among 1\u202f420 who could be contacted.",)
    assert found["cost"].number == "CN¥8.42"
    assert "CN¥2\u202f386" in found["cost"].notes[0]  # 1.68 each of 1 420
    assert found["money"].number == "CN¥2\u202f438 left"  # approved less the larger of committed and spent


LIGHTS = [
    ("proven better", "green", "Yes:"),
    ("proven better but smaller than the minimum", "amber", "Yes, but by less than the 1.0 points"),
    ("no difference larger than the minimum", "amber", "By less than the 1.0 points that matter"),
    ("proven worse", "red", "No, it held people back"),
    ("inconclusive", "grey", "Not known yet"),
    ("exploratory: better", "grey", "It looks so, and is not proven"),
    ("exploratory: worse", "red", "No, it held people back"),
]


@pytest.mark.parametrize(("verdict", "light", "begins"), LIGHTS, ids=[verdict for verdict, _, _ in LIGHTS])
def test_the_light_follows_the_verdict(verdict: str, light: str, begins: str) -> None:
    found = answers(with_row("touch_model", "login", verdict=verdict))["moved"]
    assert found.light == light
    assert found.sentence.startswith(begins)


def test_what_is_open_says_how_many_users_would_tell() -> None:
    open_row = {"verdict": "inconclusive", "difference": 0.004, "difference_low": -0.02, "difference_high": 0.028}
    month = with_row("touch_model", "login", **open_row)
    users = users_to_settle(2_695, 0.024, 0.01, alpha=0.05, power=0.8).users
    assert f"About {EN.whole(users)} users would tell; there were 2\u202f695." in answers(month)["moved"].sentence


def test_what_is_not_estimable_is_grey_with_its_reason_and_no_number() -> None:
    values = {"users": 800, "expected": 2.5, "wanted": 10, "have": 40}
    code = {"reason_code": "too_few", "reason_values": json.dumps(values), "reason": "too few: …"}
    gone = without_numbers(readout()[0], "not_estimable", "not estimable", **code)
    found = answers(facts(readout=[gone, *readout()[1:]]))["moved"]
    assert (found.light, found.number, found.interval) == ("grey", None, None)
    assert "about 800 users would do" in found.sentence


def test_what_is_withheld_is_red_and_shows_no_number() -> None:
    values = {"found": "10 : 90", "expected": "0.5 : 0.5", "p": 0.0}
    code = {"reason_code": "sample_ratio", "reason_values": json.dumps(values), "reason": "sample ratio: …"}
    gone = without_numbers(readout()[0], "withheld", "withheld", **code)
    found = answers(facts(readout=[gone, *readout()[1:]]))["moved"]
    assert (found.light, found.number) == ("red", None)
    assert "10 : 90, drawn 0.5 : 0.5" in found.sentence


@pytest.mark.parametrize(
    ("verdict", "moved", "harm"),
    [
        ("inconclusive", "amber", "amber"),
        ("proven worse", "red", "red"),
        ("no difference larger than the minimum",) + ("green",) * 2,
    ],
)
def test_a_guardrail_holds_the_light_down(verdict: str, moved: str, harm: str) -> None:
    found = answers(with_row("touch_model", "opt_out", verdict=verdict))
    assert (found["moved"].light, found["harm"].light) == (moved, harm)


@pytest.mark.parametrize(
    ("ends", "verdict", "told"),
    [
        (
            (-0.004, -0.009, 0.001),  # 0.9 points fewer at worst, 2 are allowed
            "no difference larger than the minimum",
            "No: activity fell by 0.90 points at most, where 2.0 are allowed.",
        ),
        (
            (-0.010, -0.025, 0.005),
            "inconclusive",
            "Not shown to be harmless: activity may have fallen by 2.5 points, where 2.0 are allowed.",
        ),
        (
            (-0.050, -0.060, -0.040),
            "proven worse",
            "Yes: activity fell by more than the 2.0 points that are allowed.",
        ),
        (
            (0.050, 0.040, 0.060),  # it surely rose
            "no difference larger than the minimum",
            "No: activity fell by 0.0 points at most, where 2.0 are allowed.",
        ),
    ],
)
def test_of_a_guardrail_that_must_not_fall_the_worst_end_is_the_lower(
    ends: tuple[float, float, float], verdict: str, told: str
) -> None:
    seen = dict(zip(("difference", "difference_low", "difference_high"), ends, strict=True))
    guard = row("touch_model", "active", (0.5, 0.5, 0.0, 0.0, verdict)) | seen
    asked = {**ASKED, "guardrails": {"active": {"margin": 0.02, "harm": "fall"}}}
    found = answers(facts(readout=[*readout(), guard], asked=asked))
    assert found["harm"].sentence == told
    is_broken = verdict == "proven worse"
    advised = "Contact fewer people less often: activity fell beyond what is allowed."
    assert (found["next"].sentence == advised) == is_broken


def test_guidance_that_does_harm_is_told_and_not_advised() -> None:
    def told(verdict: str) -> tuple[dict[str, Answer], list[str]]:
        guard = row("guide_model", "opt_out", (0.012, 0.004, 0.008, 0.002, verdict))
        month = facts(readout=[*readout(), guard], response=[])
        return answers(month), [step.code for step in advice.steps(Evidence(month))]

    found, steps = told("proven worse")
    assert found["harm"].light == found["next"].light == "red"
    assert found["harm"].sentence.endswith("It did so among the guided, whom the model's cell does not pick.")
    assert found["harm"].number == "+0.80 points"
    assert found["next"].sentence == "Contact fewer people less often: opt-outs rose beyond what is allowed."
    assert "harm" in steps
    assert "guide" not in steps
    found, steps = told("no difference larger than the minimum")
    assert found["harm"] == answers(facts())["harm"]
    assert "guide" in steps
    assert "harm" not in steps


def test_a_guardrail_that_is_not_known_is_no_pass() -> None:
    rows = [r for r in readout() if r["metric"] != "opt_out"]
    guard = without_numbers(row("touch_model", "opt_out", (0, 1, 0, 0, None)), "not_estimable", "not estimable")
    found = answers(facts(readout=[*rows, guard]))
    assert (found["moved"].light, found["harm"].light) == ("amber", "grey")


def test_complaints_and_opt_outs_are_told_per_thousand_deliveries() -> None:
    told = answers(facts())["harm"].notes[0]
    assert told == "Per 1 000 of 3\u202f640 delivered contacts: 1.10 complaints (4), 3.30 opt-outs (12)."


@pytest.mark.parametrize(("verdict", "light"), [("warns", "amber"), ("withholds", "red")])
def test_a_check_that_fails_makes_the_comparison_invalid(verdict: str, light: str) -> None:
    failed = {"check": "sample_ratio_assigned", "subject": "model", "p_value": 0.0, "verdict": verdict}
    found = answers(facts(checks=[*facts().checks, failed]))
    assert found["valid"].light == light
    assert found["valid"].number == "2 of 3 hold"
    assert (found["next"].light == "red") == (light == "red")


@pytest.mark.parametrize("number", ["1", "2"])
def test_what_the_first_screen_counts_reads_well_of_one_as_of_several(number: str) -> None:
    keys = ("next.see_moved", "next.see_moved_side", "next.see_better", "next.see_better_side")
    counts = {name: int(number) for name in ("months", "warned", "failed", "changes")} | {"checks": 30, "users": 9}
    told = {key: EN(key, **counts, named="n") for key in (*keys, "valid.changed", "valid.amber", "valid.red")}
    assert [told[key].count(f"months of this size (needed: {number})") for key in keys] == [1, 1, 1, 1]
    assert told["valid.changed"].endswith(f"not as registered: {number} (see the tables).")
    assert told["valid.amber"] == f"Yes, with remarks: {number} of 30 checks should be looked at (n)."
    assert told["valid.red"] == f"No: {number} of 30 checks failed, and what rests on them is withheld (n)."


@pytest.mark.parametrize(
    ("money", "light"),
    [
        ({"approved": 2_000.0}, "red"),
        ({"frozen_on": "2026-05-20"}, "amber"),
        ({"approved": None}, "grey"),
        ({"spent": 5_100.0}, "red"),
    ],
)
def test_the_light_of_the_money(money: dict[str, Any], light: str) -> None:
    assert answers(facts(money={**facts().money, **money}))["money"].light == light


@pytest.mark.parametrize(
    ("ends", "light"), [((1.68, 1.2, 2.2), "green"), ((0.3, -0.2, 0.8), "grey"), ((-1.0, -1.5, -0.5), "red")]
)
def test_the_cost_is_judged_by_the_net_gain(ends: tuple[float, float, float], light: str) -> None:
    changes = dict(zip(("difference", "difference_low", "difference_high"), ends, strict=True))
    found = answers(with_row("touch_model", "net_gain", **changes))["cost"]
    assert found.light == light
    assert ("users would tell" in " ".join(found.notes)) == (light == "grey")


def test_the_net_gain_names_each_value_that_counts() -> None:
    [told] = answers(facts())["cost"].notes
    assert told.startswith("If an active user is worth CN¥20.00, the campaign netted")
    [both] = answers(facts(asked={**facts().asked, "asset_value": 30.0}))["cost"].notes
    assert both.startswith("If an active user is worth CN¥20.00, and an asset uplift CN¥30.00 beside it, the campaign")


@pytest.mark.parametrize(
    ("code", "values", "told"),
    [
        (
            "price_unbounded",
            {"more": 1.2, "gained": 0.01},
            "It has no upper end yet: the effect may be none. The interval of the effect (+1.0 points) holds zero.",
        ),
        ("price_of_a_loss", {}, "It cannot be said. The campaign lost users: there is no price of a gain."),
    ],
)
def test_a_price_without_an_end_is_no_number(code: str, values: dict[str, float], told: str) -> None:
    coded = {"reason_code": code, "reason_values": json.dumps(values)}
    rows = [
        without_numbers(r, "not_estimable", "not estimable", **coded) if r["metric"] == "cost_per_active" else r
        for r in readout()
    ]
    found = answers(facts(readout=rows))["cost"]
    assert (found.number, found.sentence) == (None, told)


def test_next_month_begins_with_what_is_wrong() -> None:
    failed = {"check": "holdout_contacted", "subject": "model holdout", "p_value": None, "verdict": "withholds"}
    month = facts(checks=[*facts().checks, failed])
    found = answers(month)["next"]
    assert found.sentence.startswith("Find out why the checks fail (held out who were contacted)")
    assert len(found.notes) <= 2


def test_money_that_no_wave_used_is_the_money_that_is_left() -> None:
    money = {**facts().money, "approved": 5_000.0, "committed": 1_460.0, "spent": 3_383.0}
    found = answers(facts(money=money, response=[]))  # no option asks for more, and three steps are told
    told = (found["next"].sentence, *found["next"].notes)
    assert found["money"].number == "CN¥1\u202f617 left"
    assert [text for text in told if "no wave could use" in text] == [
        "Plan for the CN¥1\u202f617 (32.3% of what was approved) that no wave could use."
    ]


def test_chinese_sentences_follow_one_another_without_a_space() -> None:
    open_row = {"verdict": "inconclusive", "difference": 0.004, "difference_low": -0.02, "difference_high": 0.028}
    found = findings.of(with_row("touch_model", "login", **open_row), default("zh")).answers[0]
    assert "。约需" in found.sentence


def test_an_open_question_asks_for_months_or_users() -> None:
    ends = {"verdict": "inconclusive", "difference": 0.004, "difference_low": -0.02, "difference_high": 0.028}
    found = answers(with_row("policy_model_vs_rule", "login", **ends))["next"]
    assert any("model against rule over months" in step for step in (found.sentence, *found.notes))


@pytest.mark.parametrize(
    ("sides", "code", "values", "step"),
    [
        (  # 203 needed on the side of the 30: 203 / 30 months, not 203 / 930
            {"n_treatment": 900, "n_control": 30},
            "too_few",
            {"users": 203.0, "expected": 1.5, "wanted": 10.0, "have": 30.0},
            "or add up months of this size (needed: 7): 203 users on that side would tell whether anybody is moved.",
        ),
        (
            {"n_treatment": 900, "n_control": 0},
            "nobody",
            {"users": 203.0},
            "Draw users on both sides: 203 users on the empty one would tell whether anybody is moved.",
        ),
    ],
)
def test_where_nothing_is_estimable_the_months_are_those_of_the_smaller_side(
    sides: dict[str, int], code: str, values: dict[str, float], step: str
) -> None:
    coded = {"reason_code": code, "reason_values": json.dumps(values), "reason": "…"}
    gone = without_numbers(readout()[0], "not_estimable", "not estimable", **sides, **coded)
    found = answers(facts(readout=[gone, *readout()[1:]], response=[]))["next"]
    assert any(told.endswith(step) for told in (found.sentence, *found.notes))


def test_a_month_without_evidence_says_so_everywhere() -> None:
    empty = Facts.of(region="r", scenario="s", cycle="2026-05", asked=ASKED)
    found = answers(empty)
    assert {answer.light for key, answer in found.items() if key != "next"} == {"grey"}
    assert found["next"].light == "green"


def test_the_programmes_figures_name_their_denominators() -> None:
    figures = {figure.name: figure for figure in findings.of(facts(), EN).figures}
    assert figures["Transaction conversion, model against random group"].number == "2.52 ×"
    assert "The programme names 3.20 ×." in figures["Transaction conversion, model against random group"].note
    assert figures["Login rate, whole target"].number == "45.7%"
    assert [figures[f"{cell}: login rate"].number for cell in ("Model", "Rule", "Random")] == [
        f"{100 * SHARES[f'touch_{cell}'][0]:.1f}%" for cell in ("model", "rule", "random")
    ]


def test_the_answers_fit_a_terminal_of_45_lines() -> None:
    assert len(findings.of(facts(), EN).text().splitlines()) <= 45


def test_the_file_of_the_facts_is_the_same_in_whatever_order_rows_come() -> None:
    month = facts()
    again = Facts.of(**{**vars(month), "users": month.users[::-1], "contacts": month.contacts[::-1]})
    assert again.as_json() == month.as_json()


def test_facts_survive_their_file() -> None:
    month = facts()
    again = Facts.read(month.as_json())
    assert findings.of(again, EN) == findings.of(month, EN)
    assert Facts.read(again.as_json()) == again


def test_an_estimator_other_than_the_plain_one_is_read_where_it_was_registered() -> None:
    other = row("touch_model", "login", (0.6, 0.5, 0.11, 0.01, "proven better"), segment="all, CUPED")
    month = facts(readout=[*readout(), other], asked={**ASKED, "segment": "all, CUPED"})
    assert Evidence(month).row("touch_model", "login") == other
    assert answers(month)["moved"].number == "+11.0 points"


@pytest.mark.parametrize(
    ("judged", "begins", "ends"),
    [
        (
            {"code": "better", "users_needed": None},
            "The challenger, a whole policy",
            "+2.0 points (95% interval +1.0 to +3.0).",
        ),
        (
            {"code": "keep", "users_needed": 9_000},
            "The challenger, a whole policy",
            "9\u202f000 users of the two cells would tell.",
        ),
        ({"code": "harm", "users_needed": None}, "The challenger moved more users", "keep the champion."),
    ],
)
def test_the_challengers_verdict_stands_beside_the_second_question(
    judged: dict[str, Any], begins: str, ends: str
) -> None:
    own = row("policy_challenger_vs_model", "login", (0.40, 0.38, 0.02, 0.01, "exploratory: better"))
    found = answers(facts(readout=[*readout(), own], challenger=judged))["better"]
    assert found.notes[-1].startswith(begins)
    assert found.notes[-1].endswith(ends)
    assert len(found.notes) == len(answers(facts())["better"].notes) + 1
