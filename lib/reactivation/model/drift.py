"""How far the population has moved: the stability index of each feature and of the score, on a sample."""

from typing import Any

import numpy as np
import pandas as pd

from reactivation.model.card_sample import Sample
from reactivation.statistics.score_bins import Numbers
from reactivation.statistics.stability import stability, stability_by_chance

SCORE = "score"
_TENTHS = np.linspace(0.1, 0.9, 9)
_MOST_TEXTS = 20


def drift(sample: Sample) -> list[dict[str, Any]]:
    """A row per feature and one for the score: its index of the newest month against training, and against the last.

    Bins are tenths of the training rows and one for missing values; of a text its twenty commonest values. by_chance:
    what equal populations would have on average. The largest against training comes first, the score before all.
    """
    newest, last = sample.recent
    train = sample.of(*sample.months.train)
    now, before = (sample.rows[sample.rows["cycle"] == month] for month in (newest, last))
    rows = []
    for name in (SCORE, *sample.used):
        column = "p" if name == SCORE else name
        places = _texts(train[column]) if name in sample.texts else _tenths(train[column])
        counts = [_counted(each[column], places, is_text=name in sample.texts) for each in (train, before, now)]
        rows.append(
            {
                "feature": name,
                "psi_training": stability(counts[0], counts[2]),
                "psi_last_month": stability(counts[1], counts[2]),
                "by_chance": stability_by_chance(len(counts[0]), len(train), len(now)),
                "missing_training": float(train[column].isna().mean()),
                "missing_now": float(now[column].isna().mean()),
            }
        )
    return sorted(rows, key=lambda row: (row["feature"] != SCORE, -(row["psi_training"] or 0.0), row["feature"]))


def _tenths(values: pd.Series) -> list[Any]:
    known = values.dropna().to_numpy(dtype=float)
    return [] if not len(known) else [float(edge) for edge in np.unique(np.quantile(known, _TENTHS))]


def _texts(values: pd.Series) -> list[Any]:
    return sorted(values.value_counts().index[:_MOST_TEXTS])


def _counted(values: pd.Series, places: list[Any], *, is_text: bool) -> Numbers:
    """Users per bin; the last bin holds missing values, and of a text the one before it all other texts."""
    known = values.dropna()
    if is_text:
        codes = pd.Categorical(known, categories=places).codes
        found = np.bincount(np.where(codes < 0, len(places), codes), minlength=len(places) + 1)
    else:
        found = np.bincount(
            np.searchsorted(places, known.to_numpy(dtype=float), side="left"), minlength=len(places) + 1
        )
    return np.append(found.astype(float), float(len(values) - len(known)))
