"""One table of the month's report: in the words of the language, and as CSV inside the page."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any
from urllib.parse import quote

from reactivation.report.evidence import Row
from reactivation.report.picture import Picture
from reactivation.report.words import NOT_KNOWN, Words

MOST_SHOWN = 60
_POINTS = frozenset({"difference", "low", "high", "lift", "seen", "moved"})
_SHARES = frozenset(
    {"first", "second", "anyway", "foretold", "observed", "came_low", "came_high", "touched", "holdout", "conversion"}
)
_TIMES = frozenset({"times_average"})
_MONEY = frozenset({"cost", "committed", "price", "price_low", "price_high", "budget", "worth"})
_WRITTEN = frozenset({"effect", "low", "high", "capacity", "used", "score_low", "score_high"})
"""Columns of numbers that come written already."""


@dataclass(frozen=True)
class Table:
    """One folded table. cells: as people read them. csv: the whole as a data link. is_number: by column."""

    key: str
    title: str
    columns: Sequence[str]
    cells: Sequence[Sequence[str]]
    is_number: Sequence[bool]
    rows: int
    csv: str

    @classmethod
    def of(
        cls, key: str, words: Words, rows: Sequence[Row], *, title: str | None = None, raw: Sequence[Row] = ()
    ) -> "Table":
        """A table of rows with the same columns. raw: what the CSV holds, where it is more than what is shown."""
        names = list(rows[0]) if rows else []
        numbers = [n in _WRITTEN or all(isinstance(r[n], int | float) or r[n] is None for r in rows) for n in names]
        shown = [[shown_as(name, row[name], words) for name in names] for row in rows[:MOST_SHOWN]]
        heads = [words.name("column", name) for name in names]
        told = title or words(f"table.{key}")
        return cls(key, told, heads, shown, numbers, len(raw or rows), link(raw or rows))


def link(rows: Sequence[Row]) -> str:
    """Rows as CSV in a link that needs no network: UTF-8 with a byte order mark, as spreadsheets want it."""
    told = StringIO()
    writer = csv.writer(told, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([[_exact(value) for value in row.values()] for row in rows])
    return "data:text/csv;charset=utf-8,%EF%BB%BF" + quote(told.getvalue(), safe=" ,;:=()|/+*'!?<>[]{}@$^`~\t")


def _exact(value: Any) -> Any:
    return f"{value:.7g}" if isinstance(value, float) else "" if value is None else value


def shown_as(name: str, value: Any, words: Words) -> str:
    """A value as people read it: an unknown one is a dash, never a zero."""
    if value is None or value == "":
        return NOT_KNOWN
    if not isinstance(value, int | float) or isinstance(value, bool):
        dates = {"day": words.day, "cycle": words.month}
        return dates[name](str(value)) if name in dates else str(value)
    ways: dict[frozenset[str], Callable[[float], str]] = {
        _MONEY: words.money,
        _POINTS: words.points,
        _SHARES: words.percent,
        _TIMES: lambda times: words("number.times", value=times),
    }
    for names, write in ways.items():
        if name in names:
            return write(value)
    return words.whole(value) if isinstance(value, int) else words.number(value) if value else "0"


def of_picture(picture: Picture, words: Words) -> Table:
    """The numbers behind a picture."""
    return Table.of(picture.key, words, picture.rows, title=words("page.numbers"))
