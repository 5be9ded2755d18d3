"""The exponent by which a job's cost grows with users."""

from collections.abc import Mapping
from math import log
from typing import NamedTuple


class Growth(NamedTuple):
    """exponent: 1 is twice the cost for twice the users; None with fewer than two sizes. sizes: users, ascending."""

    exponent: float | None
    sizes: tuple[int, ...]

    @property
    def text(self) -> str:
        return "one size: no exponent" if self.exponent is None else f"{self.exponent:.2f}"


def growth(seconds: Mapping[int, float]) -> Growth:
    """Least-squares slope of log seconds on log users. seconds: by users, both above 0.

    With two sizes it is the slope between them. A fixed cost, such as a job's start, makes it smaller than it becomes
    at larger sizes.

    >>> growth({100: 2.0, 1000: 20.0, 10000: 200.0})
    Growth(exponent=1.0, sizes=(100, 1000, 10000))
    """
    sizes = tuple(sorted(seconds))
    if len(sizes) < 2:
        return Growth(None, sizes)
    xs, ys = [log(users) for users in sizes], [log(seconds[users]) for users in sizes]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    covered = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return Growth(round(covered / sum((x - x_mean) ** 2 for x in xs), 12), sizes)
