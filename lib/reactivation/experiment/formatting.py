"""How numbers and words of a read-out are written, wherever it is told."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Digits(NamedTuple):
    """Formats of a difference: of shares, in points, and of means, in their own unit."""

    points: str
    own: str


MONTH = Digits("+.1f", "+.3g")
"""A month's differences are of some points, and a tenth is as much as anybody acts on."""

ANY_TABLE = Digits("+#.3g", "+#.4g")
"""Of somebody else's experiment nothing is known of the size."""


def signed(value: float, digits: Digits, *, is_rate: bool, unit: bool = False) -> str:
    """A difference with its sign; shares in points.

    >>> signed(0.1, MONTH, is_rate=True, unit=True), signed(0.004567, ANY_TABLE, is_rate=True)
    ('+10.0 points', '+0.457')
    """
    if not is_rate:
        return f"{value:{digits.own}}"
    return f"{100 * value:{digits.points}}{' points' if unit else ''}"


def with_interval(row: Mapping[str, Any], digits: Digits, *, alpha: float, is_rate: bool) -> str:
    """The difference of a row of `readout` with its interval. alpha: its level, where the row names none of its own."""
    alpha = row.get("alpha") or alpha
    ends = " to ".join(signed(row[name], digits, is_rate=is_rate) for name in ("difference_low", "difference_high"))
    point = signed(row["difference"], digits, is_rate=is_rate, unit=True)
    return f"{point} ({100 * (1 - alpha):.4g}% interval {ends})"


def as_sentence(text: str) -> str:
    """A capital letter and a full stop; nothing where there is no text."""
    return f"{text[0].upper()}{text[1:]}." if text else ""
