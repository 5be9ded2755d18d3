"""The screen with which a month ends fits a terminal, and says its lights in shape, word and colour."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reactivation.report.findings import Answer
from reactivation.runtime import console, screen

pytestmark = pytest.mark.numbers

LONG = "As many users were active as would have been without us, as far as this month can tell. " * 12
LIGHTS = ("green", "amber", "red", "grey", "green", "grey", "red")
PLACES = {name: f"build/demo/{name.lower()}/2026-05" for name in ("Report", "Files", "Tables", "Models", "Log")}
WORDS = {"green": "good", "amber": "look", "red": "bad", "grey": "not known"}


def answer(light: Any, question: str, sentence: str, *shown: str) -> Answer:
    return Answer("moved", question, sentence, light, WORDS[light], *shown)


def text_of(answers: list[Answer], *, width: int, note: str = "") -> list[str]:
    shown = screen.Screen("sandbox, mobile_activity, 2026-05", answers, note, PLACES)
    return console.text_of(screen.laid_out(shown, width=width), width=width).splitlines()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_seven_questions_with_long_answers_fit_one_screen(width: int) -> None:
    answers = [
        answer(light, f"Did it help, {i}?", LONG, "+14.5 points", "+9.9 to +19.1") for i, light in enumerate(LIGHTS)
    ]
    lines = text_of(answers, width=width, note="What the month cannot tell: " + LONG[:300])
    assert len(lines) <= screen.MOST_LINES
    assert max(map(len, lines)) <= width
    for i in range(len(LIGHTS)):
        assert any(f"Did it help, {i}?  +14.5 points (+9.9 to +19.1)" in line for line in lines)


@pytest.mark.parametrize("width", [80, 100])
def test_no_number_is_cut_however_long_the_question(width: int) -> None:
    question, shown = (
        "Did the model choose better than the rule of the bank?",
        ("CN¥11.07", "95% interval CN¥8.09 to CN¥15.71"),
    )
    lines = text_of([answer(light, question, LONG, *shown) for light in LIGHTS], width=width, note=LONG[:300])
    assert len(lines) <= screen.MOST_LINES
    assert max(map(len, lines)) <= width
    assert sum("CN¥11.07 (95% interval CN¥8.09 to CN¥15.71)" in line for line in lines) == len(LIGHTS)
    assert not any("…" in line and ("interval" in line or "?" in line) for line in lines)


def test_a_light_is_a_shape_and_a_word_as_well_as_a_colour() -> None:
    lines = text_of([answer(light, f"{light}?", "So it is.") for light in dict.fromkeys(LIGHTS)], width=80)
    heads = [line for line in lines if "?" in line]
    assert [head.split()[0] for head in heads] == ["●", "▲", "✖", "○"]
    assert [head.split("  ")[0].split(maxsplit=1)[1] for head in heads] == ["good", "look", "bad", "not known"]


def test_the_screen_ends_with_where_to_look(tmp_path: Path) -> None:
    lines = text_of([], width=80, note="2026-05 is not read out yet: it settles on 2026-06-05.")
    assert "2026-05 is not read out yet" in "\n".join(lines)
    assert [line.split() for line in lines[-5:]] == [[name, place] for name, place in PLACES.items()]


def test_a_report_that_is_not_there_is_not_opened(tmp_path: Path) -> None:
    assert not screen.open_page(str(tmp_path / "report.html"))


def test_a_report_is_opened_by_the_browser_of_the_machine(tmp_path: Path) -> None:
    """The environment names a browser that writes down what it was asked to open."""
    browser, page = tmp_path / "browser", tmp_path / "report.html"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/asked\n', encoding="utf-8")
    browser.chmod(0o755)
    page.write_text("<p>the month", encoding="utf-8")
    code = f"from reactivation.runtime import screen; print(screen.open_page({str(page)!r}))"
    lib = str(Path(__file__).parents[2] / "lib")
    env = {**os.environ, "PYTHONPATH": lib, "BROWSER": str(browser)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout == "True\n"
    assert (tmp_path / "asked").read_text(encoding="utf-8") == f"{page.as_uri()}\n"
