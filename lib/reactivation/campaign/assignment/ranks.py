"""Exact ranks over millions of users without ever sorting them in one place.

The users are cut into buckets that follow each other in the order; each bucket is ranked by itself, and the sizes of
the buckets before it are added. Buckets decide how the work is spread, never the result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

RANK_BUCKETS = 100
_HASH_BUCKET_SHIFT = 56  # the top 8 bits of a hash: 256 buckets


@dataclass(frozen=True)
class Order:
    """An order of users: the highest `by` first, null last, equals by `ties` (a hash, so that no two are equal).

    by: DOUBLE column. ties: BIGINT column. among: who is ranked at all; the others get null.
    """

    by: Column
    ties: Column
    among: Column


def by_hash(hashed: Column) -> Column:
    """Bucket of a hash: its top bits, which follow its order."""
    return F.shiftright(hashed, _HASH_BUCKET_SHIFT).cast("int")


def ranked(users: DataFrame, orders: Mapping[str, Order]) -> DataFrame:
    """Add a BIGINT column per order: 1, 2, 3, …, the same as one `row_number` over all users.

    Grain: one row per user, as given. Reads `users` once for the borders of the buckets (a few hundred numbers, the
    only ones that reach the driver), once per order for their sizes, and once to rank.
    """
    borders = _borders(users, orders)
    for name, order in orders.items():
        users = users.withColumns(
            {
                f"_{name}_by": F.when(order.among, order.by),
                f"_{name}_ties": order.ties,
                f"_{name}_among": F.coalesce(order.among, F.lit(False)),
            }
        )
        users = users.withColumn(f"_{name}_bucket", _rank_bucket(name, borders[name]))
    found = users
    for name in orders:
        found = _with_rank(found, _sizes(users, name), name)
    return found.drop(*[f"_{name}_{part}" for name in orders for part in ("by", "ties", "among", "bucket")])


def _borders(users: DataFrame, orders: Mapping[str, Order]) -> dict[str, list[float]]:
    """Approximate quantiles of each order, highest first. Where they lie exactly changes no rank.

    A value that many users share is one of them, so that those users can be cut further by their hash.
    """
    shares = [n / RANK_BUCKETS for n in range(1, RANK_BUCKETS)]
    quantiles = [
        F.percentile_approx(F.when(order.among, order.by), shares, 10_000).alias(name) for name, order in orders.items()
    ]
    row = users.agg(*quantiles).collect()[0]
    return {name: sorted(set(row[name] or []), reverse=True) for name in orders}


def _rank_bucket(name: str, borders: Sequence[float]) -> Column:
    """(step, cut): steps follow the order; odd steps hold one single value, or null, and are cut by the hash."""
    by = F.col(f"_{name}_by")
    above = F.array(*[F.lit(border) for border in borders]).cast("array<double>")
    between = F.size(F.filter(above, lambda b: b > by)) + F.size(F.filter(above, lambda b: b >= by))
    step = F.when(by.isNull(), F.lit(2 * len(borders) + 1)).otherwise(between)
    cut = F.when(step % 2 == 1, by_hash(F.col(f"_{name}_ties"))).otherwise(F.lit(0))
    return F.struct(F.col(f"_{name}_among").alias("among"), step.alias("step"), cut.alias("cut"))


def _sizes(users: DataFrame, name: str) -> DataFrame:
    """One row per bucket with the users in all buckets before it."""
    bucket = f"_{name}_bucket"
    sizes = users.where(F.col(f"_{name}_among")).groupBy(bucket).agg(F.count("*").alias("size"))
    earlier = Window.orderBy(bucket).rowsBetween(Window.unboundedPreceding, -1)
    return sizes.select(bucket, F.coalesce(F.sum("size").over(earlier), F.lit(0)).alias(f"_{name}_before"))


def _with_rank(users: DataFrame, sizes: DataFrame, name: str) -> DataFrame:
    bucket = f"_{name}_bucket"
    inside = Window.partitionBy(bucket).orderBy(F.desc_nulls_last(f"_{name}_by"), F.asc(f"_{name}_ties"))
    place = F.col(f"_{name}_before") + F.row_number().over(inside)
    return (
        users.join(F.broadcast(sizes), bucket, "left")
        .withColumn(name, F.when(F.col(f"_{name}_among"), place).cast("bigint"))
        .drop(f"_{name}_before")
    )
