"""Several effects of one kind, each shrunk towards their common mean: normal-normal empirical Bayes."""

from collections.abc import Hashable, Mapping, Sequence
from math import sqrt
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Key = TypeVar("Key", bound=Hashable)
Matrix = npt.NDArray[np.float64]


class IntervalEstimate(NamedTuple):
    """An estimate and the ends of its interval."""

    estimate: float
    low: float
    high: float


class Slope(NamedTuple):
    """A prior line along which effects rise.

    at: where each lies. rise: per unit of that; taken to be so much, give or take as much (standard deviation).
    """

    at: Matrix
    rise: float


class Posterior(NamedTuple):
    """Posterior mean and variance of one effect, given the estimates of all effects."""

    mean: float
    variance: float

    def interval(self, confidence: float) -> IntervalEstimate:
        """Normal interval."""
        reach = float(norm.ppf(0.5 + confidence / 2)) * sqrt(self.variance)
        return IntervalEstimate(self.mean, self.mean - reach, self.mean + reach)


class JointPosterior(NamedTuple, Generic[Key]):
    """Posterior means of several effects, and the covariance of their errors. common: their mean, without a slope."""

    keys: tuple[Key, ...]
    means: Matrix
    covariance: Matrix
    common: Posterior | None = None

    def of(self, key: Key) -> Posterior | None:
        """One effect; None where nothing is known of it."""
        if key not in self.keys:
            return None
        place = self.keys.index(key)
        return Posterior(float(self.means[place]), float(self.covariance[place, place]))

    def combined(self, factors: Mapping[Key, float]) -> Posterior:
        """A weighted sum of effects that are all known."""
        weights = np.array([factors.get(key, 0.0) for key in self.keys])
        return Posterior(float(weights @ self.means), float(weights @ self.covariance @ weights))


def shrunk(
    keys: Sequence[Key],
    estimates: Sequence[float],
    covariance: Matrix,
    *,
    spread: float,
    slope: Slope | None = None,
    level: Posterior | None = None,
) -> JointPosterior[Key]:
    """Shrink each effect towards the common mean of all effects; an imprecise estimate is shrunk more.

    The common mean is weighted by precision. With a slope it is a line whose height and rise are estimated as well.
    covariance: of the estimates' errors; not diagonal where they share a control. spread: the true effects are taken to
    differ by at least so much (standard deviation) from it, so that none is judged by the others alone; above it by
    DerSimonian's and Laird's moments. level: what is known of the mean from elsewhere. The posterior knows that mean
    and rise are estimated, not that the spread is.

    References: Morris, JASA 78 (1983), the line included; DerSimonian and Laird, Controlled Clinical Trials 7 (1986);
    with correlated errors Gleser and Olkin in The Handbook of Research Synthesis (2009), 19; a rise with a prior of its
    own: Lindley and Smith, JRSS B 34 (1972).
    """
    size = len(keys)
    if not size:
        return JointPosterior((), np.empty(0), np.empty((0, 0)))
    ones, along = np.ones(size), slope or Slope(np.zeros(size), 0.0)
    risen = along.rise * along.at
    y, rises = np.asarray(estimates, dtype=float) - risen, np.outer(risen, risen)
    between = max(_between(y, covariance + rises), spread**2)
    prior = between * np.eye(size) + rises
    precision = np.linalg.inv(covariance + prior)
    known_before = 0.0 if level is None else 1 / level.variance
    of_mean = 1 / (float(ones @ precision @ ones) + known_before)
    mean = of_mean * (float(ones @ precision @ y) + (0.0 if level is None else known_before * level.mean))
    kept = prior @ precision  # share of the distance from the mean that is kept
    means = risen + mean + kept @ (y - mean)
    by_mean = (np.eye(size) - kept) @ ones
    known = prior - kept @ prior + of_mean * np.outer(by_mean, by_mean)
    return JointPosterior(tuple(keys), means, known, None if slope else Posterior(mean, of_mean))


def _between(y: Matrix, covariance: Matrix) -> float:
    """Variance of the true effects, by moments; 0 where they differ no more than chance lets them."""
    weights, ones = np.linalg.inv(covariance), np.ones(len(y))
    total = float(ones @ weights @ ones)
    off = y - float(ones @ weights @ y) / total
    room = float(np.trace(weights)) - float(ones @ weights @ weights @ ones) / total
    return max(0.0, (float(off @ weights @ off) - (len(y) - 1)) / room) if room > 1e-9 * total else 0.0
