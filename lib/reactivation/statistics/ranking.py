"""How well scores rank and how true they are, from users counted in narrow bins of the score, or from a sample.

A bin holds users of nearly one score. So curves, areas and losses of millions of users come from some thousand numbers;
what the bins hide of an area is at most `Area.ties`.
"""

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit
from scipy.stats import norm
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.proportion import proportion_confint
from statsmodels.tools import add_constant

from reactivation.statistics.score_bins import SMALLEST, Numbers, ScoreBins, kish, precision_recall


class Figure(NamedTuple):
    """A figure with its interval; an end is None where there is none."""

    value: float
    low: float | None
    high: float | None


class Area(NamedTuple):
    """Area under the ROC curve. error: its standard error. ties: the most by which bins can have moved it."""

    value: float
    low: float
    high: float
    error: float
    ties: float


class AreaDifference(NamedTuple):
    """Two areas on the same users, and the first less the second, with its interval."""

    first: float
    second: float
    difference: float
    low: float
    high: float


def ends(name: str, figure: Figure | Area | None) -> dict[str, float | None]:
    """A figure under its name, its interval under `<name>_low` and `<name>_high`; None where there is none."""
    if figure is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}


def area(bins: ScoreBins, *, confidence: float) -> Area | None:
    """Area under the ROC curve, users of one bin counted as ties; None where one class is missing.

    The error is DeLong's, with Kish's effective numbers where users are weighted; the interval is normal on the
    log-odds of the area, so that it stays within 0 and 1.

    References: DeLong et al., Biometrics 44 (1988); Pepe, The Statistical Evaluation of Medical Tests (2003), 5.2.
    """
    if not bins.has_both:
        return None
    pos, neg = bins.positives, bins.negatives
    p, n = pos.sum(), neg.sum()
    above, below = (np.cumsum(neg) - neg / 2) / n, 1 - (np.cumsum(pos) - pos / 2) / p
    value = float((pos * above).sum() / p)
    variance = _spread(above, pos, bins.positives_squared.sum()) + _spread(below, neg, bins.negatives_squared.sum())
    error, ties = sqrt(variance), float((pos * neg).sum() / (2 * p * n))
    return Area(value, *_within_unit(value, error, confidence), error, ties)


def area_difference(
    happened: ArrayLike, first: ArrayLike, second: ArrayLike, *, weights: ArrayLike, confidence: float
) -> AreaDifference | None:
    """Two scores of the same users compared by their areas under the ROC curve; None where one class is missing.

    Reference: DeLong et al., Biometrics 44 (1988); weights by Kish's effective numbers.
    """
    label, weight = np.asarray(happened, dtype=float) > 0, np.asarray(weights, dtype=float)
    if label.all() or not label.any():
        return None
    scores = [np.asarray(each, dtype=float) for each in (first, second)]
    placed = [_placements(score, label, weight) for score in scores]
    areas = [float(np.average(above, weights=weight[label])) for above, _ in placed]
    variance = sum(
        _spread(placed[0][side] - placed[1][side], weight[who], float((weight[who] ** 2).sum()))
        for side, who in ((0, label), (1, ~label))
    )
    difference, half = areas[0] - areas[1], float(norm.ppf(0.5 + confidence / 2)) * sqrt(variance)
    return AreaDifference(areas[0], areas[1], difference, difference - half, difference + half)


def average_precision(bins: ScoreBins, *, confidence: float) -> Figure | None:
    """Area under the precision-recall curve as a sum over thresholds; its interval is normal on the log-odds.

    Reference: Boyd, Eng and Page, ECML PKDD 2013 (the logit interval with the number of positives).
    """
    if not bins.has_both:
        return None
    recall, precision = precision_recall(bins)
    value = float((np.diff(recall, prepend=0.0) * precision).sum())
    events = kish(bins.positives.sum(), bins.positives_squared.sum())
    return Figure(value, *_within_unit(value, sqrt(value * (1 - value) / events), confidence))


def base_rate(bins: ScoreBins, *, confidence: float) -> Figure | None:
    """Share with the outcome, with Wilson's interval; None where nobody is."""
    if not bins.effective:
        return None
    events = bins.base_rate * bins.effective
    low, high = proportion_confint(events, bins.effective, alpha=1 - confidence, method="wilson")
    return Figure(bins.base_rate, float(low), float(high))


def log_loss(bins: ScoreBins, *, confidence: float, against: float | None = None) -> Figure | None:
    """Mean log loss in nats; against: less that of this constant probability, row by row. None where nobody is.

    Every user of a bin has its mean probability. Normal interval.
    """
    return _mean(bins, -np.log(bins.p), -np.log1p(-bins.p), confidence, less=_constant(against))


def brier(bins: ScoreBins, *, confidence: float) -> Figure | None:
    """Mean squared error of the probability, as `log_loss`."""
    return _mean(bins, (1 - bins.p) ** 2, bins.p**2, confidence)


def calibration(bins: ScoreBins, *, confidence: float) -> tuple[Figure, Figure] | None:
    """Intercept and slope of the outcome on the log-odds of the probability; 0 and 1 are perfect.

    None where one class is missing or all probabilities are alike. Reference: Cox, Biometrika 45 (1958).
    """
    there = bins.weight > 0
    if not bins.has_both or there.sum() < 2:
        return None
    scale = bins.effective / bins.weight.sum()
    counts = np.column_stack([bins.positives[there], bins.negatives[there]]) * scale
    found = GLM(counts, add_constant(logit(bins.p[there])), family=Binomial()).fit()
    ends = found.conf_int(alpha=1 - confidence)
    intercept, slope = (Figure(float(v), float(e[0]), float(e[1])) for v, e in zip(found.params, ends, strict=True))
    return intercept, slope


def expected_gap(bins: ScoreBins) -> tuple[float, float]:
    """Share that happened less mean probability, and its standard error under the probabilities."""
    total = bins.weight.sum()
    gap = float((bins.positives - bins.p_sum).sum() / total)
    squares = bins.positives_squared + bins.negatives_squared
    return gap, float(sqrt((squares * bins.p * (1 - bins.p)).sum()) / total)


def _placements(score: Numbers, label: NDArray[np.bool_], weight: Numbers) -> tuple[Numbers, Numbers]:
    """Per positive the weighted share of negatives below it, per negative that of positives above it; ties half."""

    def below(own: Numbers, other: Numbers, weights: Numbers) -> Numbers:
        order = np.argsort(other, kind="stable")
        sums = np.concatenate([[0.0], np.cumsum(weights[order])])
        ends = [np.searchsorted(other[order], own, side=side) for side in ("left", "right")]
        return np.asarray((sums[ends[0]] + sums[ends[1]]) / (2 * sums[-1]), dtype=float)

    return below(score[label], score[~label], weight[~label]), 1 - below(score[~label], score[label], weight[label])


def _spread(values: Numbers, weights: Numbers, squares: float) -> float:
    """Variance of a weighted mean: the values' variance over the effective number of users."""
    users = kish(weights.sum(), squares)
    if users <= 1:
        return 0.0
    mean = np.average(values, weights=weights)
    return float(np.average((values - mean) ** 2, weights=weights)) * users / (users - 1) / users


def _within_unit(value: float, error: float, confidence: float) -> tuple[float, float]:
    if not 0 < value < 1:
        return value, value
    half = float(norm.ppf(0.5 + confidence / 2)) * error / (value * (1 - value))
    middle = log(value / (1 - value))
    low, high = (1 / (1 + exp(-min(max(middle + sign * half, -700), 700))) for sign in (-1, 1))
    return low, high


def _constant(p: float | None) -> tuple[float, float]:
    if p is None:
        return 0.0, 0.0
    inside = min(max(p, SMALLEST), 1 - SMALLEST)
    return -log(inside), -log(1 - inside)


def _mean(
    bins: ScoreBins, hit: Numbers, miss: Numbers, confidence: float, less: tuple[float, float] = (0.0, 0.0)
) -> Figure | None:
    total, users = bins.weight.sum(), bins.effective
    if not total:
        return None
    values, weights = (
        np.concatenate([hit - less[0], miss - less[1]]),
        np.concatenate([bins.positives, bins.negatives]),
    )
    mean = float(np.average(values, weights=weights))
    if users <= 1:
        return Figure(mean, None, None)
    half = float(norm.ppf(0.5 + confidence / 2)) * sqrt(_spread(values, weights, float(total * total / users)))
    return Figure(mean, mean - half, mean + half)
