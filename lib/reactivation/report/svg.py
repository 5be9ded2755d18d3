"""Small drawings as SVG whose text stays text: sharp at any size, readable in any language, black on white in print."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH = 480
"""Width of every picture, in its own units: about the pixels of a telephone, so that letters stay readable there."""
BLUE, SKY, ORANGE, RED, GREEN, GREY, PALE, INK = (
    *("#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#009E73", "#8a8f98", "#e3e6ea", "#1f2430"),
)
"""Okabe and Ito's colours, which colour-blind eyes tell apart; shapes and words say the same."""


class Scale(NamedTuple):
    """A number's place on an axis."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Place of a value; beyond the ends of the axis it is at the end."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


class Drawing:
    """One picture that is drawn piece by piece. title: what it shows, for who cannot see it."""

    def __init__(self, height: float, title: str, *, width: float = WIDTH) -> None:
        self.height, self.width, self._title = height, width, title
        self._parts: list[str] = []

    def text(self, x: float, y: float, told: str, *, anchor: str = "start", style: str = "") -> None:
        """A line of text. style: classes of the page: `strong`, `dim`, `small`, `light`."""
        kind = f' class="{style}"' if style else ""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{where}{kind}>{escape(told)}</text>')

    def line(
        self, a: tuple[float, float], b: tuple[float, float], *, colour: str = GREY, width: float = 1.0, dash: str = ""
    ) -> None:
        """A straight line. dash: lengths of strokes and gaps."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        ends = f'x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}"'
        self._parts.append(f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{dashed}/>')

    def bar(self, x: float, y: float, width: float, height: float, *, colour: str, hatched: bool = False) -> None:
        """A bar. hatched: stripes over the colour, which stay in black and white."""
        fill = f'fill="{colour}"'
        box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
        self._parts.append(f"<rect {box} {fill}/>")
        if hatched:
            self._parts.append(f'<rect {box} fill="url(#hatch)"/>')

    def mark(self, x: float, y: float, *, colour: str, filled: bool = True, size: float = 5.0) -> None:
        """A point: filled where it is sure, hollow where it is not."""
        fill = colour if filled else "#fff"
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" fill="{fill}" stroke="{colour}" stroke-width="2"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], *, colour: str, width: float = 2.5, dash: str = "") -> None:
        """A line through points."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{told}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        )

    def interval(self, y: float, ends: tuple[float, float], point: float, *, colour: str, filled: bool) -> None:
        """A horizontal interval and its point."""
        self.line((ends[0], y), (ends[1], y), colour=colour, width=2.5)
        for end in ends:
            self.line((end, y - 4), (end, y + 4), colour=colour, width=1.5)
        self.mark(point, y, colour=colour, filled=filled)

    def __str__(self) -> str:
        head = f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" aria-label="{escape(self._title)}">'
        return f"{head}<title>{escape(self._title)}</title>{''.join(self._parts)}</svg>"


def ticks(low: float, high: float, *, most: int = 5) -> list[float]:
    """Round numbers from low to high, some of them.

    >>> ticks(-0.03, 0.11)
    [0.0, 0.05, 0.1]
    """
    if high <= low:
        return [low]
    rough = (high - low) / most
    size = 10.0 ** floor(log10(rough))
    step = next(size * n for n in (1, 2, 2.5, 5, 10) if size * n >= rough * 0.999)
    return [round(n * step, 12) + 0.0 for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def padded(values: Sequence[float], *, share: float = 0.06) -> tuple[float, float]:
    """The range of some values with a little room, zero among them."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * share or 1.0
    return low - (room if low < 0 else 0.0), high + room


def shortened(told: str, most: int) -> str:
    """A label that fits: wide letters count twice."""
    used = 0
    for place, letter in enumerate(told):
        used += 2 if ord(letter) > 0x2E80 else 1
        if used > most:
            return told[: max(place - 1, 1)].rstrip() + "…"
    return told
