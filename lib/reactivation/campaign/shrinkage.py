"""Several effects of the same kind, each drawn towards the mean of all: normal-normal empirical Bayes."""

from collections.abc import Hashable, Mapping, Sequence
from math import sqrt
from typing import NamedTuple, TypeVar

from scipy.stats import norm

Key = TypeVar("Key", bound=Hashable)


class Interval(NamedTuple):
    """An estimate and the ends of its interval."""

    estimate: float
    low: float
    high: float


class Effect(NamedTuple):
    """What was seen of one effect: the estimate, and its own variance (above zero)."""

    estimate: float
    variance: float


class Posterior(NamedTuple):
    """What is to be expected of one effect, given all of them."""

    mean: float
    variance: float

    def interval(self, confidence: float) -> Interval:
        """Normal interval."""
        reach = float(norm.ppf(0.5 + confidence / 2)) * sqrt(self.variance)
        return Interval(self.mean, self.mean - reach, self.mean + reach)


def shrunk(seen: Mapping[Key, Effect], *, spread: float) -> dict[Key, Posterior]:
    """Each effect drawn towards the precision-weighted mean, the more the less is known of it alone.

    spread: the true effects are taken to differ by at least so much (standard deviation), so that none is judged by the
    others alone; above it by DerSimonian's and Laird's moments. The posterior variance knows that the mean is
    estimated, not that the spread is.

    References: Morris, JASA 78 (1983); DerSimonian and Laird, Controlled Clinical Trials 7 (1986).
    """
    if not seen:
        return {}
    between = max(_between([*seen.values()]), spread**2)
    precision = sum(1 / (effect.variance + between) for effect in seen.values())
    mean = sum(effect.estimate / (effect.variance + between) for effect in seen.values()) / precision
    found = {}
    for key, (estimate, own) in seen.items():
        share = own / (own + between)
        found[key] = Posterior((1 - share) * estimate + share * mean, (1 - share) * own + share**2 / precision)
    return found


def _between(seen: Sequence[Effect]) -> float:
    """Variance of the true effects, by moments; 0 where they differ no more than chance lets them."""
    weights = [1 / effect.variance for effect in seen]
    total = sum(weights)
    mean = sum(w * effect.estimate for w, effect in zip(weights, seen, strict=True)) / total
    spread = sum(w * (effect.estimate - mean) ** 2 for w, effect in zip(weights, seen, strict=True))
    room = total - sum(w * w for w in weights) / total
    return max(0.0, (spread - (len(seen) - 1)) / room) if room > 0 else 0.0
