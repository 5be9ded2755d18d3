"""Tiers: bands of calibrated scores, and what each band has shown in past months, decide how its users are treated.

A tier stands until evidence speaks against it: a band goes to another one only where the interval of what was seen
excludes the threshold that lies between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.tiers.evidence import Evidence
from reactivation.campaign.tiers.settings import TierSettings
from reactivation.campaign.tiers.untouched import HELD_OUT
from reactivation.contracts import derived
from reactivation.statistics.said import Said, columns, combined, said
from reactivation.statistics.shrinkage import IntervalEstimate

Ends = tuple[float, float]
"""Lowest and highest score of a band: by them a band is known again next month."""


class Decision(NamedTuple):
    """The tier of a band. basis: observed, kept or assumed. reason: why, in words that know their codes."""

    tier: str
    basis: str
    reason: Said


def band(p_active: Column, settings: TierSettings) -> Column:
    """Number of the band, 1 is the highest; who has no score is in the lowest."""
    above = [F.when(F.coalesce(p_active, F.lit(0.0)) < border, 1).otherwise(0) for border in settings.band_borders]
    return sum(above, start=F.lit(1)).cast("int")


def standing(bands: DataFrame) -> dict[Ends, str]:
    """Tiers of the newest cycle in some rows of `tier_bands`, by the ends of the bands; empty where there are none."""
    rows = bands.select("cycle", "score_low", "score_high", "tier").collect()
    newest = max((row.cycle for row in rows), default=None)
    return {(row.score_low, row.score_high): row.tier for row in rows if row.cycle == newest}


def decide(
    users: Mapping[int, int], evidence: Mapping[int, Evidence], settings: TierSettings, *, before: Mapping[Ends, str]
) -> list[dict[str, Any]]:
    """Rows of `tier_bands` without the cycle, the highest band first.

    users: low-activity users per band. before: the tiers that stand (`standing`); a band that is not among them, as
    when conf has cut the bands anew, begins with the assumed one.
    """
    rows = []
    for number, (low, high) in enumerate(settings.bands, start=1):
        seen = evidence.get(number, Evidence())
        assumed = assumed_tier(low, settings)
        stands = before.get((low, high), assumed)
        found = decided(seen, stands, is_assumed=stands == assumed, settings=settings)
        conversion, lift = _columns("conversion_untouched", seen.conversion), _columns("lift_touched", seen.lift)
        rows.append(
            {
                "band": number,
                "score_low": low,
                "score_high": high,
                "users": users.get(number, 0),
                "n_untouched": seen.n_untouched,
                "effective_untouched": seen.effective_untouched,
                **conversion,
                "n_touched": seen.n_touched,
                "n_compared": seen.n_compared,
                "effective_compared": seen.effective_compared,
                **lift,
                "expected_gain": seen.expected_lift,
                **found._asdict(),
                "reason": str(found.reason),
                **columns(found.reason),
            }
        )
    return rows


def decided(seen: Evidence, stands: str, *, is_assumed: bool, settings: TierSettings) -> Decision:
    """The tier of a band that stands as one, by what was seen of it.

    natural_converter: surely converts by itself, and surely is not moved by as much as the registered minimum.
    low_potential: surely hardly converts, and is not surely moved. high_potential: the rest, and whoever surely is
    moved, however many convert by themselves. Unsure is whatever has a threshold within its interval: then the band
    stays what it is, unless another threshold surely speaks against that. is_assumed: what stands is what conf assumes.
    """
    if seen.effective_untouched < settings.minimum_users:
        seen = replace(seen, conversion=None)
    tier = _by_evidence(seen, stands, settings)
    if tier is not None:
        was = said("tier_changed", f"was {stands}", tier=stands)
        follows = said("tier_confirmed", "confirmed") if tier == stands else was
        return Decision(tier, "observed", _because(seen, follows, settings))
    if is_assumed and seen.conversion is None and seen.lift is None:
        return Decision(stands, "assumed", _because(seen, said("tier_assumed", "taken from conf"), settings))
    return Decision(stands, "kept", _because(seen, said("tier_kept", "stays as it stood"), settings))


def assumed_tier(score_low: float, settings: TierSettings) -> str:
    """The tier of a band of which nothing is known, by the borders of conf."""
    if score_low >= settings.assumed_natural_from:
        return "natural_converter"
    return "high_potential" if score_low >= settings.assumed_high_from else "low_potential"


def gains(rows: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """What touching is expected to add in each high-potential band that has users; empty while one of them is unknown.

    rows: of `tier_bands`.
    """
    wanted = [row for row in rows if row["tier"] == "high_potential" and row["users"]]
    known = {row["band"]: row["expected_gain"] for row in wanted if row["expected_gain"] is not None}
    return known if len(known) == len(wanted) else {}


def band_sizes(scores: DataFrame, settings: TierSettings) -> dict[int, int]:
    """Low-activity users per band."""
    counted = scores.groupBy(band(F.col("p_active"), settings).alias("band")).count()
    return {row.band: int(row["count"]) for row in counted.collect()}


def of_users(scores: DataFrame, bands: Sequence[Mapping[str, Any]], *, cycle: str, settings: TierSettings) -> DataFrame:
    """The tier of each low-activity user: `tiers`. Grain and key: cycle, user_id."""
    number = F.col("band")
    tier = F.coalesce(*[F.when(number == row["band"], F.lit(row["tier"])) for row in bands])
    numbered = scores.select("user_id", band(F.col("p_active"), settings).alias("band"))
    return derived.TIERS_TABLE.select(numbered.withColumns({"tier": tier, "cycle": F.lit(cycle)}))


def base_rates(arms: DataFrame, outcomes: DataFrame, columns: Mapping[str, str]) -> dict[str, float | None]:
    """Share of the held out of past months with each outcome (metric: column of `outcomes`); None while unknown."""
    held_out = arms.where(F.col("touch").isin(*HELD_OUT)).select("cycle", "user_id")
    shares = [F.avg(F.col(column).cast("int")).alias(metric) for metric, column in columns.items()]
    return outcomes.join(held_out, ["cycle", "user_id"], "left_semi").agg(*shares).collect()[0].asDict()


def _by_evidence(seen: Evidence, stands: str, settings: TierSettings) -> str | None:
    """The tier that surely holds, or that follows when the standing one surely does not; None: nothing is sure."""
    natural, low = settings.natural_conversion_from, settings.low_conversion_below
    is_natural, is_not_low = _is_above(seen.conversion, natural), _is_above(seen.conversion, low)
    is_moved = _is_above(seen.lift, settings.minimum_lift_share)
    if is_moved:
        return "high_potential"
    if is_natural and is_moved is False:
        return "natural_converter"
    if is_not_low is False:
        return "low_potential"
    if is_not_low and is_natural is False:
        return "high_potential"
    leaves = (stands == "natural_converter" and is_natural is False) or (stands == "low_potential" and is_not_low)
    return "high_potential" if leaves else None


def _is_above(interval: IntervalEstimate | None, threshold: float) -> bool | None:
    """True or False where the interval lies on one side of a threshold; None where it does not, or is not known."""
    if interval is None or interval.low < threshold <= interval.high:
        return None
    return interval.low >= threshold


def _because(seen: Evidence, follows: Said, settings: TierSettings) -> Said:
    """What was seen of a band, and what follows from it, as one text."""
    low, natural = settings.low_conversion_below, settings.natural_conversion_from
    least, few = settings.minimum_lift_share, settings.minimum_users
    wanted = f"(below {few} effective users)"
    alone = said("tier_few_untouched", f"too few untouched {wanted}", users=few)
    if seen.conversion is not None:
        told = f"untouched convert {_span(seen.conversion)} ({low:g} and {natural:g} matter)"
        alone = said("tier_untouched", told, below=low, natural=natural, **_ends(seen.conversion))
    moved = said("tier_few_compared", f"too few touched or held out {wanted}", users=few)
    if seen.lift is not None:
        told = f"touch adds {_span(seen.lift)} ({least:g} matters)"
        moved = said("tier_moved", told, least=least, **_ends(seen.lift))
    return combined(f"{alone}; {moved}: {follows}", [alone, moved, follows])


def _span(interval: IntervalEstimate) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def _ends(interval: IntervalEstimate) -> dict[str, float]:
    return {"low": float(interval.low), "high": float(interval.high)}


def _columns(name: str, interval: IntervalEstimate | None) -> dict[str, float | None]:
    ends = (None, None, None) if interval is None else interval
    return dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
