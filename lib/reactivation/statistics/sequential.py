"""How sure an answer must be at each look, and intervals that hold whenever one looks.

The latter are for users who arrive over time, and for a page that is opened every day.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reactivation.statistics.means import Effect

METHOD = "always-valid asymptotic confidence sequence, shortest near {tuning} users"


@dataclass(frozen=True)
class Level:
    """How sure one answer must be.

    alpha: share of false alarms accepted at one look. looks: number of looks that were registered. tuning: None for
    registered looks; for users who arrive over time, the number of users at which the interval is shortest.
    """

    alpha: float
    looks: int = 1
    tuning: int | None = None

    def critical(self, users: float) -> float | None:
        """Standard errors to either side of an estimate; None where Student's quantile serves."""
        if self.tuning is None or not users:
            return None
        return float(critical(users, alpha=self.alpha, tuning=self.tuning))

    def p_value(self, effect: Effect, users: float) -> float:
        """The effect's p-value; valid at every look where users arrive over time."""
        if self.tuning is None:
            return float(effect.p_value)
        distance = abs(effect.estimate) / effect.standard_error
        return float(p_value(distance, users, alpha=self.alpha, tuning=self.tuning))

    @property
    def suffix(self) -> str:
        """What a method's name says of looks; empty where there is one look."""
        if self.tuning is not None:
            return "; " + METHOD.format(tuning=f"{self.tuning:,}".replace(",", " "))
        return f"; alpha {self.alpha:.4g} at each of {self.looks} looks" if self.looks > 1 else ""


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
