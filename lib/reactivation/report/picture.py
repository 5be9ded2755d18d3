"""A picture of the report, and the two ways of drawing that several of them share: intervals, and stacked bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from reactivation.report.svg import BLUE, GREY, INK, PALE, Drawing, Scale, padded, shortened, ticks
from reactivation.report.words import Words

Row = Mapping[str, Any]
Bar = tuple[str, float, float, tuple[float, float]]
"""Label, share that would have come anyway, share that was moved, ends of the interval of their sum."""


@dataclass(frozen=True)
class Picture:
    """key: name in the catalogue. lead: how to read it. rows: the numbers behind it, all with the same columns."""

    key: str
    title: str
    lead: str
    note: str
    svg: str
    rows: Sequence[Row]

    @classmethod
    def of(
        cls, key: str, words: Words, drawing: Drawing, rows: Sequence[Row], *, note: str = "", **values: Any
    ) -> "Picture":
        """A picture under its title and its sentence of the catalogue."""
        return cls(key, words(f"chart.{key}"), words(f"chart.{key}.lead", **values), note, str(drawing), rows)


class Mark(NamedTuple):
    """One interval: its label, a smaller line below, estimate and ends in shares of users (None: nothing to show)."""

    label: str
    below: str
    ends: tuple[float, float, float] | None
    colour: str
    filled: bool


def intervals(marks: Sequence[Mark], words: Words, title: str, *, reference: float | None = None) -> Drawing:
    """Intervals one below the other on one axis of points. reference: smallest difference that matters, as a line."""
    left, right, step, top = 178.0, 62.0, 38.0, 8.0
    drawing = Drawing(top + step * len(marks) + 30, title)
    values = [x for mark in marks if mark.ends for x in mark.ends] + ([reference] if reference else [])
    scale = Scale(*padded(values or [0.0, 0.01]), left, drawing.width - right)
    bottom = top + step * len(marks)
    for tick in ticks(scale.low, scale.high, most=6):
        x = scale.at(tick)
        drawing.line((x, top), (x, bottom), colour=GREY if tick == 0 else PALE, width=1.5 if tick == 0 else 1)
        drawing.text(x, bottom + 16, words("chart.tick", value=tick), anchor="middle", style="small dim")
    if reference:
        drawing.line((scale.at(reference), top), (scale.at(reference), bottom), colour=INK, dash="3 3")
    for place, mark in enumerate(marks):
        y = top + step * (place + 0.5)
        drawing.text(0, y - 2, mark.label)
        drawing.text(0, y + 13, mark.below, style="small dim")
        if mark.ends:
            point, low, high = mark.ends
            drawing.interval(
                y, (scale.at(low), scale.at(high)), scale.at(point), colour=mark.colour, filled=mark.filled
            )
            told = words("chart.points", value=point)
            drawing.text(
                drawing.width,
                y + 5,
                told,
                anchor="end",
                style="strong" if mark.filled and mark.colour != GREY else "dim",
            )
    return drawing


def stacked(bars: Sequence[Bar], names: tuple[str, str], words: Words, title: str) -> Drawing:
    """Who would have come anyway and who was moved, as bars from none to all users."""
    left, step, top = 96.0, 58.0, 34.0
    drawing = Drawing(top + step * len(bars) + 24, title)
    scale = Scale(0.0, 1.0, left, drawing.width - 22)
    bottom = top + step * len(bars)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line((scale.at(tick), top), (scale.at(tick), bottom), colour=PALE)
        drawing.text(scale.at(tick), bottom + 16, words("chart.share", value=tick), anchor="middle", style="small dim")
    drawing.bar(left, 6, 13, 13, colour=PALE, hatched=True)
    drawing.text(left + 19, 17, names[0], style="small")
    drawing.bar(left + 190, 6, 13, 13, colour=BLUE)
    drawing.text(left + 209, 17, names[1], style="small")
    for place, (label, anyway, moved, ends) in enumerate(bars):
        y = top + step * place + 12
        from_, until = sorted((anyway, anyway + moved))
        drawing.text(0, y + 21, shortened(label, 14))
        drawing.bar(left, y, scale.at(anyway) - left, 32, colour=PALE, hatched=True)
        drawing.bar(scale.at(from_), y, scale.at(until) - scale.at(from_), 32, colour=BLUE)
        drawing.line((scale.at(ends[0]), y + 16), (scale.at(ends[1]), y + 16), colour=INK, width=1.5)
        for end in ends:
            drawing.line((scale.at(end), y + 11), (scale.at(end), y + 21), colour=INK, width=1.5)
        drawing.text(left + 6, y + 21, words("chart.percent", value=anyway), style="strong plate")
        drawing.text(scale.at(until), y - 3, words("chart.points", value=moved), anchor="middle", style="strong")
    return drawing
