"""The table: each figure of both sides, and how one relates to the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

HEAD = ("what", "unit", "{rev}", "here", "ratio", "runs", "load", "others", "note")


@dataclass(frozen=True)
class Figure:
    """One line: the values of all runs by side. note: why a side has none.

    loads: the highest load seen, by side. others: the share of the processors that others had, the highest of all runs.
    """

    what: str
    unit: str
    rev: tuple[float, ...]
    here: tuple[float, ...]
    loads: tuple[float | None, float | None] = (None, None)
    others: tuple[float | None, float | None] = (None, None)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The median here to that of the other commit; None where a side is missing or nothing was counted there."""
        if not self.rev or not self.here or not median(self.rev):
            return None
        return median(self.here) / median(self.rev)

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = self.ratio
        return (
            *(self.what, self.unit, _middle(self.rev), _middle(self.here)),
            "–" if ratio is None else f"{ratio:.2f} ×",
            f"{len(self.rev)} / {len(self.here)}",
            " / ".join("–" if load is None else f"{load:.1f}" for load in self.loads),
            " / ".join("–" if share is None else f"{100 * share:.0f} %" for share in self.others),
            self.note,
        )


def markdown(figures: Iterable[Figure], *, rev: str) -> str:
    """All figures as a Markdown table."""
    lines: list[Sequence[str]] = [[cell.format(rev=rev) for cell in HEAD], ["---"] * len(HEAD)]
    lines += [[cell.replace("|", "/").replace("\n", " ") for cell in figure.cells] for figure in figures]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _middle(values: Sequence[float]) -> str:
    """The median; whole numbers without decimals.

    >>> _middle([3.0, 1.0, 2.0]), _middle([0.256]), _middle([])
    ('2', '0.26', '–')
    """
    if not values:
        return "–"
    middle = median(values)
    if middle == round(middle):
        return f"{middle:.0f}"
    return f"{middle:.1f}" if middle >= 10 else f"{middle:.2f}"
