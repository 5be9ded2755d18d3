"""Exploration: some qualifiers, by hash, get an option drawn with known probabilities, `none` among them.

Only these rows say what one option or one wave does. Who is drawn depends on a hash and on how many could be served,
never on what anybody drew, so the recorded probabilities stay right.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.planning.capacity import PricedOption, RemainingCapacity
from reactivation.frames import by_value

DRAWN_NONE = "none"


class Odds(NamedTuple):
    """How the explorers of a wave draw.

    none: P(nothing is sent). weights: of the wave's options in conf's order; the rest goes by them to the options that
    a user can get. Empty: to all alike.
    """

    none: float
    weights: tuple[float, ...] = ()


class Candidates(NamedTuple):
    """Qualifiers of one cell with the same hash bucket and the same options. mask: bit i is set for option i."""

    bucket: int
    mask: int
    users: int


class Drawn(NamedTuple):
    """Explorers of one cell: by the label of what they drew, and those with a contact by branch, where it is asked."""

    options: Counter[str]
    branches: Counter[str]


def shares(mask: int, odds: Odds) -> dict[str, float]:
    """Probability of `none` and of each option whose bit is set, by its place in conf.

    >>> shares(0b101, Odds(0.5))
    {'none': 0.5, '0': 0.25, '2': 0.25}
    >>> shares(0b101, Odds(0.5, (3.0, 5.0, 1.0)))
    {'none': 0.5, '0': 0.375, '2': 0.125}
    """
    weights = {i: odds.weights[i] if odds.weights else 1.0 for i in range(mask.bit_length()) if mask >> i & 1}
    every = sum(weights.values())
    return {DRAWN_NONE: odds.none, **{str(i): (1 - odds.none) * weight / every for i, weight in weights.items()}}


def threshold(
    candidates: Sequence[Candidates],
    *,
    wanted_share: float,
    options: Sequence[PricedOption],
    reserve: RemainingCapacity,
    whole: RemainingCapacity,
    odds: Odds,
) -> int:
    """Number of hash buckets, from 0, whose users are drawn: all that are wanted, or fewer where capacity is short.

    The reserve must hold the expected draws, the cell's whole part even the worst of all draws. So no limit can break,
    and an unlucky draw takes from the others' part, not from the probabilities.
    """
    wanted = round(wanted_share * randomization.BUCKETS)
    expected: dict[str, float] = dict.fromkeys([*whole.contacts, "cents"], 0.0)
    worst: dict[str, int] = dict.fromkeys([*whole.contacts, "cents"], 0)
    most = {**whole.contacts, "cents": whole.cents}
    kept = {**reserve.contacts, "cents": reserve.cents}
    for one in sorted(candidates):
        if one.bucket >= wanted:
            break
        possible = [option for option in options if option.is_in(one.mask)]
        share = shares(one.mask, odds)
        for option in possible:
            each = one.users * share[str(option.bit)]
            expected[option.channel] += each
            expected["cents"] += each * option.cents
        for channel in {option.channel for option in possible}:
            worst[channel] += one.users
        worst["cents"] += one.users * max(option.cents for option in possible)
        if any(expected[limit] > kept[limit] + 1e-9 or worst[limit] > most[limit] for limit in most):
            return one.bucket
    return wanted


def drawn(
    waiting: DataFrame,
    share: float,
    kept: float,
    *,
    options: Sequence[PricedOption],
    whole: Mapping[str, RemainingCapacity],
    odds: Odds,
    branches: Collection[str] = (),
) -> tuple[dict[str, int], dict[str, Drawn]]:
    """Hash buckets that explore, per cell, and what their users draw, per cell; one query.

    share: of the qualifiers that explore. kept: share of each limit of a cell, `whole`, for what they draw. branches:
    of which the draws are to be counted.
    """
    option = option_drawn(F.col("option_bucket"), F.col("options_mask"), options=options, odds=odds)
    is_wanted = randomization.is_within(F.col("exploration_bucket"), share)
    wanted = waiting.where(F.col("queue").isin(*whole) & is_wanted)
    branch = F.when(F.col("branch").isin(*branches), F.col("branch")) if branches else F.lit(None).cast("string")
    columns = "queue", "exploration_bucket", "options_mask", option.alias("option"), branch.alias("in_branch")
    rows = wanted.groupBy(*columns).count().collect()
    thresholds: dict[str, int] = {}
    for policy in whole:
        users = Counter[tuple[int, int]]()
        for row in rows:
            if row.queue == policy:
                users[row.exploration_bucket, row.options_mask] += row["count"]
        thresholds[policy] = threshold(
            [Candidates(bucket, mask, count) for (bucket, mask), count in users.items()],
            wanted_share=share,
            options=options,
            reserve=whole[policy].share(kept),
            whole=whole[policy],
            odds=odds,
        )
    draws = {policy: Drawn(Counter(), Counter()) for policy in whole}
    for row in rows:
        if row.exploration_bucket < thresholds[row.queue]:
            draws[row.queue].options[row.option] += row["count"]
            if row.option != DRAWN_NONE and row.in_branch is not None:
                draws[row.queue].branches[row.in_branch] += row["count"]
    return thresholds, draws


def is_explorer(bucket: Column, queue: Column, thresholds: Mapping[str, int]) -> Column:
    """True for the users of each cell whose bucket lies under the cell's threshold."""
    limit = by_value(queue, thresholds, 0)
    return bucket < limit


def option_drawn(bucket: Column, mask: Column, *, options: Sequence[PricedOption], odds: Odds) -> Column:
    """Label of the option that falls to a user, or `none`, given the options the user can get."""
    by_mask = _by_masks(len(options), odds)
    labels = {DRAWN_NONE: DRAWN_NONE, **{str(option.bit): option.label for option in options}}
    named = [[labels[name] for name in each] for each in by_mask]
    return F.get(_by_mask(named, mask), _drawn_place(bucket, mask, by_mask))


def propensity(bucket: Column, mask: Column, *, options: int, odds: Odds) -> Column:
    """Probability of the option drawn, given those the user can get: the share of the buckets that lead to it."""
    by_mask = _by_masks(options, odds)
    return F.get(_by_mask([list(each.values()) for each in by_mask], mask), _drawn_place(bucket, mask, by_mask))


def drawn_from(mask: Column, options: Sequence[PricedOption]) -> Column:
    """The options a user could have drawn, `channel/benefit`, spaced: who drew none is compared with these alone."""
    return F.concat_ws(" ", *[F.when(mask.bitwiseAND(1 << option.bit) != 0, option.label) for option in options])


def columns(is_explorer: Column, options: Sequence[PricedOption], *, odds: Odds) -> list[Column]:
    """What the plan keeps of a draw."""
    bucket, mask = F.col("option_bucket"), F.col("options_mask")
    own = propensity(bucket, mask, options=len(options), odds=odds)
    return [
        is_explorer.alias("is_exploration"),
        F.when(is_explorer, own).alias("propensity"),
        F.when(is_explorer, drawn_from(mask, options)).alias("drawn_from"),
    ]


def _by_masks(options: int, odds: Odds) -> list[dict[str, float]]:
    """Probability of each option, for the masks 1, 2, 3, … in order."""
    return [randomization.probabilities(shares(mask, odds)) for mask in range(1, 1 << options)]


def _drawn_place(bucket: Column, mask: Column, by_mask: Sequence[Mapping[str, float]]) -> Column:
    """Into which of the shares of the user's mask a bucket falls, 0 for the first."""
    ends = [list(accumulate(round(share * randomization.BUCKETS) for share in each.values())) for each in by_mask]
    return F.size(F.filter(_by_mask(ends, mask), lambda end: end <= bucket))


def _by_mask(lists: Sequence[Sequence[float]] | Sequence[Sequence[str]], mask: Column) -> Column:
    """The list of the user's mask; null for a mask that has none. A lookup: as many cases would break the compiler."""
    return F.get(F.lit(lists), mask - 1)
