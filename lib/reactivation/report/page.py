"""One month on one page: sentences first, then the tables they stand on. As HTML and as plain text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Chapter:
    """One part of the report.

    title: what it is about. sentences: what a campaign manager should take from it. rows: the table behind them, all
    rows with the same columns; may be empty. note: how to read it.
    """

    title: str
    sentences: Sequence[str] = ()
    rows: Sequence[Row] = field(default_factory=tuple)
    note: str = ""


class Report(NamedTuple):
    """The same report twice: html for the file, text for the terminal."""

    html: str
    text: str


def render(title: str, chapters: Sequence[Chapter]) -> Report:
    """Lay out the month's chapters; values are escaped, numbers have thin groups and four digits."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters["shown"] = shown
    page.filters["is_number"] = _is_number
    template = files("reactivation.report").joinpath("chapters.html").read_text(encoding="utf-8")
    html = page.from_string(template).render(title=title, chapters=chapters)
    return Report(html, "\n\n".join([_underlined(title, "="), *(_text(chapter) for chapter in chapters)]) + "\n")


def shown(value: Any) -> str:
    """A value as people read it; an unknown value is a dash, never a zero.

    >>> [shown(v) for v in (None, 12400, 0.123456, "W1", True)]
    ['–', '12 400', '0.1235', 'W1', 'yes']
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(chapter: Chapter) -> str:
    note = [chapter.note] if chapter.note else []
    return "\n".join([_underlined(chapter.title, "-"), *note, *(f"- {sentence}" for sentence in chapter.sentences)])


def _underlined(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}"
