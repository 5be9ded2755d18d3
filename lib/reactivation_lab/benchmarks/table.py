"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A heading and its rows.

    >>> print(table(["job", "seconds"], [["read_out", "1.0"]]))
    | job | seconds |
    | --- | --- |
    | read_out | 1.0 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: int) -> str:
    """A number in groups of three.

    >>> number(3370000)
    '3 370 000'
    """
    return f"{value:,}".replace(",", " ")


def listed(sizes: Iterable[int]) -> str:
    """Numbers as a sentence names them, each once.

    >>> listed([20000, 6000, 20000])
    '6 000, 20 000'
    """
    return ", ".join(number(size) for size in sorted(set(sizes)))


def span(months: Iterable[str]) -> str:
    """Months as a sentence names them, by the first and the last.

    >>> span(["2026-08", "2026-07"]), span(["2026-07"])
    ('2026-07 to 2026-08', '2026-07')
    """
    ordered = sorted(months)
    return ordered[0] if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"
