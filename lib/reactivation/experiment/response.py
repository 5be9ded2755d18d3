"""The lift of each option in each wave, learnt from the exploration draws of all months so far and nothing else."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import sqrt
from typing import Any, Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.stats import t

from reactivation import clusters, randomization
from reactivation.contracts.derived import HALVES
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month
from reactivation.statistics.estimates import why_not_estimable
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import columns, said

KEY = ("tier", "wave", "channel", "benefit")
HALF, OUTCOME = "half", "outcome"
ACTIVE, ASSETS = "is_active", "has_asset_uplift"
"""What an option may move: outcomes of `exploration`."""
_FIGURES = ("lift", "standard_error", "control_error")
_ONE_USER = said("nobody_there", "one user is no sample")


def exploration(
    wave_plan: DataFrame,
    *,
    outcomes: DataFrame,
    tiers: DataFrame,
    salt: str,
    leave_out: Collection[tuple[str, str]] = (),
    by: Literal["half", "cycle"] = "half",
    measured: Sequence[str] = (ACTIVE, ASSETS),
) -> DataFrame:
    """Sums over users of some cycles' exploration draws, for `response`: those of `clusters.sums`.

    Grain and key: tier, wave, channel, benefit, outcome, and half, or cycle for `by_month`. The three tables hold the
    same cycles; a tier is that of the month. The treatment are users who drew the option; the control are users who
    could have drawn it but drew `none`. A user who drew `none` is a control for every option that was open to the user,
    and for no other, so that both sides of a comparison are the same kind of users. Every draw weighs 1 / propensity. A
    user who was drawn in several months is one cluster, and in the same half in all of them, so the sums of both halves
    add up to those of all users. measured: the outcomes, flags over the whole outcome window, for every wave; of whom
    one is not known does not count in it. What users did before the wave adds noise but no difference, because the draw
    came later. salt: of the draw of halves. leave_out: cycles and waves whose draws teach nothing of an option
    (`learnt_options.left_out`).
    """
    is_left_out = F.concat_ws(" ", "cycle", "wave").isin([f"{cycle} {wave}" for cycle, wave in leave_out])
    has_option = F.col("channel") != "none"
    own = F.array(F.concat_ws("/", "channel", "benefit"))
    speaks_for = F.when(has_option, own).otherwise(F.array_distinct(F.split("drawn_from", " ")))
    drawn = wave_plan.where(F.col("is_exploration") & (F.col("propensity") > 0) & ~is_left_out).select(
        "cycle",
        "user_id",
        "wave",
        has_option.alias("is_treatment"),
        (1 / F.col("propensity")).alias("weight"),
        F.explode(speaks_for).alias("option"),
    )
    known = (
        drawn.join(outcomes.select("cycle", "user_id", *measured), ["cycle", "user_id"])
        .join(tiers.select("cycle", "user_id", "tier"), ["cycle", "user_id"])
        .withColumns(
            {name: F.split_part("option", F.lit("/"), F.lit(i)) for i, name in ((1, "channel"), (2, "benefit"))}
        )
        .withColumn(HALF, randomization.draw(randomization.bucket(salt), dict.fromkeys(HALVES, 1 / len(HALVES))))
    )
    each = F.array(*[F.struct(F.lit(name).alias(OUTCOME), F.col(name).alias("is_event")) for name in measured])
    told = known.select(*KEY, by, "user_id", "is_treatment", "weight", F.inline(each))
    return clusters.sums(told.where(F.col("is_event").isNotNull()), (*KEY, OUTCOME, by))


def by_month(sums: Iterable[Mapping[str, Any]], *, settings: ExperimentSettings) -> list[dict[str, Any]]:
    """Each option against none in each month: as `response`, without halves. sums: of `exploration` by cycle."""
    names = ("cycle", *KEY)
    return [{**{name: row[name] for name in names}, **_estimated(clusters.pair(row), settings)} for row in sums]


def response(
    sums: Iterable[Mapping[str, Any]],
    *,
    cycle: Month,
    months: int,
    settings: ExperimentSettings,
) -> list[dict[str, Any]]:
    """Each option against none, within tier and wave, as rows of the contract `response`.

    sums: the rows of `exploration`; those of assets give `asset_lift` and its errors alone. months: how many cycles
    they are of. Shares are Hájek's weighted means; their difference has the cluster-robust error of
    `clusters.WeightedComparison` and Student's quantile with as many degrees of freedom as there are users, less one.
    Not estimable where nobody drew the option or none, or where too few did, in effective users. Each half of the users
    is estimated by itself as well; null where the half cannot be.
    """
    rows = list(sums)
    of_assets = {key: _whole(halves, settings) for key, halves in _by_option(rows, ASSETS).items()}
    return [
        {
            "cycle": str(cycle),
            **dict(zip(KEY, key, strict=True)),
            "months": months,
            **_whole(halves, settings),
            **_of_halves(halves, settings),
            **{f"asset_{name}": of_assets.get(key, {}).get(name) for name in _FIGURES},
        }
        for key, halves in sorted(_by_option(rows, ACTIVE).items())
    ]


def _by_option(sums: Iterable[Mapping[str, Any]], outcome: str) -> dict[tuple[str, ...], dict[str, Mapping[str, Any]]]:
    """The rows of `exploration` of one outcome by option, and there by half."""
    found: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in sums:
        if row[OUTCOME] == outcome:
            found[tuple(row[name] for name in KEY)][row[HALF]] = row
    return found


def _whole(halves: Mapping[str, Mapping[str, Any]], settings: ExperimentSettings) -> dict[str, Any]:
    """The estimate from all users of an option."""
    numbers = set(next(iter(halves.values()))) - {*KEY, OUTCOME, HALF}
    whole = {name: sum(row[name] for row in halves.values()) for name in numbers}
    return _estimated(clusters.pair(whole), settings)


def _of_halves(halves: Mapping[str, Mapping[str, Any]], settings: ExperimentSettings) -> dict[str, Any]:
    """Columns `lift_first`, `standard_error_first` and so on."""
    each = {half: _estimated(clusters.pair(row), settings) for half, row in halves.items()}
    return {f"{name}_{half}": each.get(half, {}).get(name) for half in HALVES for name in _FIGURES}


def _estimated(pair: clusters.WeightedComparison, settings: ExperimentSettings) -> dict[str, Any]:
    found = {"n_treatment": pair.treatment.users, "n_control": pair.control.users}
    reason = why_not_estimable(
        _share(pair.treatment), _share(pair.control), minimum_events=settings.minimum_expected_events
    )
    lift, error = pair.difference, pair.standard_error
    if reason or lift is None or error is None:
        unknown = dict.fromkeys(("lift", "lift_low", "lift_high", "standard_error", "control_error"))
        why = reason or _ONE_USER
        return {**found, **unknown, "status": "not_estimable", "reason": str(why), **columns(why)}
    reach = float(t.isf(settings.alpha / 2, pair.users - 1)) * error
    ends = {"lift": lift, "lift_low": lift - reach, "lift_high": lift + reach, "standard_error": error}
    ends["control_error"] = sqrt(pair.control_variance or 0.0)
    return {**found, **ends, "status": "estimated", "reason": None, **columns(None)}


def _share(side: clusters.WeightedShare) -> Share:
    return Share((side.rate or 0.0) * side.effective, side.effective)
