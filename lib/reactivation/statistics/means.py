"""Two means compared: difference, relative difference and p-value, from counts, sums and squares alone.

All functions take numbers or numpy arrays of them, so that ten thousand months can be drawn and judged at once.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.stats import norm, t

DIFFERENCE_METHOD = "difference of means: Welch; ratio: delta method; p: Welch t"


class Sample(Protocol):
    """Whatever has a size, a mean and a variance: plain, adjusted for covariates, or made from a share."""

    @property
    def n(self) -> float: ...

    @property
    def mean(self) -> Any: ...

    @property
    def variance(self) -> Any: ...


class Moments(NamedTuple):
    """One side of a comparison of means; sums of parts are the sums of the whole, so merging is exact.

    n: users of whom the outcome is known. total, squares: sum of it and of its squares. A cap is the caller's: what is
    summed here is the capped column. Whole numbers and decimals keep all their digits until they are divided.
    """

    n: int
    total: Any
    squares: Any

    @property
    def mean(self) -> Any:
        """The mean; nan where there is nobody."""
        return _float(self.total / self.n) if self.n else float("nan")

    @property
    def variance(self) -> Any:
        """Variance between users, divided by n - 1; nan below two users, never below zero."""
        if self.n < 2:
            return float("nan")
        return np.maximum(_float(self.squares - self.total * self.total / self.n), 0.0) / (self.n - 1)

    def merged(self, other: "Moments") -> "Moments":
        """The moments of both together."""
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)


class Spread(NamedTuple):
    """A sample by its mean and variance, where sums would lose digits. variance: between users, not of the mean."""

    n: float
    mean: Any
    variance: Any


class Effect(NamedTuple):
    """An estimate with its interval and two-sided p-value; standard_error: its own."""

    estimate: Any
    low: Any
    high: Any
    p_value: Any
    standard_error: Any


class Component(NamedTuple):
    """One independent part of an estimate's variance: its size, and the degrees of freedom it was estimated with."""

    variance: Any
    freedom: Any


def difference(treatment: Sample, control: Sample, *, alpha: float, critical: Any = None) -> Effect:
    """Difference of two means with Welch's interval and test; the two variances may differ.

    critical: standard errors to either side, where another interval than Student's is wanted (`always_valid`).

    References: Welch, Biometrika 34 (1947); Satterthwaite, Biometrics Bulletin 2 (1946).

    >>> found = difference(Moments(4, 20, 120), Moments(4, 12, 56), alpha=0.05)
    >>> round(float(found.estimate), 3), round(float(found.p_value), 3)
    (2.0, 0.315)
    """
    return judged(treatment.mean - control.mean, _components(treatment, control), alpha=alpha, critical=critical)


def relative(treatment: Sample, control: Sample, *, alpha: float, critical: Any = None) -> Effect:
    """Difference of two means as a share of the control's, by the delta method; the ratio is one more.

    The degrees of freedom are those of the plain difference. Only where the control's mean is far from zero does the
    interval keep its promise: see `has_ratio`.

    References: Deng et al., Applying the Delta Method in Metric Analytics (KDD 2018).
    """
    first, second = _float(treatment.mean), _float(control.mean)
    variance = (treatment.variance / treatment.n + control.variance / control.n * (first / second) ** 2) / second**2
    freedom = _freedom(_components(treatment, control))
    return judged((first - second) / second, [Component(variance, freedom)], alpha=alpha, critical=critical)


def has_ratio(control: Sample, *, alpha: float) -> bool:
    """True where the control's mean is surely above zero, so that something may be divided by it."""
    return bool(control.mean > norm.isf(alpha / 2) * np.sqrt(control.variance / control.n))


def judged(estimate: Any, parts: Iterable[Component], *, alpha: float, critical: Any = None) -> Effect:
    """An estimate with the interval and the p-value that follow from independent parts of its variance.

    Degrees of freedom by Satterthwaite. Without any variance the interval is the point, and p is 0 or 1.
    """
    known = list(parts)
    error = np.sqrt(sum(part.variance for part in known))
    freedom = _freedom(known)
    reach = (t.isf(alpha / 2, freedom) if critical is None else critical) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(error > 0, np.abs(estimate) / error, np.where(estimate == 0, 0.0, np.inf))
    return Effect(estimate, estimate - reach, estimate + reach, 2 * t.sf(distance, freedom), error)


def _float(value: Any) -> Any:
    """Numbers, decimals or arrays as floating point of numpy, which ends in infinity rather than in an exception."""
    return np.asarray(value, dtype=float)[()]


def _components(*sides: Sample) -> list[Component]:
    return [Component(side.variance / side.n, side.n - 1) for side in sides]


def _freedom(parts: Iterable[Component]) -> Any:
    known = list(parts)
    total = sum(part.variance for part in known)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weights = sum(np.square(np.divide(part.variance, total)) / part.freedom for part in known)
        found = np.divide(1.0, weights)
    return np.where(np.isfinite(found), found, max(float(np.max(part.freedom)) for part in known))
