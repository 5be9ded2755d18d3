"""What past months showed of each band: pooled over months and cells, drawn towards what is expected, with intervals.

The cluster adds up (`observe`); the estimates are arithmetic on two rows per band (`pool`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.optimize import brentq
from scipy.stats import beta

from reactivation import clusters
from reactivation.campaign.tiers import untouched
from reactivation.campaign.tiers.settings import TierSettings
from reactivation.frames import by_value
from reactivation.periods import Month
from reactivation.statistics.shrinkage import IntervalEstimate, JointPosterior, Slope, shrunk

_LARGEST_SHIFT = 10.0


@dataclass(frozen=True)
class Evidence:
    """What all past months together showed in one band.

    n_*: users' months. untouched: for the conversion. touched, compared: the picked, touched and held out.
    effective_*: users that they are worth (`clusters.WeightedShare`). conversion, lift: None where nobody, or too few,
    were seen.
    expected_lift: what touching adds, for ordering: of bands with few users mostly what the others say; None while no
    band has enough.
    """

    n_untouched: int = 0
    effective_untouched: float = 0.0
    n_touched: int = 0
    n_compared: int = 0
    effective_compared: float = 0.0
    conversion: IntervalEstimate | None = None
    lift: IntervalEstimate | None = None
    expected_lift: float | None = None


def month_weights(months: Iterable[str], *, newest: Month, settings: TierSettings) -> dict[str, float]:
    """Weight of each month: `evidence_weight_per_month` to the power of its age, the newest weighing 1."""
    ages = {month: newest.months_since(Month.parse(month)) for month in sorted(months)}
    return {month: settings.evidence_weight_per_month**age for month, age in ages.items()}


def observe(
    scores: DataFrame,
    arms: DataFrame,
    tiers: DataFrame,
    outcomes: DataFrame,
    *,
    bands: Column,
    weights: Mapping[str, float],
) -> DataFrame:
    """Sums of `clusters.sums`. Grain and key: band, is_lift.

    is_lift false: the untouched, each weighing 1 / P(untouched | facts before assignment). is_lift true: the picked,
    touched against held out, each weighing 1 / P(his side) in his month and cell, by the month's own draw (the long
    holdout is another one). Both times the weight of the month. Users of the cell `none` are no evidence.
    scores: as written before each month. bands: number of the band, over the columns of scores. weights: of the months
    that count (`month_weights`); others are not looked at.
    """
    counts = arms.where(F.col("cycle").isin(*weights))
    known = (
        untouched.marked(counts, tiers)
        .where("is_drawn")
        .join(scores.select("cycle", "user_id", bands.alias("band")), ["cycle", "user_id"])
        .join(outcomes.select("cycle", "user_id", F.col("is_active").alias("is_event")), ["cycle", "user_id"])
        .withColumn("of_month", _of_month(weights))
    )
    alone = known.where("is_untouched").withColumns(
        {"is_treatment": F.lit(True), "weight": F.col("of_month") * F.col("weight_untouched"), "is_lift": F.lit(False)}
    )
    drawn = known.where(F.col("is_selected") & F.col("touch").isin("touched", "holdout"))
    shares = (
        counts.where(F.col("is_selected"))
        .groupBy("cycle", "policy")
        .agg(F.count_if(F.col("touch") == "touched").alias("_t"), F.count_if(F.col("touch") == "holdout").alias("_h"))
    )
    is_touched, both = F.col("touch") == "touched", F.col("_t") + F.col("_h")
    of_side = both / F.when(is_touched, F.col("_t")).otherwise(F.col("_h"))
    compared = drawn.join(F.broadcast(shares), ["cycle", "policy"]).withColumns(
        {"is_treatment": is_touched, "weight": F.col("of_month") * of_side, "is_lift": F.lit(True)}
    )
    columns = ["band", "is_lift", "user_id", "is_treatment", "is_event", "weight"]
    return clusters.sums(alone.select(*columns).unionByName(compared.select(*columns)), ["band", "is_lift"])


def pool(sums: Iterable[Mapping[str, Any]], settings: TierSettings) -> dict[int, Evidence]:
    """Estimates per band from the rows of `observe`; a band that nobody was seen in is not there."""
    pairs = {(int(row["band"]), bool(row["is_lift"])): clusters.pair(row) for row in sums}
    alone = {number: pair.treatment for (number, is_lift), pair in pairs.items() if not is_lift}
    compared = {number: pair for (number, is_lift), pair in pairs.items() if is_lift}
    conversions, lifts = conversion(alone, settings), lift(compared, settings)
    lifted = {number: found for number in lifts.keys if (found := lifts.of(number))}
    enough = {number for number, pair in compared.items() if has_enough(pair, settings)}
    nobody = clusters.WeightedComparison(clusters.WeightedShare(), clusters.WeightedShare(), 0, None)
    return {
        number: Evidence(
            n_untouched=alone.get(number, clusters.WeightedShare()).rows,
            effective_untouched=alone.get(number, clusters.WeightedShare()).effective,
            n_touched=compared.get(number, nobody).treatment.rows,
            n_compared=compared.get(number, nobody).control.rows,
            effective_compared=compared.get(number, nobody).control.effective,
            conversion=conversions.get(number),
            lift=lifted[number].interval(settings.confidence) if number in enough else None,
            expected_lift=lifted[number].mean if enough and number in lifted else None,
        )
        for number in sorted({number for number, _ in pairs})
    }


def conversion(alone: Mapping[int, clusters.WeightedShare], settings: TierSettings) -> dict[int, IntervalEstimate]:
    """Share active of each band's untouched, drawn towards what the scores say: beta-binomial, equal-tailed interval.

    The prior of a band is Beta with mean m and `prior_users` observations. m is the middle of the band, shifted on the
    scale of log-odds by the one amount that makes all bands together expect what was seen: scores speak of a whole
    month and may be off as a whole, the order of the bands is theirs. Observations are Kish's effective users.

    References: Griffiths, Biometrics 29 (1973); Cox, Biometrika 45 (1958), for the shift; Casella, The American
    Statistician 39 (1985), for empirical Bayes.
    """
    known = {number: side for number, side in sorted(alone.items()) if side.rate is not None}
    prior = _shifted({number: (side.effective, side.rate or 0.0) for number, side in known.items()}, settings)
    tail = (1 - settings.confidence) / 2
    found = {}
    for number, side in known.items():
        expected, rate = prior[number], side.rate or 0.0
        events = settings.prior_users * expected + side.effective * rate
        others = settings.prior_users * (1 - expected) + side.effective * (1 - rate)
        ends = beta.ppf([tail, 1 - tail], events, others)
        found[number] = IntervalEstimate(events / (events + others), float(ends[0]), float(ends[1]))
    return found


def lift(compared: Mapping[int, clusters.WeightedComparison], settings: TierSettings) -> JointPosterior[int]:
    """Touched less held out in each band that has both, drawn towards a line over the bands (`shrinkage.shrunk`).

    The line is expected to rise with the scores by `lift_slope`, so that bands of which little is known stand in the
    order of the scores; what is seen decides on height and rise. A band's own variance is Agresti's and Caffo's, with
    effective users, so that a side in which nothing happened is not taken to be certain. Reference: Agresti and Caffo,
    The American Statistician 54 (2000).
    """
    seen = {number: pair for number, pair in sorted(compared.items()) if pair.difference is not None}
    differences = [pair.difference or 0.0 for pair in seen.values()]
    variances = [_variance(pair.treatment) + _variance(pair.control) for pair in seen.values()]
    slope = Slope(np.array([settings.middles[number] for number in seen]), settings.lift_slope)
    return shrunk([*seen], differences, np.diag(variances), spread=settings.lift_spread_share, slope=slope)


def has_enough(pair: clusters.WeightedComparison, settings: TierSettings) -> bool:
    """True where a band's own comparison is evidence."""
    return min(pair.treatment.effective, pair.control.effective) >= settings.minimum_users


def _of_month(weights: Mapping[str, float]) -> Column:
    return by_value(F.col("cycle"), weights, 0.0)


def _shifted(seen: Mapping[int, tuple[float, float]], settings: TierSettings) -> dict[int, float]:
    """Expected conversion of each band: its middle, all shifted alike in log-odds until together they fit."""
    logits = {n: log(settings.middles[n] / (1 - settings.middles[n])) for n in seen}

    def excess(shift: float) -> float:
        return sum(users * (1 / (1 + exp(-logits[n] - shift)) - rate) for n, (users, rate) in seen.items())

    ends = (-_LARGEST_SHIFT, _LARGEST_SHIFT)
    is_crossed = bool(seen) and excess(ends[0]) < 0 < excess(ends[1])
    shift = float(brentq(excess, *ends)) if is_crossed else 0.0
    return {n: 1 / (1 + exp(-logit - shift)) for n, logit in logits.items()}


def _variance(side: clusters.WeightedShare) -> float:
    smoothed = ((side.rate or 0.0) * side.effective + 1) / (side.effective + 2)
    return smoothed * (1 - smoothed) / (side.effective + 2)
