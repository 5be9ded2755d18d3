"""Tiers: bands of calibrated scores, and what each band has shown in past months, decide how its users are treated.

A band is evidence only by randomised comparison: the untouched are those whom assignment barred from all contact, never
those who were open to contact and received nothing. The cluster counts, the decision is arithmetic on a few numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.settings import TierSettings
from reactivation.tables import derived


class Seen(NamedTuple):
    """What one cell of one past month showed in one band: users, and how many of them became active.

    untouched: holdout and long holdout. selected_touched, selected_holdout: the picked, by the month's draw.
    """

    cycle: str
    policy: str
    band: int
    users: int
    untouched: int
    untouched_active: int
    selected_touched: int
    selected_touched_active: int
    selected_holdout: int
    selected_holdout_active: int


@dataclass(frozen=True)
class Evidence:
    """What all past months together showed in one band; None where nobody was seen."""

    n_untouched: int = 0
    conversion_untouched: float | None = None
    n_touched: int = 0
    n_compared: int = 0
    lift_touched: float | None = None


def band(p_active: Column, settings: TierSettings) -> Column:
    """Number of the band, 1 is the highest; who has no score is in the lowest."""
    above = [F.when(F.coalesce(p_active, F.lit(0.0)) < border, 1).otherwise(0) for border in settings.band_borders]
    return sum(above, start=F.lit(1)).cast("int")


def observe(scores: DataFrame, arms: DataFrame, outcomes: DataFrame, *, settings: TierSettings) -> list[Seen]:
    """Count past months by month, cell and band, from the scores written before each of them.

    All three tables hold the same settled months with a registered experiment; at most months x cells x bands rows
    reach the driver. Users of the cell `none` were not drawn and are no evidence; so are unrandomised months.
    """
    in_cell = arms.where(F.col("touch").isNotNull() & ~F.col("cycle").isin(*settings.unrandomised_cycles))
    seen = (
        in_cell.select("cycle", "user_id", "policy", "is_selected", "touch")
        .join(scores.select("cycle", "user_id", band(F.col("p_active"), settings).alias("band")), ["cycle", "user_id"])
        .join(outcomes.select("cycle", "user_id", "is_active"), ["cycle", "user_id"])
    )
    is_untouched = F.col("touch").isin("holdout", "long_holdout")
    is_touched, is_held = (F.col("is_selected") & (F.col("touch") == touch) for touch in ("touched", "holdout"))
    counts = [c for group in (is_untouched, is_touched, is_held) for c in (group, group & F.col("is_active"))]
    table = seen.groupBy("cycle", "policy", "band").agg(F.count("*"), *[F.count_if(c) for c in counts])
    return sorted(Seen(*row) for row in table.collect())


def weigh(seen: Sequence[Seen], *, bands: int) -> dict[int, Evidence]:
    """Pool months and cells; everybody weighs 1 / P(his touch in his month and cell).

    P is counted, not read from conf, which may have changed since: touch is drawn alike for all users of a cell, so the
    share of the untouched in a month's cell is their probability.
    lift: the selected touched against the selected holdouts, the comparison that chance made.
    """
    cells = {(s.cycle, s.policy) for s in seen}
    whole = {cell: _total([s for s in seen if (s.cycle, s.policy) == cell]) for cell in cells}
    return {number: _pool([s for s in seen if s.band == number], whole) for number in range(1, bands + 1)}


def decide(users: Mapping[int, int], evidence: Mapping[int, Evidence], settings: TierSettings) -> list[dict[str, Any]]:
    """Rows of `tier_bands` without the cycle, the highest band first. users: low-activity users per band."""
    borders = [0.0, *settings.band_borders, 1.0]
    intervals = list(reversed(list(pairwise(borders))))
    rows = []
    for number, (low, high) in enumerate(intervals, start=1):
        seen = evidence.get(number, Evidence())
        observed = observed_tier(seen, settings)
        rows.append(
            {
                "band": number,
                "score_low": low,
                "score_high": high,
                "users": users.get(number, 0),
                "n_untouched": seen.n_untouched,
                "conversion_untouched": seen.conversion_untouched,
                "n_touched": seen.n_touched,
                "lift_touched": seen.lift_touched,
                "tier": observed or assumed_tier(low, settings),
                "basis": "observed" if observed else "assumed",
            }
        )
    return rows


def observed_tier(seen: Evidence, settings: TierSettings) -> str | None:
    """The tier that the evidence speaks for; None where too few untouched users were seen.

    A band that contacts have moved is high_potential, however many convert by themselves. One that was not moved, or
    where too few were touched to say so, goes by what its untouched users do.
    """
    if seen.conversion_untouched is None or seen.n_untouched < settings.minimum_users:
        return None
    is_lift_known = min(seen.n_touched, seen.n_compared) >= settings.minimum_users and seen.lift_touched is not None
    if is_lift_known and seen.lift_touched is not None and seen.lift_touched >= settings.minimum_lift_share:
        return "high_potential"
    if seen.conversion_untouched >= settings.natural_conversion_from:
        return "natural_converter"
    return "low_potential" if seen.conversion_untouched < settings.low_conversion_below else "high_potential"


def assumed_tier(score_low: float, settings: TierSettings) -> str:
    """The tier of a band of which nothing is known, by the borders of conf."""
    if score_low >= settings.assumed_natural_from:
        return "natural_converter"
    return "high_potential" if score_low >= settings.assumed_high_from else "low_potential"


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
    """Share of the untouched of past months with each outcome (metric: column of `outcomes`); None while unknown."""
    untouched = arms.where(F.col("touch").isin("holdout", "long_holdout")).select("cycle", "user_id")
    shares = [F.avg(F.col(column).cast("int")).alias(metric) for metric, column in columns.items()]
    return outcomes.join(untouched, ["cycle", "user_id"], "left_semi").agg(*shares).collect()[0].asDict()


def _total(rows: Iterable[Seen]) -> Seen:
    rows = list(rows)
    counts = zip(*[row[3:] for row in rows], strict=True)
    return Seen(rows[0].cycle, rows[0].policy, 0, *(sum(column) for column in counts))


def _pool(rows: Sequence[Seen], whole: Mapping[tuple[str, str], Seen]) -> Evidence:
    """Evidence of one band from its rows in each month and cell; `whole` has that month and cell over all bands."""
    pairs = [(row, whole[row.cycle, row.policy]) for row in rows]
    untouched = _rate((r.untouched, r.untouched_active, w.untouched, w.users) for r, w in pairs)
    touched = _rate((r.selected_touched, r.selected_touched_active, w.selected_touched, _drawn(w)) for r, w in pairs)
    held = _rate((r.selected_holdout, r.selected_holdout_active, w.selected_holdout, _drawn(w)) for r, w in pairs)
    return Evidence(
        n_untouched=sum(r.untouched for r in rows),
        conversion_untouched=untouched,
        n_touched=sum(r.selected_touched for r in rows),
        n_compared=sum(r.selected_holdout for r in rows),
        lift_touched=None if touched is None or held is None else touched - held,
    )


def _drawn(whole: Seen) -> int:
    return whole.selected_touched + whole.selected_holdout


def _rate(groups: Iterable[tuple[int, int, int, int]]) -> float | None:
    """Share active of users who weigh 1 / P, P being chosen / drawn of their month and cell; None where nobody is.

    groups: users, those active, chosen, drawn. Fractions, so that the order of the groups changes no digit.
    """
    known = [(users, active, Fraction(drawn, chosen)) for users, active, chosen, drawn in groups if chosen]
    whole = sum((users * weight for users, _, weight in known), start=Fraction(0))
    return float(sum((active * weight for _, active, weight in known), start=Fraction(0)) / whole) if whole else None
