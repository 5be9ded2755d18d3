"""Users counted in narrow bins of their score: what curves and areas of millions of users are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SMALLEST = 1e-12


@dataclass(frozen=True)
class ScoreBins:
    """Users by bin of their probability, lowest first; all arrays are of one length, a bin without users holds zeros.

    users, events: rows, and rows with the outcome. positives, negatives: their weights with and without the outcome.
    positives_squared, negatives_squared: sums of squared weights. p_sum: sum of weight times probability.
    """

    users: Numbers
    events: Numbers
    positives: Numbers
    negatives: Numbers
    positives_squared: Numbers
    negatives_squared: Numbers
    p_sum: Numbers

    @property
    def weight(self) -> Numbers:
        return self.positives + self.negatives

    @property
    def p(self) -> Numbers:
        """Mean probability of each bin; 0.5 where nobody is."""
        there = self.weight > 0
        mean = np.divide(self.p_sum, self.weight, out=np.full_like(self.p_sum, 0.5), where=there)
        return np.clip(mean, SMALLEST, 1 - SMALLEST)

    @property
    def effective(self) -> float:
        """Kish's effective number of users, (Σw)² / Σw²."""
        return kish(self.weight.sum(), (self.positives_squared + self.negatives_squared).sum())

    @property
    def base_rate(self) -> float:
        """Weighted share with the outcome; nan where nobody is."""
        total = self.weight.sum()
        return float(self.positives.sum() / total) if total else float("nan")

    @property
    def has_both(self) -> bool:
        return bool(self.positives.sum() > 0 and self.negatives.sum() > 0)

    def without(self, part: "ScoreBins") -> "ScoreBins":
        """The users who are not in a part of them."""
        return ScoreBins(*(np.maximum(mine - its, 0.0) for mine, its in zip(self._all, part._all, strict=True)))

    @property
    def _all(self) -> tuple[Numbers, ...]:
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)


def roc(bins: ScoreBins) -> tuple[Numbers, Numbers]:
    """False and true positive rate from the strictest threshold to the loosest, beginning at (0, 0)."""
    false, true = (
        np.concatenate([[0.0], np.cumsum(side[::-1]) / side.sum()]) for side in (bins.negatives, bins.positives)
    )
    return false, true


def precision_recall(bins: ScoreBins) -> tuple[Numbers, Numbers]:
    """Recall and precision from the strictest threshold that holds anybody to the loosest."""
    there = bins.weight[::-1] > 0
    caught, chosen = (np.cumsum(side[::-1])[there] for side in (bins.positives, bins.weight))
    return caught / bins.positives.sum(), caught / chosen


def gain(bins: ScoreBins) -> tuple[Numbers, Numbers]:
    """Share of all users taken from the top, and the share of all outcomes among them, beginning at (0, 0)."""
    taken, caught = (
        np.concatenate([[0.0], np.cumsum(side[::-1]) / side.sum()]) for side in (bins.weight, bins.positives)
    )
    return taken, caught


def ks(bins: ScoreBins) -> float:
    """Kolmogorov and Smirnov's distance between the scores of those with and without the outcome."""
    false, true = roc(bins)
    return float(np.max(np.abs(true - false)))


def kish(total: Any, squares: Any) -> float:
    """Effective number of users, (Σw)² / Σw²; 0 where nobody is. Reference: Kish, Survey Sampling (1965), 11.2C."""
    return float(total * total / squares) if squares else 0.0
