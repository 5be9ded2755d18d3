"""What each option did in each wave, learnt from the exploration draws alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.experiment.estimates import compare
from reactivation.experiment.proportions import Share, effective
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month

KEY = ("tier", "wave", "channel", "benefit")


def exploration(wave_plan: DataFrame, *, outcomes: DataFrame, tiers: DataFrame) -> DataFrame:
    """Aggregate one cycle's exploration draws to sums of weights, for `response`.

    Grain and key: tier, wave, channel, benefit, has_option: those who drew the option, and those who drew none but
    could have drawn it. A user who drew none speaks for every option that was open to the user, and for no other, so
    that both sides of a comparison are the same kind of users. Every draw weighs 1 / propensity.
    The outcome is `is_active` over the whole outcome window: what a user did before the wave is alike in all draws,
    because the draw came after it; it adds noise but no difference, and one outcome serves every wave.
    """
    has_option = F.col("channel") != "none"
    own = F.array(F.concat_ws("/", "channel", "benefit"))
    speaks_for = F.when(has_option, own).otherwise(F.array_distinct(F.split("drawn_from", " ")))
    drawn = wave_plan.where(F.col("is_exploration") & (F.col("propensity") > 0)).select(
        "user_id",
        "wave",
        has_option.alias("has_option"),
        (1 / F.col("propensity")).alias("weight"),
        F.explode(speaks_for).alias("option"),
    )
    return (
        drawn.join(outcomes.select("user_id", "is_active"), "user_id", "inner")
        .join(tiers.select("user_id", "tier"), "user_id", "inner")
        .withColumns(
            {name: F.split_part("option", F.lit("/"), F.lit(i)) for i, name in ((1, "channel"), (2, "benefit"))}
        )
        .groupBy(*KEY, "has_option")
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
    sizes. Not estimable where nobody drew the option or none, or where there are too few.
    """
    sides = {(tuple(row[name] for name in KEY), row["has_option"]): row for row in draws}
    return [
        _row(key, sides.get((key, True)), sides.get((key, False)), cycle=cycle, settings=settings)
        for key in sorted({key for key, _ in sides})
    ]


def _row(
    key: tuple[str, ...],
    drew: Mapping[str, Any] | None,
    drew_none: Mapping[str, Any] | None,
    *,
    cycle: Month,
    settings: ExperimentSettings,
) -> dict[str, Any]:
    found = compare(
        _share(drew), _share(drew_none), alpha=settings.alpha, minimum_events=settings.minimum_expected_events
    )
    return {
        "cycle": str(cycle),
        **dict(zip(KEY, key, strict=True)),
        "n_treatment": drew["users"] if drew else 0,
        "n_control": drew_none["users"] if drew_none else 0,
        "lift": found.difference,
        "lift_low": found.difference_low,
        "lift_high": found.difference_high,
        "status": found.status,
        "reason": found.reason,
    }


def _share(row: Mapping[str, Any] | None) -> Share:
    if row is None:
        return Share(0.0, 0.0)
    return effective(events=row["events"], total=row["total"], squares=row["squares"])
