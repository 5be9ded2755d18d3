"""Ways to handle contacted users in training, compared on the same untouched users."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.errors import ModelError
from reactivation.model.evaluate import POPULATIONS, calibration_slope
from reactivation.model.examples import KEYS, LABEL, WEIGHT, Months, plain
from reactivation.model.score import Scorer, score
from reactivation.model.settings import ModelSettings
from reactivation.model.train import train
from reactivation.model.trained import Trained

FIELDS = ("contacted_months", "touched_rows")
"""The settings that say what becomes of months of other campaigns, and of users touched by our own."""
FIGURES = ("rows", "auc", "log_loss", "slope", "log_loss_less_usual", "low", "high")


def ways(settings: ModelSettings) -> list[ModelSettings]:
    """Conf's own way, then each that differs from it in one of `FIELDS`."""
    others = [
        settings.model_copy(update={field: value})
        for field in FIELDS
        for value in get_args(ModelSettings.model_fields[field].annotation)
        if value != getattr(settings, field)
    ]
    return [settings, *others]


def compared(
    examples_of: Callable[[ModelSettings], DataFrame], tried: Sequence[ModelSettings], *, months: Months, salt: str
) -> Iterator[dict[str, Any]]:
    """One row per way: the training months are weighed that way, the test month as the first way has it.

    examples_of: examples of all months, weighed as settings say. tried: the usual way first. log_loss_less_usual, low,
    high: mean difference of the log loss from the first way's, on the same rows (nats per user; above 0 is worse),
    with its paired interval.
    Figures are None where a way leaves nothing to train on, with the reason.
    """
    is_test = F.col("cycle") == str(months.test)
    test = plain(examples_of(tried[0])).where(is_test)
    usual: Scorer | None = None
    for way in tried:
        row = {**{field: getattr(way, field) for field in FIELDS}, **dict.fromkeys(FIGURES), "reason": None}
        taught = plain(examples_of(way)).where(~is_test)
        try:
            trained = train(taught.unionByName(test), months=months, salt=salt, settings=way, champion=usual)
        except ModelError as error:
            yield {**row, "reason": str(error)}
            continue
        scorer = Scorer("usual", trained.fitted.model, trained.fitted.features)
        yield {**row, **_figures(trained, scorer, test)}
        usual = usual or scorer


def _figures(trained: Trained, scorer: Scorer, test: DataFrame) -> dict[str, Any]:
    found, less = trained.quality["low_activity"], trained.against_champion
    return {
        "rows": sum(trained.rows.values()),
        "auc": found.auc,
        "log_loss": found.log_loss,
        "slope": _slope(scorer, test),
        "log_loss_less_usual": less.mean if less else None,
        "low": less.low if less else None,
        "high": less.high if less else None,
    }


def _slope(scorer: Scorer, test: DataFrame) -> float | None:
    low = test.where(POPULATIONS["low_activity"])
    scored = score(scorer.model, low, features=scorer.features, keep=[*KEYS, LABEL, WEIGHT]).persist()
    try:
        return calibration_slope(scored)
    finally:
        scored.unpersist()
