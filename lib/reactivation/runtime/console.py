"""What a person at the terminal sees, and the log that keeps all of it.

Every text has a level, a number of Python's `logging`:

DETAIL  what a data engineer looks up: rows of each table written, tables on the way
ANSWER  what somebody who runs this one job wants to know
NOTICE  what somebody should look at, whatever runs

The terminal shows ANSWER and NOTICE of a job that runs alone, NOTICE alone of a job among others, all with `--verbose`;
of equal notices of one command the first.
The logger `reactivation` and, under a root that is a folder of this machine, `logs/<cycle>/<job>.log` get all.
"""

import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from threading import RLock
from typing import Any

from pyspark.sql import DataFrame
from rich.box import Box
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reactivation import masking

MOST_ROWS = 60
DETAIL, ANSWER, NOTICE = logging.DEBUG, logging.INFO, logging.WARNING
_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"
_WIDEST = 10_000
"""Columns of a page on which no table is folded."""
_RULED = Box("    \n    \n ─  \n    \n    \n    \n    \n    \n")
"""A line below the names, and none besides."""

_log = logging.getLogger("reactivation")
_log.addHandler(logging.NullHandler())


@dataclass
class _Terminal:
    """What is shown, and what stands in the terminal's last line: nothing, a line without its end, or a bar.

    held: notices of a job among others that wait until its line is whole. noticed: notices of this command. early:
    what was overheard before the command had a log; None while it has one.
    """

    least: int = ANSWER
    has_open_line: bool = False
    bar: Live | None = None
    held: list[str] = field(default_factory=list)
    noticed: set[str] = field(default_factory=set)
    early: list[str] | None = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    def show(self, text: str) -> None:
        with self.lock:
            if self.has_open_line and self.least >= NOTICE:
                self.held.append(text)
                return
            self.end_line()
            if self.bar is not None:
                self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
            else:
                print(text, flush=True)

    def end_line(self) -> None:
        if self.has_open_line:
            self.has_open_line = False
            print(flush=True)


_terminal = _Terminal()


def say(text: str, level: int = ANSWER, *, is_kept: bool = True) -> None:
    """Print a line without secrets, at once, where its level is shown. The log keeps all but what is of one user."""
    told = masking.in_text(text)
    if is_kept:
        _log.log(level, told)
    if level >= _terminal.least and told not in _terminal.noticed:
        is_of_command = _terminal.early is None
        _terminal.noticed |= {told} if level == NOTICE and is_of_command and not is_verbose() else set()
        _terminal.show(told)


def complain(text: str) -> None:
    """Print an error where errors go, without secrets."""
    told = masking.in_text(text)
    _log.error(told)
    with _terminal.lock:
        _terminal.end_line()
        print(told, file=sys.stderr, flush=True)


def overhear(line: str, *, is_shown: bool) -> None:
    """Keep in the log what Spark's Java said, and pass it on to where this process complains."""
    told = masking.in_text(line.rstrip("\n"))
    _log.log(NOTICE if is_shown else DETAIL, told)
    if _terminal.early is not None:
        _terminal.early.append(told)
    if is_shown:
        with _terminal.lock:
            _terminal.end_line()
            if _terminal.bar is not None and sys.stderr.isatty():
                print(line, end="", file=sys.stderr, flush=True)  # above the bar
            else:
                os.write(2, line.encode("utf-8", "replace"))


def show(
    title: str, rows: DataFrame | Iterable[Mapping[str, Any]], level: int = ANSWER, *, most: int = MOST_ROWS
) -> None:
    """Print a small table under its title."""
    records = few(rows, most=most)
    say(f"\n{title}\n{table(records) if records else '  (no rows)'}", level)


def few(rows: DataFrame | Iterable[Mapping[str, Any]], *, most: int = MOST_ROWS) -> list[Mapping[str, Any]]:
    """The first rows of a small table; at most `most` ever leave the cluster."""
    if isinstance(rows, DataFrame):
        return [row.asDict() for row in rows.limit(most).collect()]
    return list(rows)[:most]


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """Lay out records as aligned text, numbers to the right, however wide it becomes."""
    laid_out = Table(box=_RULED, show_edge=False, pad_edge=False, padding=(0, 1), header_style=None)
    for name in records[0]:
        is_number = all(isinstance(each[name], int | float) or each[name] is None for each in records)
        laid_out.add_column(Text(name), justify="right" if is_number else "left", no_wrap=True)
    for record in records:
        laid_out.add_row(*(Text(_text(value)) for value in record.values()))
    return "\n".join(f"  {line}" for line in text_of(laid_out).splitlines())


def text_of(page: RenderableType, *, width: int = _WIDEST) -> str:
    """What `rich` would print, as plain text without trailing spaces."""
    sheet = StringIO()
    Console(file=sheet, width=width, highlight=False, color_system=None, force_jupyter=False).print(page)
    return "\n".join(line.rstrip() for line in sheet.getvalue().splitlines())


def present(page: RenderableType, *, width: int) -> None:
    """Print a page of `rich`, in colour where the terminal has some; the log keeps its text."""
    _log.info("\n%s", text_of(page, width=width))
    with _terminal.lock:
        _terminal.end_line()
        Console(width=width, highlight=False, force_jupyter=False).print(page)


@contextmanager
def showing(least: int) -> Iterator[None]:
    """Show texts from a level on, while it lasts; no more than is shown already."""
    before = _terminal.least
    _terminal.least = least if before > DETAIL else before
    try:
        yield
    finally:
        _terminal.least = before


@contextmanager
def logged(file: Path | None, *, verbose: bool, head: str) -> Iterator[None]:
    """Keep all that is said in a file, added at its end under `head`. None: there is no place for one.

    verbose: show all, as where there is no file: nothing that a job says is lost.
    """
    before = _terminal.least
    _terminal.least = DETAIL if verbose or file is None else ANSWER
    handler: logging.Handler = logging.NullHandler()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
        handler.setFormatter(logging.Formatter(_FORMAT))
    level = _log.level
    _log.addHandler(handler)
    _log.setLevel(DETAIL)
    early, _terminal.early = _terminal.early, None
    try:
        _log.info("==== %s ====", masking.in_text(head))
        for line in early or []:
            _log.debug(line)
        yield
    finally:
        _terminal.early = []
        _terminal.noticed.clear()
        _log.setLevel(level)
        _log.removeHandler(handler)
        handler.close()
        _terminal.least = before


def width() -> int | None:
    """Columns of the terminal; None where standard output is none."""
    here = Console(force_jupyter=False)
    return here.width if here.is_terminal else None


def is_verbose() -> bool:
    """True where all is shown."""
    return _terminal.least <= DETAIL


def begin_line(text: str) -> None:
    """Print the beginning of a line, which `finish_line` ends."""
    with _terminal.lock:
        _terminal.end_line()
        print(masking.in_text(text), end="", flush=True)
        _terminal.has_open_line = True


def finish_line(text: str, otherwise: str) -> None:
    """End the line that was begun, and print what waited for it.

    Where something else was printed since, print `otherwise` on a line of its own.
    """
    with _terminal.lock:
        print("\n".join([text if _terminal.has_open_line else otherwise, *_terminal.held]), flush=True)
        _terminal.has_open_line = False
        _terminal.held.clear()


@contextmanager
def bar_in_last_line(bar: Live) -> Iterator[None]:
    """Keep a bar in the terminal's last line; what is printed meanwhile appears above it."""
    with bar:
        _terminal.bar = bar
        try:
            yield
        finally:
            _terminal.bar = None


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ")
    return str(value)
