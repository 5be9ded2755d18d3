"""Is a lift calibrated on a later month, does it rank, is it no worse than the champion's? The rules that decide."""

from collections.abc import Sequence
from math import hypot
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.model.examples import LABEL
from reactivation.model.gate import REFIT, Gate, Recipe
from reactivation.model.lift_fit import PSEUDO, Line
from reactivation.model.lift_rows import IS_TREATED
from reactivation.model.paired import LossDifference, from_moments
from reactivation.model.score import LEARNT
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import Said
from reactivation.statistics.uplift_curves import Decile, uplifts

THEIRS = "champions_lift"


def decide(
    calibration: Line,
    judged: Line,
    against: LossDifference | None,
    *,
    not_compared: str | None,
    margin: float,
    recipe: Recipe = REFIT,
    confidence: float = 0.95,
) -> Gate:
    """Whether lifts may count; the reasons, all of them, where they may not.

    against: at a confidence. recipe, margin: see `gate.Recipe.held`.
    """
    if against is not None:
        against, margin = recipe.held(against, margin=margin, confidence=confidence)
    wrong: list[str] = []
    if calibration.slope is None or calibration.slope <= 0:
        found = "all lifts are alike" if calibration.slope is None else f"the slope is {calibration.slope:.3g}"
        wrong.append(f"calibration keeps no order: {found}")
    elif judged.slope is None or judged.low is None or judged.high is None:
        wrong.append("all lifts of the judging month are alike")
    else:
        ends = f"({judged.low:.3g} to {judged.high:.3g})"
        if judged.low <= 0:
            wrong.append(f"the lifts found do not surely rise with the learnt ones: slope {judged.slope:.3g} {ends}")
        if not judged.low <= 1 <= judged.high:
            wrong.append(f"the lifts are not calibrated: slope {judged.slope:.3g} {ends}, must hold 1")
    if against is not None and (against.high is None or against.high >= margin):
        high = "unknown" if against.high is None else f"up to {against.high:.2g}"
        wrong.append(f"squared error may be worse than the champion's: by {high}, must stay below {margin:g}")
    if wrong or not_compared:
        told = [] if not_compared is None else [f"it cannot be compared with the champion: {not_compared}"]
        return Gate(False, tuple(map(Said, (*wrong, *told))), is_overrulable=not wrong, recipe=recipe)
    found = f"slope {judged.slope:.3g} ({judged.low:.3g} to {judged.high:.3g}) holds 1 and excludes 0"
    return Gate(True, (Said(found),), recipe=recipe)


def refutation(champion: Line, calibration_reach: float) -> str | None:
    """Why a live lift may not be believed any longer, by a month later than the one that judged it; None: it may.

    It is refuted where 1 is further from the slope than chance takes it: that of the later month and, since all its
    lifts are multiples of one calibrated slope, that of the month which calibrated it (`Scorer.calibration_reach`). An
    interval that holds 1 and 0 as well is too wide to refute what an earlier month has shown.
    """
    if champion.slope is None or champion.high is None:
        return None
    reach = hypot(champion.high - champion.slope, calibration_reach)
    if abs(champion.slope - 1) <= reach:
        return None
    ends = f"{champion.slope - reach:.3g} to {champion.slope + reach:.3g}"
    return f"slope {champion.slope:.3g} ({ends}, with the error of its calibration) does not hold 1"


def against(scored: DataFrame, *, confidence: float) -> LossDifference:
    """Squared error of the lifts less that of the champion's, both against the pseudo-outcomes; below 0 is better."""
    ours, theirs = ((F.col(PSEUDO) - F.col(name)) ** 2 for name in (LEARNT, THEIRS))
    more = ours - theirs
    row = scored.agg(F.count(more).alias("n"), F.avg(more).alias("mean"), F.var_samp(more).alias("v")).collect()[0]
    return from_moments(row.n, row["mean"], row.v, confidence=confidence)


def deciles(scored: DataFrame, number: int) -> list[Decile]:
    """Users of one month by decile of their lift, which equal lifts share; all have the same probability of a side."""
    cuts = scored.agg(F.percentile_approx(LEARNT, [n / number for n in range(1, number)], 10_000)).collect()[0][0]
    above = F.size(F.filter(F.lit(cuts).cast("array<double>"), lambda cut: F.col(LEARNT) > cut))
    sums = [F.count("*").alias("users"), F.sum(LABEL).alias("events")]
    rows = scored.groupBy((F.lit(number) - above).alias("decile"), IS_TREATED).agg(*sums).collect()
    sides = {(row.decile, row[IS_TREATED]): Share(row.events, row.users) for row in rows}
    found = []
    for decile in sorted({decile for decile, _ in sides}):
        touched, held_out = (sides.get((decile, side), Share(0, 0)) for side in (1.0, 0.0))
        found.append(Decile(decile, int(touched.users + held_out.users), touched, held_out))
    return found


def bands(deciles: Sequence[Decile], *, alpha: float) -> list[dict[str, Any]]:
    """What was found in each decile, for people to look at: they decide nothing."""
    found = uplifts(deciles, alpha=alpha, minimum_events=1) if deciles else []
    return [
        {
            "decile": decile.number,
            "n_touched": one.n_treatment,
            "n_held_out": one.n_control,
            "lift": one.difference,
            "low": one.difference_low,
            "high": one.difference_high,
            "reason": one.reason,
        }
        for decile, one in zip(deciles, found, strict=True)
    ]
