"""The interval of a mean difference between two losses on the same rows, from three numbers."""

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple


class LossDifference(NamedTuple):
    """Mean of the differences row by row, with its interval.

    n: rows. mean: None where there is no row. low, high: normal interval, None where there are fewer than two rows.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None


def from_moments(n: int, mean: float | None, variance: float | None, *, confidence: float) -> LossDifference:
    """Normal interval of a mean: mean ± z · sqrt(variance / n).

    >>> paired = from_moments(400, -0.02, 0.04, confidence=0.95)
    >>> f"{paired.low:.4f} to {paired.high:.4f}"
    '-0.0396 to -0.0004'
    """
    if mean is None or variance is None or n < 2:
        return LossDifference(n, mean, None, None)
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * sqrt(variance / n)
    return LossDifference(n, mean, mean - half, mean + half)
