"""The simple rule that allocates a wave: in each queue's own order, users take the first option with capacity left.

Options are allocated one after the other. A cut settles who gets one: every user of the queue who can get it, has none
yet, and whose rank is not beyond the cut. The driver knows counts by queue, rank bucket and options alone; a query
looks for the exact cut, and only inside the bucket where capacity ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from reactivation.campaign.planning.capacity import PricedOption, RemainingCapacity

Sizes = dict[tuple[int, int], int]
"""Users of one queue who have no option yet, by (rank_bucket, options_mask)."""


@dataclass(frozen=True)
class Allocation:
    """Who gets what. remaining: capacity that is left, by queue.

    option: column with the label of the option that a user gets; null: none. is_over_budget: column that is true where
    the budget ended one of the options that the user can get, rather than the capacity of its channel.
    """

    option: Column
    is_over_budget: Column
    remaining: dict[str, RemainingCapacity]


class Cut(NamedTuple):
    """Where one option ends in one queue. bucket: the one in which capacity ends; None: everybody who can gets it.

    number: users inside the bucket who still get the option. rank: that of the last of them, once it is known.
    """

    option: PricedOption
    bucket: int | None = None
    number: int = 0
    rank: int | None = None

    @property
    def is_in_time(self) -> Column:
        """True for the users whom the option reaches before capacity ends."""
        if self.bucket is None:
            return F.lit(True)
        return F.col("rank_bucket") < self.bucket if self.rank is None else F.col("rank") <= self.rank


def allocate(
    waiting: DataFrame,
    orders: Mapping[str, Sequence[PricedOption]],
    capacity: Mapping[str, RemainingCapacity],
    *,
    last: tuple[Mapping[str, str], PricedOption] | None = None,
) -> Allocation:
    """Allocate the options of each queue in the queue's order.

    waiting: eligible users: queue, rank (BIGINT, unique in a queue), rank_bucket (INT, follows rank), options_mask.
    orders, capacity: by queue. last: queues that get their one option from what another queue leaves: that queue by
    theirs, and the option.
    """
    sources = last[0] if last is not None else {}
    sizes: dict[str, Sizes] = {queue: {} for queue in [*orders, *sources]}
    for row in waiting.groupBy("queue", "rank_bucket", "options_mask").count().collect():
        if row.queue in sizes:
            sizes[row.queue][row.rank_bucket, row.options_mask] = row["count"]
    remaining, option, is_over_budget = dict(capacity), F.lit(None).cast("string"), F.lit(False)
    rounds = [
        {queue: order[turn] for queue, order in orders.items() if turn < len(order)}
        for turn in range(max((len(order) for order in orders.values()), default=0))
    ]
    if last is not None:
        rounds.append(dict.fromkeys(sources, last[1]))
    for turn in rounds:
        cuts: dict[str, Cut] = {}
        for queue, offered in turn.items():
            source = sources.get(queue, queue)
            most, limit = remaining[source].most_contacts(offered)
            cuts[queue], users = cut_of(offered, most, sizes[queue])
            remaining[source] = remaining[source].after(offered, users)
            if limit == "budget":
                is_over_budget = is_over_budget | ((F.col("queue") == queue) & _can_get(offered))
        cuts = _with_exact_ranks(waiting.where(option.isNull()), cuts, sizes)
        gets = [
            F.when((F.col("queue") == queue) & _can_get(cut.option) & cut.is_in_time, cut.option.label)
            for queue, cut in cuts.items()
        ]
        option = F.coalesce(option, *gets)
    return Allocation(option, is_over_budget, remaining)


def cut_of(option: PricedOption, most: int, sizes: Sizes) -> tuple[Cut, int]:
    """Where an option ends, and how many users get it; those of whole buckets are taken out of `sizes`."""
    wanted: dict[int, int] = {}
    for (bucket, mask), users in sizes.items():
        if option.is_in(mask):
            wanted[bucket] = wanted.get(bucket, 0) + users
    left, end = max(most, 0), None
    for bucket in sorted(wanted):
        if wanted[bucket] > left:
            end = bucket
            break
        left -= wanted[bucket]
    for bucket, mask in list(sizes):
        if option.is_in(mask) and (end is None or bucket < end):
            del sizes[bucket, mask]
    if end is None:
        return Cut(option), sum(wanted.values())
    return Cut(option, bucket=end, number=left), max(most, 0)


def _with_exact_ranks(waiting: DataFrame, cuts: Mapping[str, Cut], sizes: Mapping[str, Sizes]) -> dict[str, Cut]:
    """The cuts with the rank of the last user inside their bucket; the bucket's users are taken out of `sizes`.

    Where nobody inside the bucket gets the option, there is nothing to look for.
    """
    inside = {queue: cut for queue, cut in cuts.items() if cut.bucket is not None and cut.number > 0}
    found: dict[str, int] = {}
    if inside:
        is_here = _any(
            (F.col("queue") == queue) & (F.col("rank_bucket") == cut.bucket) & _can_get(cut.option)
            for queue, cut in inside.items()
        )
        numbered = waiting.where(is_here).withColumn(
            "number", F.row_number().over(Window.partitionBy("queue").orderBy("rank"))
        )
        is_taken = _any((F.col("queue") == queue) & (F.col("number") <= cut.number) for queue, cut in inside.items())
        taken = numbered.where(is_taken).groupBy("queue", "options_mask")
        for row in taken.agg(F.count("*").alias("users"), F.max("rank").alias("rank")).collect():
            bucket = inside[row.queue].bucket
            assert bucket is not None
            found[row.queue] = max(row["rank"], found.get(row.queue, row["rank"]))
            sizes[row.queue][bucket, row.options_mask] -= row.users
    exact = {queue: cut._replace(rank=found[queue]) for queue, cut in inside.items()}
    return {**cuts, **exact}


def _can_get(option: PricedOption) -> Column:
    return F.col("options_mask").bitwiseAND(1 << option.bit) != 0


def _any(conditions: Iterable[Column]) -> Column:
    return reduce(Column.__or__, conditions, F.lit(False))
