"""Intervals that hold whenever one looks: for users who arrive over time, and a page that is opened every day."""

from typing import Any

import numpy as np

METHOD = "always-valid asymptotic confidence sequence, shortest near {tuning} users"


def critical(users: Any, *, alpha: float, tuning: int) -> Any:
    """Standard errors to either side of an estimate that keep its interval valid at every look at once.

    users: both sides together, so far. tuning: number of users at which the interval is to be shortest, fixed before
    the first look; far from it the interval is still valid, only longer. It holds for large numbers of users, as every
    interval from a normal approximation does: not before some hundred.

    References: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and asymptotic
    confidence sequences, Annals of Statistics 52 (2024).
    """
    scaled = users * _rho_squared(alpha, tuning)
    return np.sqrt(2 * (scaled + 1) / scaled * np.log(np.sqrt(scaled + 1) / alpha))


def p_value(distance: Any, users: Any, *, alpha: float, tuning: int) -> Any:
    """The p-value that belongs to it, valid at every look: the smallest level whose interval leaves zero out.

    distance: the estimate in standard errors. alpha: the level the sequence was tuned for.
    """
    scaled = users * _rho_squared(alpha, tuning)
    found = np.sqrt(scaled + 1) * np.exp(-np.square(distance) * scaled / (2 * (scaled + 1)))
    return np.minimum(found, 1.0)


def _rho_squared(alpha: float, tuning: int) -> float:
    level = -2 * np.log(alpha)
    return float((level + np.log(level + 1)) / tuning)
