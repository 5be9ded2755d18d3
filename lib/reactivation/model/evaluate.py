"""How good scores are, as aggregates: the cluster passes over the rows, a handful of numbers come back.

Scored rows have `label` (1.0 or 0.0), `p` (calibrated probability), `raw` (what ranks) and `weight` (users that a row
speaks for). All figures but the numbers of users are weighted.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, NamedTuple

from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.functions import array_to_vector
from pyspark.ml.regression import GeneralizedLinearRegression
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from reactivation.model.examples import LABEL, WEIGHT
from reactivation.model.paired import LossDifference, from_moments
from reactivation.statistics.said import Said, said

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
    reason: Said | None = None

    @property
    def figures(self) -> dict[str, float | None]:
        """By name; the slope only where it was asked for and found."""
        slope = {} if self.calibration_slope is None else {"calibration_slope": self.calibration_slope}
        return {**{metric: getattr(self, metric) for metric in METRICS}, **slope}


class Population(NamedTuple):
    """Who belongs to a population, and for how many users a row speaks there."""

    belongs: Column
    weight: Column


def quality(scored: DataFrame, *, deciles: int, bins: int, with_slope: bool = False) -> Quality:
    """All figures of one population: everybody in the rows."""
    everybody = {"all": Population(F.lit(True), F.col(WEIGHT))}
    return qualities(scored, everybody, deciles=deciles, bins=bins, slope_of=["all"] if with_slope else [])["all"]


def qualities(
    scored: DataFrame,
    populations: Mapping[str, Population],
    *,
    deciles: int,
    bins: int,
    slope_of: Collection[str] = (),
) -> dict[str, Quality]:
    """All figures of several populations, which may overlap. Persist the rows: several passes go over them.

    Two queries, one for the sums and one for the cells, and MLlib's own for the areas. Deciles are groups of about
    equal size by raw, cut at approximate quantiles (relative error 1/10 000), so equal scores always share a group and
    no global sort is needed; where many scores are equal, groups may be missing. slope_of: populations whose
    calibration slope is wanted.
    """
    members = [
        F.when(who.belongs, F.struct(F.lit(name).alias("population"), who.weight.alias(WEIGHT)))
        for name, who in populations.items()
    ]
    member = F.explode(F.array_compact(F.array(*members))).alias("member")
    rows = scored.select(LABEL, "p", "raw", member).select(LABEL, "p", "raw", "member.*")
    cuts = F.percentile_approx("raw", [n / deciles for n in range(1, deciles)], 10_000)
    sums = rows.groupBy("population").agg(
        F.count(LABEL).alias("n"),
        _mean(F.col(LABEL)).alias("rate"),
        _mean(log_loss(F.col("p"))).alias("loss"),
        _mean((F.col("p") - F.col(LABEL)) ** 2).alias("brier"),
        cuts.alias("cuts"),
    )
    totals = {row.population: row for row in sums.collect()}
    found = {name: Quality(users=0, reason=said("no_rows", "no rows")) for name in populations}
    cells = _cells(rows, cuts={name: row.cuts for name, row in totals.items()}, deciles=deciles, bins=bins)
    for name, row in totals.items():
        own = [cell for cell in cells if cell.population == name]
        common: dict[str, Any] = {
            "users": int(row.n),
            "base_rate": row.rate,
            "log_loss": row.loss,
            "brier": row.brier,
            "deciles": _decile_table(own, base_rate=row.rate),
            "calibration": _calibration_table(own, bins),
        }
        if not 0 < row.rate < 1:
            told = f"all {row.n} labels are {int(row.rate)}: nothing to rank"
            found[name] = Quality(**common, reason=said("one_class", told, users=int(row.n)))
            continue
        own_rows = rows.where(F.col("population") == name)
        slope = calibration_slope(own_rows) if name in slope_of else None
        auc, pr_auc = _areas(own_rows)
        found[name] = Quality(**common, auc=auc, pr_auc=pr_auc, calibration_slope=slope)
    return found


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


def against_base_rate(scored: DataFrame, *, base_rate: float, confidence: float) -> LossDifference:
    """Log loss of p less that of a constant, row by row; below 0 is better.

    base_rate: that of the training months, so that the constant knows no more of the test month than the model does.
    """
    return against(scored, {"base_rate": F.lit(base_rate)}, confidence=confidence)["base_rate"]


def against(scored: DataFrame, others: Mapping[str, Column], *, confidence: float) -> dict[str, LossDifference]:
    """Log loss of p less that of other probabilities of the same row; below 0 is better than the other; one query.

    Hájek's weighted mean, its variance by linearisation; with weights of 1 the plain mean and its variance.
    """
    w, names = F.col(WEIGHT), list(others)
    rows = scored.select(WEIGHT, *[(log_loss(F.col("p")) - log_loss(others[name])).alias(name) for name in names])
    sums = [
        column
        for name in names
        for column in (
            F.count(name).alias(f"{name}_n"),
            F.sum(F.col(name) * w).alias(f"{name}_dw"),
            *[F.sum(w * w * F.col(name) ** power).alias(f"{name}_ww{power}") for power in (0, 1, 2)],
        )
    ]
    row = rows.agg(F.sum(WEIGHT).alias("w"), *sums).head()
    assert row is not None
    return {name: _paired(row, name, confidence) for name in names}


def _cells(rows: DataFrame, *, cuts: Mapping[str, Sequence[float]], deciles: int, bins: int) -> list[Row]:
    """Sums per population, decile of raw (1 the highest) and bin of p (of equal width): few rows for any users."""
    if not cuts:
        return []
    borders = F.coalesce(
        *[F.when(F.col("population") == name, F.lit(list(ends)).cast("array<double>")) for name, ends in cuts.items()]
    )
    above = F.size(F.filter(borders, lambda border: F.col("raw") > border))
    number = F.least(F.floor(F.col("p") * bins), F.lit(bins - 1)).cast("int")
    weight = F.col(WEIGHT)
    return (
        rows.groupBy("population", (F.lit(deciles) - above).alias("decile"), number.alias("bin"))
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


def _areas(scored: DataFrame) -> tuple[float, float]:
    """Area under the ROC and the precision-recall curve, exact: numBins=0 keeps every distinct score as a threshold.

    Both from one `BinaryClassificationMetrics`, which sorts and adds up the scores once.
    """
    evaluator: Any = BinaryClassificationEvaluator(rawPredictionCol="raw", labelCol=LABEL, weightCol=WEIGHT, numBins=0)
    evaluator._transfer_params_to_java()
    metrics = evaluator._java_obj.getMetrics(scored._jdf)
    areas = float(metrics.areaUnderROC()), float(metrics.areaUnderPR())
    metrics.unpersist()
    return areas


def _paired(row: Row, name: str, confidence: float) -> LossDifference:
    n = int(row[f"{name}_n"])
    if not n:
        return from_moments(0, None, None, confidence=confidence)
    mean = row[f"{name}_dw"] / row.w
    ww0, ww1, ww2 = (row[f"{name}_ww{power}"] for power in (0, 1, 2))
    squares = max(ww2 - 2 * mean * ww1 + mean * mean * ww0, 0.0)
    variance = squares * n / row.w**2 * n / (n - 1) if n > 1 else None
    return from_moments(n, mean, variance, confidence=confidence)
