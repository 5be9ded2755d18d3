"""Two shares compared: difference, ratio, p-value and power, from four numbers and without any table.

A side is a `Share`; a comparison is between two of them, the one named first being the treatment.
"""

from collections.abc import Callable
from math import copysign, exp, inf, log, sqrt
from typing import Literal, NamedTuple

from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.proportion import confint_proportions_2indep, power_proportions_2indep, proportions_ztest

DifferenceMethod = Literal["newcombe", "wald", "agresti_caffo"]
RatioMethod = Literal["koopman", "katz"]

_STATSMODELS_NAME = {"newcombe": "newcomb", "wald": "wald", "agresti_caffo": "agresti-caffo"}
_LARGEST_LOG = 500.0


class Share(NamedTuple):
    """One side of a comparison.

    events: users who have the outcome. users: users of whom it is known. Both are fractions where users are weighted.
    """

    events: float
    users: float

    @property
    def rate(self) -> float:
        """The share; nan where there is nobody."""
        return self.events / self.users if self.users else float("nan")


class Interval(NamedTuple):
    """Lower and upper end; an end that does not exist is infinite."""

    low: float
    high: float


def effective(*, events: float, total: float, squares: float) -> Share:
    """A weighted share from the sums of weights over those with the event, over all, and of the squared weights.

    The rate is the weighted mean; the number of users is Kish's effective one, (Σw)² / Σw², so that a weighted share
    has the interval of an unweighted one. Equal weights give the plain share.

    References: Kish, Survey Sampling (1965), 11.2C; Franco et al., Journal of Survey Statistics and Methodology 2019
    (Wilson and Newcombe intervals with effective sizes).

    >>> effective(events=2.0 * 30, total=2.0 * 100, squares=4.0 * 100)
    Share(events=30.0, users=100.0)
    """
    if not total:
        return Share(0.0, 0.0)
    users = total * total / squares
    return Share(events / total * users, users)


def difference_interval(
    treatment: Share, control: Share, *, alpha: float, method: DifferenceMethod = "newcombe"
) -> Interval:
    """Interval of the difference of two shares. Numbers or numpy arrays.

    Newcombe's hybrid score interval is the headline: it keeps its coverage for rare events and never leaves [-1, 1].
    The Miettinen-Nurminen interval of statsmodels 0.15 is faulty; ours is in `score_difference`.

    References: Newcombe, Statistics in Medicine 17 (1998), method 10; Fagerland et al., SMMR 24 (2015).
    """
    low, high = confint_proportions_2indep(
        treatment.events,
        treatment.users,
        control.events,
        control.users,
        method=_STATSMODELS_NAME[method],
        compare="diff",
        alpha=alpha,
    )
    return Interval(low, high)


def ratio_interval(treatment: Share, control: Share, *, alpha: float, method: RatioMethod = "koopman") -> Interval:
    """Interval of the ratio of two shares; 0 or infinite at the end where a side has no event.

    Koopman's score interval is found as the two roots of the score statistic; Katz's is the delta method on the log.

    References: Koopman, Biometrics 40 (1984); Katz et al., Biometrics 34 (1978).
    """
    if method == "katz":
        low, high = confint_proportions_2indep(*treatment, *control, method="log", compare="ratio", alpha=alpha)
        return Interval(float(low), float(high))
    if not treatment.events and not control.events:
        return Interval(0.0, inf)
    critical = float(norm.isf(alpha / 2))
    centre = log(max(treatment.events, 0.5) / treatment.users) - log(max(control.events, 0.5) / control.users)

    def score(log_ratio: float) -> float:
        return _score(treatment, control, exp(log_ratio))

    low = exp(_root(lambda x: score(x) - critical, centre, step=-1.0)) if treatment.events else 0.0
    high = exp(_root(lambda x: score(x) + critical, centre, step=1.0)) if control.events else inf
    return Interval(low, high)


def p_value(treatment: Share, control: Share) -> float | None:
    """Two-sided p of equal shares by the pooled z test (the chi-square test); None where all or none have the event."""
    events, users = treatment.events + control.events, treatment.users + control.users
    if not 0 < events < users:
        return None
    return float(proportions_ztest([treatment.events, control.events], [treatment.users, control.users])[1])


def power(*, difference: float, control_rate: float, n_treatment: float, n_control: float, alpha: float) -> float:
    """Probability that a true difference is seen, two-sided, both tails counted.

    References: Fleiss et al., Statistical Methods for Rates and Proportions (2003), 4.2; R's power.prop.test.
    """
    ratio = n_control / n_treatment
    found = power_proportions_2indep(
        difference, control_rate, n_treatment, ratio=ratio, alpha=alpha, return_results=False
    )
    return float(found)


def minimum_detectable(
    *, base_rate: float, n_treatment: float, n_control: float, alpha: float, power: float
) -> float | None:
    """Smallest rise over the base rate that is seen with the given power; None where even a rise to 1 is not.

    Both sides vary as at the base rate: (z(1-α/2) + z(power)) · √(p(1-p)(1/n₁ + 1/n₂)).
    """
    if not n_treatment or not n_control or not 0 < base_rate < 1:
        return None
    spread = sqrt(base_rate * (1 - base_rate) * (1 / n_treatment + 1 / n_control))
    rise = z_sum(alpha=alpha, power=power) * spread
    return rise if base_rate + rise <= 1 else None


def z_sum(*, alpha: float, power: float) -> float:
    """Standard errors that must lie between 0 and a difference to be seen: z(1-α/2) + z(power)."""
    return float(norm.isf(alpha / 2) + norm.ppf(power))


def _score(treatment: Share, control: Share, ratio: float) -> float:
    """Score statistic of a hypothetical ratio, positive where the observed one is larger."""
    n1, n0 = treatment.users, control.users
    b = ratio * (n1 + control.events) + treatment.events + n0
    product = 4 * ratio * (n1 + n0) * (treatment.events + control.events)
    rate1 = min((b - sqrt(max(b * b - product, 0.0))) / (2 * (n1 + n0)), 1.0)
    rate0 = min(rate1 / ratio, 1.0)
    variance = rate1 * (1 - rate1) / n1 + ratio * ratio * rate0 * (1 - rate0) / n0
    excess = treatment.rate - ratio * control.rate
    if variance <= 0:
        return 0.0 if excess == 0 else copysign(inf, excess)
    return excess / sqrt(variance)


def _root(function: Callable[[float], float], start: float, step: float) -> float:
    """Root of a falling function beyond `start`, bracketed by doubling steps; infinite where there is none."""
    near, far = start, start + step
    while function(near) * function(far) > 0:
        near, far = far, start + 2 * (far - start)
        if abs(far) > _LARGEST_LOG:
            return copysign(inf, step)
    return float(brentq(function, min(near, far), max(near, far), xtol=1e-12))
