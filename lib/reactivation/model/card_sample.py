"""A bounded sample of low-active user-months on the driver, for what a card compares beside the model itself.

Benchmark, backtest, leaving out and drift look at some hundred thousand rows, whatever the bank's size; no row of them
is written anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.model.examples import LABEL, WEIGHT, Months, feature_names, plain
from reactivation.model.pipeline import Fitted
from reactivation.model.score import missing_features, score
from reactivation.model.score_table import of_arrays
from reactivation.periods import Month
from reactivation.statistics.score_bins import Numbers, ScoreBins


@dataclass(frozen=True)
class Sample:
    """Rows of sampled users: `cycle`, `label` (missing where it is not known yet), `weight`, `p`, and features.

    share: of the users. features: all there are, those that no model may read among them. used: those of the model.
    texts: those that are texts.
    """

    rows: pd.DataFrame
    share: float
    features: tuple[str, ...]
    used: tuple[str, ...]
    texts: frozenset[str]
    months: Months
    cycle: Month

    def of(self, *months: Month) -> pd.DataFrame:
        """Rows of some months."""
        return self.rows[self.rows["cycle"].isin([str(month) for month in months])]

    @property
    def recent(self) -> tuple[str, str]:
        """The newest month whose features are known, and the one before it: the cycle's own and last, where built."""
        known = sorted(set(self.rows["cycle"].unique()))
        return (known[-1], known[-2]) if len(known) > 1 else (known[-1], known[-1])

    def matrix(self, rows: pd.DataFrame, features: Sequence[str]) -> Numbers:
        """Features as numbers: a text by its place among the sample's texts; nan where a value is missing."""
        columns = []
        for name in features:
            values = rows[name]
            if name in self.texts:
                codes = pd.Categorical(values, categories=sorted(self.rows[name].dropna().unique())).codes
                columns.append(np.where(codes < 0, np.nan, codes.astype(float)))
            else:
                columns.append(values.to_numpy(dtype=float))
        return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def share_of(*, training_rows: float, months: Months, at_most: int) -> float:
    """Share of the users of which about `at_most` rows come. training_rows: of all users, without the test month."""
    each = training_rows / len(months.train)
    return min(1.0, at_most / max(each * (len(months.all) + 2), 1.0))


def sample(
    examples: DataFrame,
    recent: DataFrame | None,
    *,
    fitted: Fitted,
    months: Months,
    cycle: Month,
    share: float,
    salt: str,
) -> Sample:
    """Sampled low-active users by hash, the same in all months, scored by the model; one query.

    examples: of training and test months. recent: features of months whose outcome is not known yet, None for none.
    """
    features, kinds = feature_names(examples), dict(examples.dtypes)
    texts = frozenset(name for name in features if kinds[name] == "string")
    known = plain(examples).where(F.col("cycle").isin([str(month) for month in months.all]))
    keep = ["cycle", "is_low_activity", LABEL, WEIGHT]
    rows = known.select("user_id", *keep, *features)
    if recent is not None and not missing_features(recent, features):
        later = recent.where(~F.col("cycle").isin([str(month) for month in months.all]))
        unknown = later.withColumns({LABEL: F.lit(None).cast("double"), WEIGHT: F.lit(1.0)})
        rows = rows.unionByName(unknown.select(*rows.columns))
    is_drawn = randomization.is_within(randomization.bucket(f"{salt}|card"), share)
    scored = score(
        fitted.model,
        rows.where(F.col("is_low_activity") & is_drawn),
        features=fitted.features,
        keep=["cycle", LABEL, WEIGHT, *features],
    )
    numbers = [F.col(name).cast("float").alias(name) for name in features if name not in texts]
    found = scored.select("cycle", LABEL, WEIGHT, "p", *sorted(texts), *numbers).toArrow().to_pandas()
    return Sample(found, share, tuple(features), fitted.features, texts, months, cycle)


def bins_of(rows: pd.DataFrame, p: Numbers) -> ScoreBins:
    """The bins of some rows whose outcome is known, by any probability."""
    return of_arrays(rows[LABEL], p, rows[WEIGHT])
