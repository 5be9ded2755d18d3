"""What else could have been done: a logistic regression of ten features, other months, fewer features; on a sample.

All refits are of the sample. The trees of backtest and leaving out are xgboost's with the depth, step, number and seed
of conf, for MLlib's would cost a training each: what is compared is always two fits of the same kind on the same users.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from reactivation.model.card_sample import Sample, bins_of
from reactivation.model.examples import LABEL, WEIGHT
from reactivation.model.settings import ModelSettings
from reactivation.periods import Month
from reactivation.statistics import ranking
from reactivation.statistics.score_bins import Numbers

_FEWEST = 20
"""Rows of each outcome below which a refit says nothing."""


@dataclass(frozen=True)
class Refits:
    """Trees of the sample, refitted as of a month with some features; each fit is made once."""

    sample: Sample
    settings: ModelSettings
    _known: dict[tuple[Month, tuple[str, ...]], Numbers] = field(default_factory=dict)

    def p(self, month: Month, features: Sequence[str]) -> Numbers:
        """Probabilities of the month's rows by trees of all earlier months."""
        key = month, tuple(features)
        if key not in self._known:
            train, test = (self.sample.of(*months) for months in (self.before(month), (month,)))
            trees = _classifier(self.settings)
            weights = train[WEIGHT].to_numpy()
            trees.fit(self.sample.matrix(train, features), train[LABEL].to_numpy(), sample_weight=weights)
            self._known[key] = np.asarray(trees.predict_proba(self.sample.matrix(test, features))[:, 1], dtype=float)
        return self._known[key]

    def before(self, month: Month) -> tuple[Month, ...]:
        """The sample's months before a month."""
        return tuple(each for each in self.sample.months.all if each < month)


def benchmark(sample: Sample, names: Sequence[str], *, confidence: float) -> dict[str, Any]:
    """Logistic regression on a few number features against the model, both on the sampled users of the test month.

    Features are log-scaled with their sign and standardised; a missing value is the median.
    """
    train, test = sample.of(*sample.months.train), sample.of(sample.months.test)
    why_not = _why_not(train, test)
    if why_not or not names:
        return {"features": list(names), "reason": why_not or "no feature is a number"}
    regression = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        FunctionTransformer(_log_scaled),
        StandardScaler(),
        LogisticRegression(max_iter=500),
    )
    own = {"logisticregression__sample_weight": train[WEIGHT].to_numpy()}
    regression.fit(sample.matrix(train, names), train[LABEL].to_numpy(), **own)
    p = regression.predict_proba(sample.matrix(test, names))[:, 1]
    return {"features": list(names), **_compared(test, test["p"].to_numpy(), p, confidence)}


def backtest(refits: Refits, *, months: int) -> list[dict[str, Any]]:
    """Trees refitted as of each of the newest months and tested on it, oldest first; a row per month.

    roc_auc with its interval; log_loss_against_base_rate: less that of the training rows' base rate, below 0 is better.
    """
    sample, rows = refits.sample, []
    confidence = refits.settings.gate.confidence
    for month in sample.months.all[max(1, len(sample.months.all) - months) :]:
        before = refits.before(month)
        train, test = sample.of(*before), sample.of(month)
        row: dict[str, Any] = {"month": str(month), "months_before": len(before), "users": len(test)}
        if why_not := _why_not(train, test):
            rows.append({**row, "reason": why_not})
            continue
        bins = bins_of(test, refits.p(month, sample.used))
        base_rate = float(np.average(train[LABEL], weights=train[WEIGHT]))
        area = ranking.area(bins, confidence=confidence)
        loss = ranking.log_loss(bins, confidence=confidence, against=base_rate)
        row["base_rate"] = bins.base_rate
        row |= ranking.ends("roc_auc", area)
        row |= ranking.ends("log_loss_against_base_rate", loss)
        rows.append(row)
    return rows


def left_out(refits: Refits, *, sensitive: Sequence[str]) -> list[dict[str, Any]]:
    """What the model's features rank better than without some of them, and than with those that are excluded.

    roc_auc_cost: area with the features less area without them; above 0 their absence costs.
    """
    used, trials = list(refits.sample.used), []
    if there := [name for name in sensitive if name in used]:
        trials.append(("sensitive", there, used, [name for name in used if name not in there]))
    if excluded := list(refits.settings.excluded_features):
        trials.append(("model.excluded_features", excluded, [*used, *excluded], used))
    return [{"what": what, "features": names, **_cost(refits, rich, poor)} for what, names, rich, poor in trials]


def number_features(sample: Sample, importances: Sequence[str], most: int) -> list[str]:
    """The numbers that the trees use most."""
    return [name for name in importances if name not in sample.texts][:most]


def _cost(refits: Refits, rich: Sequence[str], poor: Sequence[str]) -> dict[str, Any]:
    sample, month = refits.sample, refits.sample.months.test
    test = sample.of(month)
    if why_not := _why_not(sample.of(*sample.months.train), test) or ("" if poor else "no feature would be left"):
        return {"reason": why_not}
    both, weights = [refits.p(month, names) for names in (rich, poor)], test[WEIGHT]
    found = ranking.area_difference(test[LABEL], *both, weights=weights, confidence=refits.settings.gate.confidence)
    assert found is not None
    cost = ranking.ends("roc_auc_cost", ranking.Figure(found.difference, found.low, found.high))
    return {"roc_auc_with": found.first, "roc_auc_without": found.second, **cost}


def _compared(test: pd.DataFrame, ours: Numbers, theirs: Numbers, confidence: float) -> dict[str, Any]:
    found = ranking.area_difference(test[LABEL], ours, theirs, weights=test[WEIGHT], confidence=confidence)
    assert found is not None
    losses = [ranking.log_loss(bins_of(test, p), confidence=confidence) for p in (ours, theirs)]
    return {
        "users": len(test),
        "roc_auc": found.second,
        "roc_auc_of_model": found.first,
        **ranking.ends("roc_auc_difference", ranking.Figure(found.difference, found.low, found.high)),
        "log_loss_difference": losses[0].value - losses[1].value if losses[0] and losses[1] else None,
    }


def _classifier(settings: ModelSettings) -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(
        n_estimators=settings.trees.max_iter,
        max_depth=settings.trees.max_depth,
        learning_rate=settings.trees.step_size,
        max_bin=settings.trees.max_bins,
        min_child_weight=settings.trees.min_instances_per_node / 4,  # a row weighs p (1 - p), at most a quarter
        subsample=settings.trees.subsampling_rate,
        tree_method="hist",
        random_state=settings.seed % 2**31,
        n_jobs=1,
        verbosity=0,
    )


def _why_not(train: pd.DataFrame, test: pd.DataFrame) -> str:
    return "; ".join(_too_few(train, "earlier months") + _too_few(test, "the month itself"))


def _too_few(rows: pd.DataFrame, of: str) -> list[str]:
    events = int(rows[LABEL].sum())
    fewest = min(events, len(rows) - events)
    return [f"{fewest} sampled users of the rarer outcome in {of}, {_FEWEST} are needed"] if fewest < _FEWEST else []


def _log_scaled(values: Numbers) -> Numbers:
    return np.sign(values) * np.log1p(np.abs(values))
