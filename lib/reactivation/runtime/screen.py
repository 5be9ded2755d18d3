"""The one screen with which a month ends: what was found, what it cost, and where to look."""

import textwrap
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from reactivation.runtime import console

MOST_LINES = 45
_WIDEST = 100
_SIGNS = {"green": "●", "amber": "▲", "red": "✖", "grey": "○"}
"""A light has a shape as well: not everybody sees its colour."""
_STYLES = {"green": "green", "amber": "yellow", "red": "red", "grey": "dim"}
_MOST_LINES_OF_ONE = 4


class Answer(Protocol):
    """One question about the month and its answer. light: green, amber, red or grey; word: the light in a word."""

    @property
    def light(self) -> str: ...
    @property
    def word(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def number(self) -> str | None: ...
    @property
    def interval(self) -> str | None: ...


@dataclass(frozen=True)
class Screen:
    """title: whose month. answers: in the order of the questions. note: what stands below them. places: by name."""

    title: str
    answers: Sequence[Answer]
    note: str
    places: Mapping[str, str]


def show(screen: Screen) -> None:
    """Print the screen, at most `MOST_LINES` lines on a terminal of 80 columns or more."""
    width = min(max(console.width() or _WIDEST, 80), _WIDEST)
    console.present(laid_out(screen, width=width), width=width)


def laid_out(screen: Screen, *, width: int) -> Group:
    """The screen as `rich` prints it; no number is cut; a sentence may be, and the report has all of it."""
    found = Table.grid(padding=(0, 2, 0, 0))
    found.add_column(no_wrap=True)
    found.add_column()
    margin = max((len(answer.word) for answer in screen.answers), default=0) + 4
    for answer in screen.answers:
        seen = " ".join(filter(None, (answer.number, f"({answer.interval})" if answer.interval else None)))
        wide = width - margin - 2
        is_one_line = len(answer.question) + len(seen) + 2 <= wide
        head = [Text(answer.question, "bold")] + ([Text(seen)] if seen else [])
        if is_one_line and seen:
            head = [Text.assemble((answer.question, "bold"), f"  {seen}")]
        room = (_MOST_LINES_OF_ONE - len(head)) * (wide - 10)
        said = textwrap.shorten(answer.sentence, room, placeholder=" …") if answer.sentence else ""
        light = Text(f"{_SIGNS[answer.light]} {answer.word}", _STYLES[answer.light])
        found.add_row(light, Group(*head, *([Text(said)] if said else [])))
    places = Table.grid(padding=(0, 2, 0, 0))
    for name, place in screen.places.items():
        places.add_row(Text(name, "bold"), Text(place, overflow="fold"))
    note = [Text(screen.note)] if screen.note else []
    return Group(Rule(Text(screen.title, "bold"), align="left"), found, *note, Rule(), places)


def open_page(place: str) -> bool:
    """Open a page of this machine in a browser; False where there is none, or no browser."""
    page = Path(place)
    return page.is_file() and webbrowser.open(page.resolve().as_uri())


def shortened(place: str) -> str:
    """A place below the folder one is in, as one would type it."""
    here = str(Path.cwd())
    return place.removeprefix(f"{here}/")
