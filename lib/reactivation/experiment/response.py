"""What each option did in each wave, learnt from the exploration draws alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.experiment.estimates import compare
from reactivation.experiment.proportions import Share, effective
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month

PLACE = ("tier", "wave")
OPTION = ("channel", "benefit")
NONE = ("none", "none")


def exploration(wave_plan: DataFrame, *, outcomes: DataFrame, tiers: DataFrame) -> DataFrame:
    """Aggregate one cycle's exploration draws to one row per tier, wave and option: sums of weights, for `response`.

    Grain and key: tier, wave, channel, benefit; the row none, none are those who drew no contact. Every draw weighs
    1 / propensity, so that those who drew an option stand for all who could have. The outcome is `is_active` over the
    whole outcome window: what a user did before the wave is alike in all draws, because the draw came after it; it adds
    noise but no difference, and the same outcome serves every wave.
    """
    is_drawn = F.col("is_exploration") & (F.col("propensity") > 0)
    drawn = wave_plan.where(is_drawn).select("user_id", "wave", *OPTION, (1 / F.col("propensity")).alias("weight"))
    return (
        drawn.join(outcomes.select("user_id", "is_active"), "user_id", "inner")
        .join(tiers.select("user_id", "tier"), "user_id", "inner")
        .groupBy(*PLACE, *OPTION)
        .agg(
            F.count("*").alias("users"),
            F.coalesce(F.sum(F.when(F.col("is_active"), F.col("weight"))), F.lit(0.0)).alias("events"),
            F.sum("weight").alias("total"),
            F.sum(F.col("weight") * F.col("weight")).alias("squares"),
        )
    )


def response(draws: Iterable[Mapping[str, Any]], *, cycle: Month, settings: ExperimentSettings) -> list[dict[str, Any]]:
    """Each option against none, within tier and wave, as rows of the contract `response`.

    draws: the rows of `exploration`. Shares are Hájek's weighted means, their interval Newcombe's at the effective
    sizes. Not estimable where nobody drew none, or where there are too few.
    """
    known = {tuple(row[name] for name in (*PLACE, *OPTION)): row for row in draws}
    rows = []
    for key, row in sorted(known.items()):
        if key[2:] == NONE:
            continue
        against = known.get((*key[:2], *NONE))
        found = compare(
            _share(row), _share(against), alpha=settings.alpha, minimum_events=settings.minimum_expected_events
        )
        rows.append(
            {
                "cycle": str(cycle),
                **dict(zip((*PLACE, *OPTION), key, strict=True)),
                "n_treatment": row["users"],
                "n_control": against["users"] if against else 0,
                "lift": found.difference,
                "lift_low": found.difference_low,
                "lift_high": found.difference_high,
                "status": found.status,
                "reason": found.reason,
            }
        )
    return rows


def _share(row: Mapping[str, Any] | None) -> Share:
    if row is None:
        return Share(0.0, 0.0)
    return effective(events=row["events"], total=row["total"], squares=row["squares"])
