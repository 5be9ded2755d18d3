"""Whether a population has moved between two times, by counts over the same bins."""

import numpy as np
from numpy.typing import ArrayLike


def stability(expected: ArrayLike, actual: ArrayLike) -> float | None:
    """Population stability index of two counts over the same bins; None where one of them is empty.

    Σ (a - e) · ln(a / e) over shares, half a user added to each bin. Below 0.1 is commonly read as stable, above 0.25
    as moved. Reference: Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020).

    >>> round(stability([50, 50], [50, 50]), 3), round(stability([9000, 1000], [8000, 2000]), 3)
    (0.0, 0.081)
    """
    counts = [np.asarray(side, dtype=float) for side in (expected, actual)]
    if not all(side.sum() for side in counts):
        return None
    e, a = ((side + 0.5) / (side + 0.5).sum() for side in counts)
    return float(((a - e) * np.log(a / e)).sum())


def stability_by_chance(bins: int, expected: float, actual: float) -> float:
    """The stability index that equal populations have on average: (bins - 1) · (1/n + 1/m)."""
    return (bins - 1) * (1 / expected + 1 / actual) if expected and actual else float("nan")
