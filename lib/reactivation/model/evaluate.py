"""How good scores are, as aggregates: the cluster passes over the rows, a handful of numbers come back.

Scored rows have `label` (1.0 or 0.0), `p` (calibrated probability), `raw` (what ranks) and `weight` (users that a row
speaks for). All figures but the numbers of users are weighted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Literal

from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.functions import array_to_vector
from pyspark.ml.regression import GeneralizedLinearRegression
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from reactivation.model.examples import LABEL, WEIGHT
from reactivation.model.paired import Paired, from_moments

SMALLEST = 1e-12
METRICS = ("auc", "pr_auc", "log_loss", "brier", "base_rate", "users")
POPULATIONS: Mapping[str, str] = {"low_activity": "is_low_activity", "all": "true"}
"""Name of a population: who belongs to it, as a Spark SQL condition over the scored rows."""


@dataclass(frozen=True)
class Quality:
    """Figures of one model on one population of one month.

    users, base_rate: rows, and share of them with label 1. auc, pr_auc: area under the ROC and the precision-recall
    curve, exact, by raw. log_loss: mean in nats. brier: mean squared error of p.
    calibration_slope: see the function of that name; None where it was not asked for. deciles, calibration: the same.
    reason: why figures are None (no rows, or one class only); None where all are there.
    """

    users: int
    base_rate: float | None = None
    auc: float | None = None
    pr_auc: float | None = None
    log_loss: float | None = None
    brier: float | None = None
    calibration_slope: float | None = None
    deciles: tuple[dict[str, Any], ...] = ()
    calibration: tuple[dict[str, Any], ...] = ()
    reason: str | None = None

    @property
    def figures(self) -> dict[str, float | None]:
        """By name; the slope only where it was asked for and found."""
        slope = {} if self.calibration_slope is None else {"calibration_slope": self.calibration_slope}
        return {**{metric: getattr(self, metric) for metric in METRICS}, **slope}


def quality(scored: DataFrame, *, deciles: int, bins: int, with_slope: bool = False) -> Quality:
    """All figures of one population. Persist the rows: several passes go over them.

    Deciles are groups of about equal size by raw, cut at approximate quantiles (relative error 1/10 000), so equal
    scores always share a group and no global sort is needed; where many scores are equal, groups may be missing.
    """
    loss, error = _mean(log_loss(F.col("p"))), _mean((F.col("p") - F.col(LABEL)) ** 2)
    cuts = F.percentile_approx("raw", [n / deciles for n in range(1, deciles)], 10_000)
    row = scored.agg(
        F.count(LABEL).alias("n"),
        _mean(F.col(LABEL)).alias("rate"),
        loss.alias("loss"),
        error.alias("brier"),
        cuts.alias("cuts"),
    ).head()
    assert row is not None
    if not row.n:
        return Quality(users=0, reason="no rows")
    cells = _cells(scored, cuts=row.cuts or (), deciles=deciles, bins=bins)
    common: dict[str, Any] = {
        "users": int(row.n),
        "base_rate": row.rate,
        "log_loss": row.loss,
        "brier": row.brier,
        "deciles": _decile_table(cells, base_rate=row.rate),
        "calibration": _calibration_table(cells, bins),
    }
    if not 0 < row.rate < 1:
        return Quality(**common, reason=f"all {row.n} labels are {int(row.rate)}: nothing to rank")
    slope = calibration_slope(scored) if with_slope else None
    auc, pr_auc = _area(scored, "areaUnderROC"), _area(scored, "areaUnderPR")
    return Quality(**common, auc=auc, pr_auc=pr_auc, calibration_slope=slope)


def calibration_slope(scored: DataFrame) -> float | None:
    """Slope of the label on the log-odds of p, by weighted logistic regression: 1 is perfect, below 1 too far spread.

    None where all labels, or all p, are alike. Reference: Cox, Biometrika 45 (1958).
    """
    p = F.greatest(F.least(F.col("p"), F.lit(1 - SMALLEST)), F.lit(SMALLEST))
    rows = scored.select(array_to_vector(F.array(F.log(p / (1 - p)))).alias("log_odds"), LABEL, WEIGHT, "p")
    row = rows.agg(F.min(LABEL) < F.max(LABEL), F.min("p") < F.max("p")).head()
    if row is None or not all(row):
        return None
    slope = GeneralizedLinearRegression(
        family="binomial", link="logit", featuresCol="log_odds", labelCol=LABEL, weightCol=WEIGHT, maxIter=50
    )
    return float(slope.fit(rows).coefficients[0])


def log_loss(p: Column) -> Column:
    """Loss of one row in nats: -ln of the probability given to what happened, cut off at 1e-12."""
    happened = F.when(F.col(LABEL) == 1, p).otherwise(1 - p)
    return -F.log(F.greatest(happened, F.lit(SMALLEST)))


def against_base_rate(scored: DataFrame, *, base_rate: float, confidence: float) -> Paired:
    """Log loss of p less that of a constant, row by row; below 0 is better.

    base_rate: that of the training months, so that the constant knows no more of the test month than the model does.
    """
    return _paired(scored, log_loss(F.col("p")) - log_loss(F.lit(base_rate)), confidence)


def against(scored: DataFrame, other: DataFrame, *, confidence: float) -> Paired:
    """Log loss of p less that of another model's p on the same rows; below 0 is better than the other."""
    both = scored.join(other.select("cycle", "user_id", F.col("p").alias("p_other")), ["cycle", "user_id"], "inner")
    return _paired(both, log_loss(F.col("p")) - log_loss(F.col("p_other")), confidence)


def _cells(scored: DataFrame, *, cuts: Sequence[float], deciles: int, bins: int) -> list[Row]:
    """Sums per decile of raw (1 the highest) and bin of p (of equal width): few rows, whatever the users."""
    above = sum((F.when(F.col("raw") > border, 1).otherwise(0) for border in cuts), F.lit(0))
    number = F.least(F.floor(F.col("p") * bins), F.lit(bins - 1)).cast("int")
    weight = F.col(WEIGHT)
    return (
        scored.groupBy((F.lit(deciles) - above).alias("decile"), number.alias("bin"))
        .agg(
            F.count(LABEL).alias("users"),
            F.sum(F.col(LABEL) * weight).alias("positives"),
            F.sum(F.col("p") * weight).alias("p_sum"),
            F.sum(weight).alias("weight"),
        )
        .collect()
    )


def _decile_table(cells: Sequence[Row], *, base_rate: float) -> tuple[dict[str, Any], ...]:
    """Per decile: users, mean of p, share with label 1, lift over the whole. Sizes are rows, the others weighted."""
    return tuple(
        {"decile": decile, **found, "lift": found["observed"] / base_rate if base_rate else None}
        for decile, found in _observed(cells, "decile")
    )


def _calibration_table(cells: Sequence[Row], bins: int) -> tuple[dict[str, Any], ...]:
    """Per bin of p: users, mean of p, share with label 1. Bins without users are left out."""
    return tuple(
        {"p_from": number / bins, "p_to": (number + 1) / bins, **found} for number, found in _observed(cells, "bin")
    )


def _observed(cells: Sequence[Row], by: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number in sorted({cell[by] for cell in cells}):
        own = [cell for cell in cells if cell[by] == number]
        weight = fsum(cell.weight for cell in own)
        yield (
            number,
            {
                "users": sum(cell.users for cell in own),
                "p_mean": fsum(cell.p_sum for cell in own) / weight,
                "observed": fsum(cell.positives for cell in own) / weight,
            },
        )


def _mean(value: Column) -> Column:
    return F.sum(value * F.col(WEIGHT)) / F.sum(WEIGHT)


def _area(scored: DataFrame, metric: Literal["areaUnderROC", "areaUnderPR"]) -> float:
    """Exact: numBins=0 keeps every distinct score as a threshold."""
    area = BinaryClassificationEvaluator(
        rawPredictionCol="raw", labelCol=LABEL, weightCol=WEIGHT, metricName=metric, numBins=0
    )
    return float(area.evaluate(scored))


def _paired(rows: DataFrame, difference: Column, confidence: float) -> Paired:
    """Hájek's weighted mean, its variance by linearisation; with weights of 1 the plain mean and its variance."""
    d, w = F.col("d"), F.col("w")
    row = (
        rows.select(difference.alias("d"), F.col(WEIGHT).alias("w"))
        .agg(
            F.count("d").alias("n"),
            F.sum(d * w).alias("dw"),
            F.sum("w").alias("w"),
            *[F.sum(w * w * d**power).alias(f"ww{power}") for power in (0, 1, 2)],
        )
        .head()
    )
    assert row is not None
    if not row.n:
        return from_moments(0, None, None, confidence=confidence)
    n, mean = int(row.n), row.dw / row.w
    squares = max(row.ww2 - 2 * mean * row.ww1 + mean * mean * row.ww0, 0.0)
    variance = squares * n / row.w**2 * n / (n - 1) if n > 1 else None
    return from_moments(n, mean, variance, confidence=confidence)
