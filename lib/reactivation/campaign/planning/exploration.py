"""Exploration: some qualifiers, by hash, get an option drawn with known probabilities, `none` among them.

Only these rows say what one option or one wave does. Who is drawn depends on a hash and on how many could be served,
never on what anybody drew, so the recorded probabilities stay right.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.planning.capacity import CENTS, Room
from reactivation.campaign.settings import Option

DRAWN_NONE = -1


class Candidates(NamedTuple):
    """Qualifiers of one cell with the same hash bucket and the same options. mask: bit i is set for option i."""

    bucket: int
    mask: int
    users: int


def shares(mask: int, *, none_share: float) -> dict[str, float]:
    """Probability of `none` (-1) and of each option whose bit is set; the options share equally.

    >>> shares(0b101, none_share=0.5)
    {'-1': 0.5, '0': 0.25, '2': 0.25}
    """
    options = [i for i in range(mask.bit_length()) if mask >> i & 1]
    return {str(DRAWN_NONE): none_share, **{str(i): (1 - none_share) / len(options) for i in options}}


def threshold(
    candidates: Sequence[Candidates],
    *,
    wanted_share: float,
    options: Sequence[Option],
    costs: Sequence[Decimal],
    reserve: Room,
    whole: Room,
    none_share: float,
) -> int:
    """Number of hash buckets, from 0, whose users are drawn: all that are wanted, or fewer where there is no room.

    The reserve must hold the draws to be expected, the cell's whole part even the worst of all draws; so no limit can
    break, and the unlucky draw takes from the others' part, not from the probabilities.
    """
    wanted = round(wanted_share * randomization.BUCKETS)
    expected: dict[str, float] = dict.fromkeys([*whole.contacts, "cents"], 0.0)
    worst: dict[str, int] = dict.fromkeys([*whole.contacts, "cents"], 0)
    room = {**whole.contacts, "cents": whole.cents}
    kept = {**reserve.contacts, "cents": reserve.cents}
    for one in sorted(candidates):
        if one.bucket >= wanted:
            break
        mine = [i for i in range(len(options)) if one.mask >> i & 1]
        each = one.users * (1 - none_share) / len(mine)
        for i in mine:
            expected[options[i].channel] += each
            expected["cents"] += each * int(costs[i] * CENTS)
        for channel in {options[i].channel for i in mine}:
            worst[channel] += one.users
        worst["cents"] += one.users * max(int(costs[i] * CENTS) for i in mine)
        if any(expected[k] > kept[k] + 1e-9 or worst[k] > room[k] for k in room):
            return one.bucket
    return wanted


def is_drawn(bucket: Column, policy: Column, thresholds: Mapping[str, int]) -> Column:
    """True for the users of each cell whose bucket lies under the cell's threshold."""
    limit = F.coalesce(*[F.when(policy == p, F.lit(n)) for p, n in thresholds.items()], F.lit(0))
    return bucket < limit


def option_drawn(bucket: Column, mask: Column, *, options: int, none_share: float) -> Column:
    """The option that falls to a user (its place in the wave's list, -1 is none), given those the user can get."""
    odds = _odds(options, none_share)
    return F.get(_by_mask([[int(name) for name in each] for each in odds], mask), _place(bucket, mask, odds))


def propensity(bucket: Column, mask: Column, *, options: int, none_share: float) -> Column:
    """Probability of the option drawn, given those the user can get: the share of the buckets that lead to it."""
    odds = _odds(options, none_share)
    return F.get(_by_mask([list(each.values()) for each in odds], mask), _place(bucket, mask, odds))


def drawn_from(mask: Column, options: Sequence[Option]) -> Column:
    """The options a user could have drawn, `channel/benefit`, spaced: who drew none is compared with these alone."""
    return F.concat_ws(
        " ",
        *[F.when(mask.bitwiseAND(1 << i) != 0, f"{o.channel}/{o.benefit}") for i, o in enumerate(options)],
    )


def _odds(options: int, none_share: float) -> list[dict[str, float]]:
    """Probability of each option, for the masks 1, 2, 3, … in order."""
    return [randomization.probabilities(shares(mask, none_share=none_share)) for mask in range(1, 1 << options)]


def _place(bucket: Column, mask: Column, odds: Sequence[Mapping[str, float]]) -> Column:
    """Which of the shares of the user's mask a bucket falls into, 0 for the first."""
    ends = [list(accumulate(round(share * randomization.BUCKETS) for share in each.values())) for each in odds]
    return F.size(F.filter(_by_mask(ends, mask), lambda end: end <= bucket))


def _by_mask(lists: Sequence[Sequence[float]], mask: Column) -> Column:
    """The list of the user's mask; null for a mask that has none. A lookup: as many cases would break the compiler."""
    return F.get(F.lit(lists), mask - 1)
