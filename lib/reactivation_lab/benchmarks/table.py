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
