"""What a person at the terminal sees: progress lines and small tables."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame

from reactivation import masking

MOST_ROWS = 60


def say(text: str) -> None:
    """Print a line at once, without secrets."""
    print(masking.in_text(text), flush=True)


def complain(text: str) -> None:
    """Print an error where errors go, without secrets."""
    print(masking.in_text(text), file=sys.stderr, flush=True)


def show(title: str, rows: DataFrame | Iterable[Mapping[str, Any]], *, most: int = MOST_ROWS) -> None:
    """Print a small table under its title; at most `most` rows ever leave the cluster."""
    records = [row.asDict() for row in rows.limit(most).collect()] if isinstance(rows, DataFrame) else list(rows)[:most]
    say(f"\n{title}")
    say(table(records) if records else "  (no rows)")


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """Lay out records as aligned text, numbers to the right."""
    names = list(records[0])
    cells = [[_text(record[name]) for name in names] for record in records]
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(names)]
    is_number = [all(isinstance(r[n], int | float) or r[n] is None for r in records) for n in names]

    def line(row: Sequence[str]) -> str:
        fields = [f"{c:>{w}}" if right else f"{c:<{w}}" for c, w, right in zip(row, widths, is_number, strict=True)]
        return ("  " + "  ".join(fields)).rstrip()

    return "\n".join([line(names), line(["─" * width for width in widths]), *map(line, cells)])


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ")
    return str(value)
