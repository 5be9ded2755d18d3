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

    def among(self, challengers: int, *, confidence: float) -> "LossDifference":
        """The same with the wider interval of one of several challengers (Bonferroni). confidence: as it was made with.

        >>> one_of_two = LossDifference(400, -0.02, -0.0396, -0.0004).among(2, confidence=0.95)
        >>> f"{one_of_two.low:.4f} to {one_of_two.high:.4f}"
        '-0.0424 to 0.0024'
        """
        if self.mean is None or self.high is None or challengers < 2:
            return self
        wider = _z(1 - (1 - confidence) / challengers) / _z(confidence)
        half = (self.high - self.mean) * wider
        return self._replace(low=self.mean - half, high=self.mean + half)

    def rows_to_tell(self, bound: float) -> float | None:
        """How many rows would bring the upper end below a bound, the mean as it is; None where none would."""
        if self.mean is None or self.high is None or self.mean >= bound:
            return None
        return self.n * ((self.high - self.mean) / (bound - self.mean)) ** 2


def from_moments(n: int, mean: float | None, variance: float | None, *, confidence: float) -> LossDifference:
    """Normal interval of a mean: mean ± z · sqrt(variance / n).

    >>> paired = from_moments(400, -0.02, 0.04, confidence=0.95)
    >>> f"{paired.low:.4f} to {paired.high:.4f}"
    '-0.0396 to -0.0004'
    """
    if mean is None or variance is None or n < 2:
        return LossDifference(n, mean, None, None)
    half = _z(confidence) * sqrt(variance / n)
    return LossDifference(n, mean, mean - half, mean + half)


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
