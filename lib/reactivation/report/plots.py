"""Three plain pictures of small tables, for pages that an analyst reads: bars, lines, and estimates with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

Row = Mapping[str, Any]
_SIZE = (9.0, 4.2)
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999", "#000000")
"""Okabe and Ito's, which colour-blind readers tell apart."""
_HATCHES = ("", "//", "..", "\\\\", "xx", "--", "oo", "++", "**")


def bars(rows: Iterable[Row], *, of: str, by: str, stacked: str | None = None, title: str = "") -> Figure:
    """One lying bar per value of `by`, in the order of the rows, its length the sum of `of`; None counts as 0.

    stacked: column whose values part each bar, told in a legend and by hatching.
    """
    each = list(rows)
    places, parts = _values(each, by), _values(each, stacked) if stacked else [None]
    figure, axes = _new(title, height=max(2.4, 0.36 * len(places) + 1.2))
    left = dict.fromkeys(places, 0.0)
    for number, part in enumerate(parts):
        mine = [row for row in each if stacked is None or row[stacked] == part]
        sums = {place: sum(float(row[of] or 0) for row in mine if row[by] == place) for place in places}
        look = {"color": _COLOURS[number % len(_COLOURS)], "hatch": _HATCHES[number % len(_HATCHES)]}
        widths = [sums[place] for place in places]
        axes.barh(range(len(places)), widths, left=list(left.values()), label=_told(part), edgecolor="white", **look)
        left = {place: left[place] + sums[place] for place in places}
    axes.set_yticks(range(len(places)), [_told(place) for place in places])
    axes.invert_yaxis()
    axes.set_xlabel(_told(of))
    if stacked:
        axes.legend(fontsize="small", ncols=2)
    return figure


def lines(rows: Iterable[Row], *, x: str, y: str, by: str | None = None, title: str = "") -> Figure:
    """One line per value of `by`, over the values of x in their order; a value that is not known breaks it."""
    each = sorted((row for row in rows if row[x] is not None), key=lambda row: row[x])
    figure, axes = _new(title, height=_SIZE[1])
    for number, name in enumerate(_values(each, by) if by else [None]):
        mine = [row for row in each if by is None or row[by] == name]
        heights = [float("nan") if row[y] is None else float(row[y]) for row in mine]
        look = {"marker": "osD^vPX*"[number % 8], "color": _COLOURS[number % len(_COLOURS)]}
        axes.plot([row[x] for row in mine], heights, label=_told(name), **look)
    axes.set(xlabel=_told(x), ylabel=_told(y))
    axes.margins(y=0.1)
    if by:
        axes.legend(fontsize="small", ncols=2)
    return figure


def intervals(rows: Iterable[Row], *, label: str, point: str, low: str, high: str, title: str = "") -> Figure:
    """A forest plot: a mark and its interval per row, from above in the order of the rows, and a line at zero.

    Rows without a point are left out; an end that is not known is drawn as none.
    """
    known = [row for row in rows if row[point] is not None]
    figure, axes = _new(title, height=max(2.4, 0.32 * len(known) + 1.2))
    axes.axvline(0, color="grey", linestyle=":")
    for place, row in enumerate(known):
        ends = [row[point] if row[name] is None else row[name] for name in (low, high)]
        axes.plot(ends, [place, place], color=_COLOURS[0], linewidth=2)
        axes.plot(row[point], place, marker="o", color=_COLOURS[0])
    axes.set_yticks(range(len(known)), [_told(row[label]) for row in known])
    axes.invert_yaxis()
    axes.set_xlabel(_told(point))
    return figure


def _new(title: str, *, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(_SIZE[0], height), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    return list(dict.fromkeys(row[name] for row in rows))


def _told(value: Any) -> str:
    return "" if value is None else str(value).replace("_", " ")
