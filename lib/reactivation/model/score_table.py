"""Scored users of the test month, counted by group and narrow bin of their probability: one query, few numbers.

Curves, areas, losses and calibration of every group come from it, see `statistics.ranking`. Bins are 0.01 wide in
log-odds of the probability, from -10 to 10: two users of one bin differ by at most 1 % in their odds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from reactivation.model.card_settings import GroupSettings
from reactivation.model.examples import LABEL, WEIGHT
from reactivation.statistics.score_bins import ScoreBins

BINS, END = 2_000, 10.0
P_CHAMPION = "p_champion"
PICKED = "picked_by_model"
"""Column of the rows that says whom the month's campaign picked by the model of that time, where it is known."""
FEWEST = 20
"""Users of a group below which its figures would speak of single persons."""
PREFIX = "group_"
"""Of the columns that part users."""
OTHERS, UNKNOWN = "others", "not known"
WHOLE = "all"
LOW, EVERYBODY, CHAMPION = "low_activity", "everybody", "champion"
_SUMS = ("users", "events", "positives", "negatives", "positives_squared", "negatives_squared", "p_sum")


@dataclass(frozen=True)
class ScoreTable:
    """Counts of the test month.

    bins: by dimension and group. `low_activity` and `everybody` have the one group `all`; `champion` are the low-active
    by the champion's probability; the other dimensions are those of conf, of the low-active. picked: weight of
    those whom the month's campaign picked, by dimension and group; empty where nobody was. missing: dimensions whose
    column is not there.
    """

    bins: Mapping[tuple[str, str], ScoreBins]
    picked: Mapping[tuple[str, str], float]
    missing: tuple[str, ...] = ()

    @property
    def low(self) -> ScoreBins | None:
        return self.bins.get((LOW, WHOLE))

    @property
    def everybody(self) -> ScoreBins | None:
        return self.bins.get((EVERYBODY, WHOLE))

    @property
    def champion(self) -> ScoreBins | None:
        return self.bins.get((CHAMPION, WHOLE))


def card_facts(users: DataFrame, arms: DataFrame | None) -> DataFrame:
    """user_id, branch, and where the test month had arms whether its model picked the user.

    users: of the test month's spine. arms: of that month. Grain and key: user_id.
    """
    known = users.select("user_id", "branch")
    if arms is None:
        return known
    picked = known.join(arms.select("user_id", PICKED), "user_id", "left")
    return picked.withColumn(PICKED, F.coalesce(F.col(PICKED), F.lit(False)))


def group_columns(rows: DataFrame, groups: Mapping[str, GroupSettings]) -> dict[str, Column]:
    """The group of a user in each dimension whose column the rows have; numbers are cut into bands such as 25-34."""
    return {name: _band(group) for name, group in groups.items() if group.column in rows.columns}


def score_table(scored: DataFrame, *, dimensions: Sequence[str], missing: Sequence[str] = (), most: int) -> ScoreTable:
    """Count scored rows: `label`, `weight`, `p`, `is_low_activity`, a column per dimension; one query.

    `p_champion` and `picked_by_model` are counted where the rows have them. most: groups of a dimension; the largest
    stand alone, all others are `others`.
    """
    is_low, whole = F.col("is_low_activity"), F.lit(WHOLE)
    members = [_member(EVERYBODY, whole, F.col("p")), F.when(is_low, _member(LOW, whole, F.col("p")))]
    if P_CHAMPION in scored.columns:
        members.append(F.when(is_low, _member(CHAMPION, whole, F.col(P_CHAMPION))))
    members += [
        F.when(is_low, _member(name, F.coalesce(F.col(name).cast("string"), F.lit(UNKNOWN)), F.col("p")))
        for name in dimensions
    ]
    is_picked = F.col(PICKED).cast("double") if PICKED in scored.columns else F.lit(None).cast("double")
    rows = scored.select(
        LABEL, WEIGHT, is_picked.alias("is_picked"), F.explode(F.array_compact(F.array(*members))).alias("member")
    ).select(LABEL, WEIGHT, "is_picked", "member.*")
    found = _few_groups(_counted(rows), most).collect()
    by_group: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        by_group.setdefault((row.dimension, row.group), []).append(row)
    picked = {key: [row.picked for row in rows if row.picked is not None] for key, rows in by_group.items()}
    return ScoreTable(
        {key: _bins(rows) for key, rows in by_group.items()},
        {key: float(sum(users)) for key, users in picked.items() if users},
        tuple(missing),
    )


def bin_of(p: Any) -> Any:
    """The bin of a probability or of an array of them; the driver's counterpart of the query's."""
    clipped = np.clip(p, 1e-12, 1 - 1e-12)
    return np.clip(np.floor((np.log(clipped / (1 - clipped)) + END) / (2 * END) * BINS), 0, BINS - 1).astype(int)


def of_arrays(happened: Any, p: Any, weights: Any) -> ScoreBins:
    """The bins of a sample that lies on the driver."""
    number = bin_of(np.asarray(p, dtype=float))
    y, w = np.asarray(happened, dtype=float), np.asarray(weights, dtype=float)
    sums = (np.ones_like(y), y, w * y, w * (1 - y), w * w * y, w * w * (1 - y), w * np.asarray(p, dtype=float))
    return ScoreBins(*(np.bincount(number, each, BINS).astype(np.float64) for each in sums))


def _member(dimension: str, group: Column, p: Column) -> Column:
    return F.struct(F.lit(dimension).alias("dimension"), group.alias("group"), p.alias("p"))


def _counted(rows: DataFrame) -> DataFrame:
    p = F.greatest(F.least(F.col("p"), F.lit(1 - 1e-12)), F.lit(1e-12))
    place = F.floor((F.log(p / (1 - p)) + END) / (2 * END) * BINS)
    number = F.greatest(F.least(place, F.lit(BINS - 1)), F.lit(0)).cast("int")
    w, y = F.col(WEIGHT), F.col(LABEL)
    return rows.groupBy("dimension", "group", number.alias("bin")).agg(
        F.count(LABEL).cast("double").alias("users"),
        F.sum(y).alias("events"),
        F.sum(w * y).alias("positives"),
        F.sum(w * (1 - y)).alias("negatives"),
        F.sum(w * w * y).alias("positives_squared"),
        F.sum(w * w * (1 - y)).alias("negatives_squared"),
        F.sum(w * F.col("p")).alias("p_sum"),
        F.sum(w * F.col("is_picked")).alias("picked"),
    )


def _few_groups(counted: DataFrame, most: int) -> DataFrame:
    """The same, the smallest groups of a dimension told together: beyond `most` of them, or below `FEWEST` users."""
    of_group, by_size = Window.partitionBy("dimension", "group"), Window.partitionBy("dimension")
    ranked = counted.withColumn("size", F.sum("users").over(of_group)).withColumn(
        "rank", F.dense_rank().over(by_size.orderBy(F.desc("size"), "group"))
    )
    is_large = (F.col("rank") <= most) & (F.col("size") >= FEWEST) | (F.col("group") == WHOLE)
    named = F.when(is_large, F.col("group")).otherwise(F.lit(OTHERS))
    sums = [F.sum(name).alias(name) for name in (*_SUMS, "picked")]
    return ranked.groupBy("dimension", named.alias("group"), "bin").agg(*sums)


def _bins(rows: Sequence[Row]) -> ScoreBins:
    sums = {name: np.zeros(BINS) for name in _SUMS}
    for row in rows:
        for name in _SUMS:
            sums[name][row.bin] = row[name]
    return ScoreBins(**sums)


def _band(group: GroupSettings) -> Column:
    value, edges = F.col(group.column), group.edges
    if not edges:
        return value.cast("string")
    bands = [(value < edges[0], f"below {edges[0]:g}")]
    bands += [((value >= low) & (value < high), f"{low:g} to below {high:g}") for low, high in pairwise(edges)]
    bands.append((value >= edges[-1], f"{edges[-1]:g} and more"))
    return F.coalesce(*[F.when(condition, F.lit(name)) for condition, name in bands])
