"""The allocation by prices over all users of a cell at once: one query per look at them, and one for the turns.

The driver sees cells of users, and a sample drawn by hash whose size does not grow with the users. Who gets what is a
lookup: a user's cell says which alternative; where a cell is shared, users take their turns in the order of a hash.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType, LongType, StructType

from reactivation.campaign.planning import dual, programmes
from reactivation.campaign.planning.cells import FINE, NEVER, STEPS, Cells, Ints, Limit, Pass, option_prices
from reactivation.campaign.planning.dual import Plan, Prices
from reactivation.errors import Finding, PlanError
from reactivation.frames import of_records

SAMPLE = 50_000
"""Users whose values reach the driver, at most; where there are no more, no query looks at them."""
FEWEST = 10
"""Where fewer than this part of a sample was found, a larger share of the users is drawn."""
GROUP, TIES, PLACE, CODE = "_group", "_ties", "_place", "_code"
_BUCKETS = 1 << 20


def valued(users: DataFrame, values: Sequence[Column], *, ties: Column, group: Column | None = None) -> DataFrame:
    """Add what each option is worth to each user, in whole millionths, as `_worth_<n>`; `_group` and `_ties`.

    values: BIGINT by option; null: the user cannot get it. ties: unique BIGINT hash (`randomization.hashed`). group:
    number of the group whose own limits count for the user, from 0.
    """
    names = _names(len(values))
    worths = {name: F.coalesce(each.cast("bigint"), F.lit(NEVER)) for name, each in zip(names, values, strict=True)}
    own = F.lit(0) if group is None else group
    return users.withColumns({**worths, GROUP: own.cast("bigint"), TIES: ties})


@dataclass(frozen=True)
class Priced:
    """A plan and how users find what it gives them. limits: its own. turns: a row per cell.

    equals: users of equal values in cells, by which other limits can be tried: all users, or the first `dual.FEW` by
    hash. share: which part of all users they are.
    """

    plan: Plan
    limits: tuple[Limit, ...]
    turns: DataFrame
    equals: Cells
    share: float

    @property
    def options(self) -> int:
        return int(self.plan.counts.shape[1]) - 1

    def assigned(self, users: DataFrame) -> DataFrame:
        """Add `_place`: number of the option that a user gets; null: none. users: of `valued`."""
        coded, keys = _keyed(users, self.plan, self.limits, options=self.options)
        turn = F.size(F.filter("_cuts", lambda cut: cut < F.col(TIES)))
        place = F.get("_alternatives", turn)
        found = coded.join(F.broadcast(self.turns), keys, "left")
        return found.select(*users.columns, F.when(place < self.options, place).alias(PLACE))

    def used(self) -> dict[str, int]:
        """Units that the plan takes of each limit."""
        return {limit.name: self.plan.cells.used(limit, self.plan.counts) for limit in self.limits}


def allocate(
    users: DataFrame,
    limits: Sequence[Limit],
    *,
    options: int,
    at_most: int,
    cell: str = "model",
    is_finished: bool = True,
) -> Priced:
    """Allocate so many options to all users at the best total value within limits.

    users: of `valued`, grain user. at_most: users there can be, by which the sample is drawn. PlanError names limits
    of the cell that cannot be met together. Neither order nor partitions of the rows change anything.
    """
    names, drawn = _names(options), min(_BUCKETS, -(-SAMPLE * _BUCKETS // max(at_most, 1)))
    values, group = _sample(users, drawn, names)
    while drawn < _BUCKETS and FEWEST * len(values) < SAMPLE:  # far fewer are there than there can be
        drawn = min(_BUCKETS, drawn * SAMPLE // max(len(values), 1))
        values, group = _sample(users, drawn, names)
    is_whole = drawn == _BUCKETS
    cells = dual.equals(values, group)
    is_repeated = is_whole or 4 * len(cells.users) <= len(values)
    if is_repeated and len(cells.users) <= dual.FEW:
        plan = dual.of_equals(cells if is_whole else _equals(users, names), limits, is_finished=is_finished)
    else:
        share = drawn / _BUCKETS
        of_sample = [limit.share(share) for limit in limits]
        start = dual.first_prices(values, group, of_sample)
        see = dual.in_memory(values, group, limits) if is_whole else _looks(users, limits, options)
        plan = dual.by_looks(see, limits, start, width=dual.widths(values, group, limits))
    if plan is None:
        raise _contradiction(users, limits, names, cell)
    few, share = plan.cells, 1.0
    if plan.width is not None:
        few = dual.equals(values[: dual.FEW], group[: dual.FEW])
        share = drawn / _BUCKETS * min(1.0, dual.FEW / len(values))
    return Priced(plan, tuple(limits), _turns(users, plan, limits, options=options), few, share)


def _names(options: int) -> list[str]:
    return [f"_worth_{n}" for n in range(options)]


def _sample(users: DataFrame, drawn: int, names: Sequence[str]) -> tuple[Ints, Ints]:
    """Values and groups of the users in so many of all buckets, in the order of their hash."""
    found = users.where(F.pmod(TIES, F.lit(_BUCKETS)) < drawn).select(TIES, GROUP, *names).toArrow()
    columns = np.column_stack([found.column(name).to_numpy().astype(np.int64) for name in (TIES, GROUP, *names)])
    columns = columns[np.argsort(columns[:, 0], kind="stable")]
    return columns[:, 2:], columns[:, 1]


def _equals(users: DataFrame, names: Sequence[str]) -> Cells:
    """Cells of all users, where their values are few."""
    rows = users.groupBy(GROUP, *names).agg(F.count("*").alias("users")).collect()
    keys = np.array(sorted(tuple(row) for row in rows), dtype=np.int64).reshape(len(rows), len(names) + 2)
    return Cells.of_equals(keys[:, :-1], keys[:, -1])


def _looks(users: DataFrame, limits: Sequence[Limit], options: int) -> dual.Look:
    """`cells.look` at all users, by one query each."""

    def see(prices: Prices, width: int) -> Pass:
        coded = _coded(users, limits, prices, width, options=options)
        worths = [
            F.sum(F.when(F.col(f"_level_{a}") > 0, F.col(name))).alias(name) for a, name in enumerate(_names(options))
        ]
        sums = [F.count("*").alias("users"), F.sum("_best").alias("best"), *worths]
        rows = sorted(coded.groupBy(GROUP, CODE).agg(*sums).collect(), key=lambda row: (row[GROUP], row[CODE]))
        keys = np.array([(row[GROUP], row[CODE]) for row in rows], dtype=np.int64)
        worth = np.array([[*(row[name] or 0 for name in _names(options)), 0] for row in rows], dtype=np.int64)
        of_cells = np.array([row.users for row in rows], dtype=np.int64)
        return Pass(Cells.of_looks(keys, of_cells, worth), sum(row.best for row in rows))

    return see


def option_prices_of_users(limits: Sequence[Limit], prices: Prices, *, options: int) -> list[Column]:
    """What a contact costs a user of `valued` at prices of the limits, billionths, by option."""
    last = 1 + max((limit.group for limit in limits if limit.group is not None), default=-1)
    of_option = option_prices(limits, prices, among=np.array([last]), options=options)  # last: without own limits
    found = []
    for place in range(options):
        each = [int(price) for price in of_option[:, place]]
        is_one = len(set(each)) == 1
        found.append(F.lit(each[0]) if is_one else F.get(F.lit(each), F.least(GROUP, F.lit(last)).cast("int")))
    return found


def _coded(users: DataFrame, limits: Sequence[Limit], prices: Prices, width: int, *, options: int) -> DataFrame:
    """Add `_best`, `_level_<n>` of each alternative and `_code` of a look, as `cells.look` computes them."""
    prices_of = option_prices_of_users(limits, prices, options=options)
    reduced = [F.col(name) * FINE - price for name, price in zip(_names(options), prices_of, strict=True)]
    found = users.withColumns({f"_loss_{n}": one for n, one in enumerate([*reduced, F.lit(0).cast("bigint")])})
    losses = [f"_loss_{n}" for n in range(options + 1)]
    found = found.withColumn("_best", F.greatest(*losses))
    found = found.withColumns({name: F.least(F.col("_best") - F.col(name), F.lit(width + 1)) for name in losses})
    level = f"greatest(ceil(log2({{0}} * {STEPS} div {width + 1} + 0.5D) / 2), 0) + 1"
    levels = {
        f"_level_{n}": F.when(F.col(name) <= width, F.expr(level.format(name))).otherwise(0).cast("bigint")
        for n, name in enumerate(losses)
    }
    found = found.withColumns(levels)
    code = F.lit(0).cast("bigint")
    for n, name in enumerate(levels):
        code = code + F.shiftleft(name, 4 * n)
    return found.withColumn(CODE, code)


def _keyed(users: DataFrame, plan: Plan, limits: Sequence[Limit], *, options: int) -> tuple[DataFrame, list[str]]:
    """The users with the columns by which they find their cell, and the names of these."""
    if plan.width is None:
        return users, [GROUP, *_names(options)]
    return _coded(users, limits, plan.priced_at, plan.width, options=options), [GROUP, CODE]


def _turns(users: DataFrame, plan: Plan, limits: Sequence[Limit], *, options: int) -> DataFrame:
    """By cell its alternatives in order, and after which user, by hash, the next one begins."""
    coded, keys = _keyed(users, plan, limits, options=options)
    cells = list(_alternatives(plan, keys))
    ends = StructType()
    for name in keys:
        ends.add(name, LongType())
    ends.add("_ends", ArrayType(LongType()))
    shared = [one for one in cells if one["_ends"]]
    cuts: dict[tuple[int, ...], list[int]] = {}
    if shared:
        within = F.broadcast(of_records(users.sparkSession, shared, ends))
        turn = F.row_number().over(Window.partitionBy(*keys).orderBy(TIES)).cast("bigint")
        turns = coded.select(*keys, TIES).join(within, keys).withColumn("_turn", turn)
        for row in turns.where(F.array_contains("_ends", F.col("_turn"))).select(*keys, TIES).collect():
            cuts.setdefault(tuple(row[name] for name in keys), []).append(row[TIES])
    for one in cells:
        one["_cuts"] = sorted(cuts.get(tuple(one[name] for name in keys), []))
    table = StructType([*ends.fields[:-1]]).add("_alternatives", ArrayType(IntegerType()))
    return of_records(users.sparkSession, cells, table.add("_cuts", ArrayType(LongType())))


def _alternatives(plan: Plan, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """By cell the alternatives that somebody gets, and the number of users with whom each but the last ends."""
    for key, counts in zip(plan.cells.keys.tolist(), plan.counts.tolist(), strict=True):
        places = [place for place, users in enumerate(counts) if users]
        ends = np.cumsum([counts[place] for place in places])[:-1].tolist()
        yield {**dict(zip(keys, key, strict=True)), "_alternatives": places, "_ends": ends}


def _contradiction(users: DataFrame, limits: Sequence[Limit], names: Sequence[str], cell: str) -> PlanError:
    """The error that names the limits which cannot be met together."""
    can_get = [F.when(F.col(name) > NEVER // 2, 0).otherwise(NEVER).cast("bigint").alias(name) for name in names]
    cells = _equals(users.select(GROUP, *can_get), names)
    wrong = programmes.unmeetable(cells, limits)
    findings = [Finding(*_told(limit)) for limit in wrong]
    advice = f"{int(cells.users.sum())} users can be planned for: lower the least, or raise what stands against it"
    headline = f"the limits of the {cell}'s cell cannot be met together"
    if not wrong:  # users whom a least needs are too few to be seen in a sample
        headline = f"no plan was found within the limits of the {cell}'s cell"
    return PlanError(headline, [*findings, Finding("what to do", "conf", advice)])


def _told(limit: Limit) -> tuple[str, str, str]:
    kind, end = ("at least", limit.least) if limit.least else ("at most", limit.most or 0)
    return kind, limit.name, f"{end / limit.scale:g}"
