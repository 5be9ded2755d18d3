"""The simple rule that fills a wave: in the cell's own order, each takes the first option there is still room for.

Options are filled one after the other. Who gets one is settled by a cut: everybody of the line who can get it, has
nothing yet, and stands no further back than the cut. So the driver handles a few numbers, and the cluster the users.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from reactivation.campaign.planning.capacity import Ends, Room

GUIDANCE = "guidance"
"""The line of the model cell's users whom it does not pick, served last and with zero-cost guidance only."""

_FURTHEST = 2**63 - 1


class Offer(NamedTuple):
    """One option in the order of filling. bit: its bit in the users' mask."""

    bit: int
    channel: str
    cost: Decimal


@dataclass(frozen=True)
class Filled:
    """What the filling came to.

    option: column with the place of the option a user gets in the wave's list; null: none. no_budget: column that is
    true where, of the options a user can get, one was ended by the budget rather than by its channel's capacity.
    left: the room that is left, per line.
    """

    option: Column
    no_budget: Column
    left: dict[str, Room]


class _Served(NamedTuple):
    users: int
    cut: int | None
    ends: Ends


def fill(line: DataFrame, offers: Sequence[Offer], rooms: Mapping[str, Room]) -> Filled:
    """Serve the lines that `rooms` names with the offers in order.

    line: one row per waiting user: line (a policy or `guidance`), place (BIGINT, unique in a line), piece (INT, follows
    the places; a few hundred per line), mask (INT). rooms: what each line may use.
    """
    left = dict(rooms)
    option = F.lit(None).cast("int")
    no_budget = F.lit(False)
    for offer in offers:
        can_get = F.col("mask").bitwiseAND(1 << offer.bit) != 0
        limits = {name: room.holds(offer.channel, cost=offer.cost) for name, room in left.items()}
        served = _serve(line.where(can_get & option.isNull()), limits)
        for name, one in served.items():
            left[name] = left[name].less(offer.channel, one.users, cost=offer.cost)
        is_in_time = _any(
            (F.col("line") == name) & (F.col("place") <= one.cut) for name, one in served.items() if one.cut is not None
        )
        ended_by_budget = _any(F.col("line") == name for name, one in served.items() if one.ends == "budget")
        no_budget = no_budget | (can_get & ended_by_budget)
        option = F.coalesce(option, F.when(can_get & is_in_time, offer.bit))
    return Filled(option, no_budget, left)


def _serve(waiting: DataFrame, limits: Mapping[str, tuple[int, Ends]]) -> dict[str, _Served]:
    """How many of each line are served, and the place of the last one; no cut where nobody is."""
    sizes: dict[str, list[tuple[int, int]]] = {name: [] for name in limits}
    for row in waiting.groupBy("line", "piece").count().collect():
        if row.line in sizes:
            sizes[row.line].append((row.piece, row["count"]))
    served: dict[str, _Served] = {}
    searched: dict[str, tuple[int, int]] = {}
    for name, (most, ends) in limits.items():
        whole = sum(size for _, size in sizes[name])
        if whole <= most:
            served[name] = _Served(whole, _FURTHEST, ends)
        elif most <= 0:
            served[name] = _Served(0, None, ends)
        else:
            served[name] = _Served(most, None, ends)
            searched[name] = _piece_of(most, sorted(sizes[name]))
    places = _places(waiting, searched)
    return {name: one._replace(cut=places.get(name, one.cut)) for name, one in served.items()}


def _piece_of(number: int, sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The piece in which the user with a number in the line stands, and the number inside that piece.

    >>> _piece_of(5, [(0, 3), (1, 4)])
    (1, 2)
    """
    for piece, size in sizes:
        if number <= size:
            return piece, number
        number -= size
    raise ValueError(f"the line is {number} users shorter than asked for")


def _places(waiting: DataFrame, searched: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Place of the n-th waiting user of a piece, per line; reads these pieces only."""
    if not searched:
        return {}
    is_here = _any((F.col("line") == name) & (F.col("piece") == piece) for name, (piece, _) in searched.items())
    in_order = Window.partitionBy("line").orderBy("place")
    numbered = waiting.where(is_here).select("line", "place", F.row_number().over(in_order).alias("number"))
    is_last = _any((F.col("line") == name) & (F.col("number") == n) for name, (_, n) in searched.items())
    return {row.line: row.place for row in numbered.where(is_last).collect()}


def _any(conditions: Iterable[Column]) -> Column:
    return reduce(Column.__or__, conditions, F.lit(False))
