"""The score interval of a difference of two shares, found as the roots of its test."""

from math import acos, copysign, cos, inf, pi, sqrt

from scipy.optimize import brentq
from scipy.stats import norm

from reactivation.statistics.proportions import Interval, Share


def miettinen_nurminen(treatment: Share, control: Share, *, alpha: float) -> Interval:
    """Interval of the difference of two shares after Miettinen and Nurminen: all differences the score test accepts.

    References: Miettinen and Nurminen, Statistics in Medicine 4 (1985); Fagerland et al., SMMR 24 (2015).
    """
    reach = float(norm.isf(alpha / 2))
    seen = treatment.rate - control.rate
    low = _root(treatment, control, reach, -1.0, seen)
    high = _root(treatment, control, -reach, seen, 1.0)
    return Interval(low, high)


def score(treatment: Share, control: Share, difference: float) -> float:
    """The score statistic of a hypothetical difference, positive where the observed one is larger.

    The shares are estimated under that difference (`restricted`), the variance is scaled by n / (n - 1).
    """
    excess = treatment.rate - control.rate - difference
    first, second = restricted(treatment, control, difference)
    users = treatment.users + control.users
    variance = first * (1 - first) / treatment.users + second * (1 - second) / control.users
    scaled = variance * users / (users - 1)
    if scaled <= 0:
        return 0.0 if excess == 0 else copysign(inf, excess)
    return excess / sqrt(scaled)


def restricted(treatment: Share, control: Share, difference: float) -> tuple[float, float]:
    """The most likely two shares that lie exactly `difference` apart: one root of a cubic, in closed form.

    References: Farrington and Manning, Statistics in Medicine 9 (1990), appendix.
    """
    ratio = control.users / treatment.users
    a = 1 + ratio
    b = -(1 + ratio + treatment.rate + ratio * control.rate + difference * (ratio + 2))
    c = difference * difference + difference * (2 * treatment.rate + ratio + 1) + treatment.rate + ratio * control.rate
    d = -treatment.rate * difference * (1 + difference)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a * a) + d / (2 * a)
    u = copysign(sqrt(max(b * b / (3 * a) ** 2 - c / (3 * a), 0.0)), v)
    turn = (pi + acos(min(max(v / u**3, -1.0), 1.0))) / 3 if u else pi / 2
    first = min(max(2 * u * cos(turn) - b / (3 * a), 0.0, difference), 1.0, 1 + difference)
    return first, min(max(first - difference, 0.0), 1.0)


def _root(treatment: Share, control: Share, target: float, low: float, high: float) -> float:
    """Where the falling score statistic meets `target`; the outer end where it never does."""
    outer = low if target > 0 else high

    def above(difference: float) -> float:
        return min(max(score(treatment, control, difference), -1e6), 1e6) - target

    if above(low) * above(high) > 0:
        return outer
    return float(brentq(above, low, high, xtol=1e-12))
