"""Fit a recipe on its training months: sample, split, check that there is something to learn, grow and calibrate."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding, ModelError
from reactivation.model import pipeline
from reactivation.model.examples import LABEL, SPLIT, WEIGHT, Months, arranged, split
from reactivation.model.pipeline import Fitted
from reactivation.model.settings import ModelSettings

USES = ("fit", "validate", "calibrate")


def fitted(
    examples: DataFrame,
    *,
    months: Months,
    features: Sequence[str],
    salt: str,
    settings: ModelSettings,
    at_most: int | None,
) -> tuple[Fitted, float, dict[str, int], float]:
    """A fit on the training months: with the share of the users, rows by use, and the base rate of the low-active."""
    rows, share = training_rows(examples, months=months, salt=salt, settings=settings, at_most=at_most)
    rows = rows.persist()
    try:
        counts, base_rate = _checked(rows, months, settings)
        return pipeline.fit(rows, features=features, settings=settings), share, counts, base_rate
    finally:
        rows.unpersist()


def training_rows(
    examples: DataFrame, *, months: Months, salt: str, settings: ModelSettings, at_most: int | None = None
) -> tuple[DataFrame, float]:
    """Sampled rows of the training months, split and arranged, and the share of the users they are.

    The share is such that about `max_rows` remain. at_most: as in `train`.
    """
    past = examples.where(F.col("cycle").isin([str(month) for month in months.train]))
    rows, share = split(past, share=1.0, salt=salt, settings=settings), 1.0
    count = at_most if at_most is not None and at_most <= settings.max_rows else rows.count()
    if count > settings.max_rows:
        share = settings.max_rows / count
        rows = split(past, share=share, salt=salt, settings=settings)
    return arranged(rows, settings), share


def _checked(rows: DataFrame, months: Months, settings: ModelSettings) -> tuple[dict[str, int], float]:
    """Rows by use, and the base rate of the low-active; ModelError where a use lacks rows or one of the two classes."""
    is_low = F.col("is_low_activity")
    groups = rows.groupBy(SPLIT).agg(
        F.count(LABEL).alias("n"),
        F.sum(LABEL).alias("positives"),
        F.sum(F.when(is_low, F.col(WEIGHT))).alias("weight_low"),
        F.sum(F.when(is_low, F.col(LABEL) * F.col(WEIGHT))).alias("positives_low"),
    )
    found = {row[SPLIT]: row for row in groups.collect()}
    wrong = []
    for use in USES:
        least = 1 if use == "validate" else settings.min_rows
        n, positives = (found[use].n, int(found[use].positives)) if use in found else (0, 0)
        if n < least:
            wrong.append(Finding("too few", use, f"{n} rows, at least {least} are needed"))
        elif use != "validate" and positives in (0, n):
            wrong.append(Finding("one class", use, f"all {n} labels are {int(positives > 0)}: nothing to tell apart"))
    if wrong:
        raise ModelError(f"nothing can be trained on {months.train[0]} to {months.train[-1]}", wrong)
    base_rate = sum(r.positives_low or 0 for r in found.values()) / sum(r.weight_low or 0 for r in found.values())
    return {use: int(found[use].n) for use in USES}, base_rate
