"""The month's answers with their lights: what a reader of the last screen may believe."""

from decimal import Decimal
from typing import Any

import pytest

from reactivation.experiment import in_short
from reactivation.statistics import verdicts

pytestmark = pytest.mark.numbers


def row(contrast: str = "touch_model", **changes: Any) -> dict[str, Any]:
    """A row of `readout`: the model's picks, 61.1 % against 42.7 %."""
    plain = {
        "contrast": contrast,
        "metric": "login",
        "segment": "all",
        "status": "estimated",
        "estimate_treatment": 0.611,
        "estimate_control": 0.427,
        "difference": 0.184,
        "difference_low": 0.132,
        "difference_high": 0.235,
        "ratio": 1.43,
        "ratio_high": 1.6,
        "verdict": verdicts.BETTER,
        "reason": None,
    }
    return {**plain, **changes}


def check(verdict: str, name: str = "waves") -> dict[str, Any]:
    return {"check": name, "subject": "touch_model opt_out", "verdict": verdict, "says": f"{name} {verdict}"}


class Settings:
    primary_metric = "login"
    headline = "unadjusted"


def lights(rows: list[dict[str, Any]], checks: list[dict[str, Any]]) -> dict[str, str]:
    found = in_short.answers(rows, checks, Settings())  # type: ignore[arg-type]
    return {answer.question: answer.light for answer in found}


MOVED, BETTER, HARM, VALID = (
    "Did the campaign move anybody?",
    "Did the model choose better than the rule?",
    "Did it harm?",
    "Is the comparison valid?",
)


@pytest.mark.parametrize(
    ("verdict", "light"),
    [
        (verdicts.BETTER, "green"),
        (verdicts.BETTER_BUT_SMALL, "amber"),
        (verdicts.SAME, "amber"),
        (verdicts.WORSE, "red"),
        (verdicts.INCONCLUSIVE, "grey"),
        (verdicts.HINTS[verdicts.BETTER], "grey"),  # exploratory: proves nothing
    ],
)
def test_only_a_proven_answer_is_green(verdict: str, light: str) -> None:
    assert lights([row(verdict=verdict)], [])[MOVED] == light


def test_what_is_withheld_shows_no_number_and_what_was_not_asked_is_grey() -> None:
    withheld = row(difference=None, status="withheld", verdict=verdicts.WITHHELD, reason="sample ratio")
    moved, better, *_ = in_short.answers([withheld], [], Settings())  # type: ignore[arg-type]
    assert (moved.light, moved.number, moved.sentence) == ("red", None, "Not shown. Sample ratio.")
    assert (better.light, better.sentence) == ("grey", "It was not asked.")


def test_an_answer_has_its_number_its_interval_and_both_sides() -> None:
    moved = in_short.answers([row()], [], Settings())[0]  # type: ignore[arg-type]
    assert (moved.number, moved.interval) == ("+18.4 points", "+13.2 to +23.5")
    assert "61.1% against 42.7%" in moved.sentence


@pytest.mark.parametrize(("guardrail", "harm"), [("holds", "green"), ("not shown to hold", "amber"), ("broken", "red")])
def test_a_guardrail_that_is_not_shown_to_hold_is_amber(guardrail: str, harm: str) -> None:
    assert lights([row()], [check(guardrail, "guardrail")])[HARM] == harm


def test_one_check_that_withholds_makes_the_comparison_red() -> None:
    assert lights([row()], [check("holds")])[VALID] == "green"
    assert lights([row()], [check("holds"), check("warns")])[VALID] == "amber"
    assert lights([row()], [check("warns"), check("withholds")])[VALID] == "red"
    assert lights([row()], [])[VALID] == "grey"


def test_without_a_read_out_there_are_no_answers() -> None:
    assert in_short.answers([], [check("holds")], Settings()) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(("approved", "light"), [(None, "grey"), ("3000", "green"), ("1500", "amber"), ("900", "red")])
def test_money_is_green_where_even_the_worst_case_is_approved(approved: str | None, light: str) -> None:
    known = None if approved is None else Decimal(approved)
    assert in_short.money(Decimal(1200), worst=Decimal(2400), approved=known).light == light
