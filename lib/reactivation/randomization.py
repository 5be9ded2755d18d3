"""Every random choice is a hash of a salt and the user's number, cut cumulatively; no generator is used.

The same salt and user give the same bucket on any cluster, in any order, in any number of partitions, and anyone can
recompute one by hand: `pmod(xxhash64(salt, user_id), 10000)`.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import isclose

from pyspark.sql import Column
from pyspark.sql import functions as F

BUCKETS = 10_000


def salt(region: str, scenario: str, cycle: str, purpose: str) -> str:
    """Name one random choice: `region|scenario|cycle|purpose`.

    >>> salt("sandbox", "mobile_activity", "2026-06", "cell")
    'sandbox|mobile_activity|2026-06|cell'
    """
    return "|".join((region, scenario, cycle, purpose))


def bucket(salt: str, user_id: str | Column = "user_id") -> Column:
    """Bucket of a user under a salt, an integer from 0 to 9 999.

    The id is cast to BIGINT first, because an INT of the same value hashes differently.
    """
    return F.pmod(hashed(salt, user_id), F.lit(BUCKETS)).cast("int")


def hashed(salt: str, user_id: str | Column = "user_id") -> Column:
    """The whole 64-bit hash behind `bucket`: a fixed random order, for breaking ties."""
    column = F.col(user_id) if isinstance(user_id, str) else user_id
    return F.xxhash64(F.lit(salt).cast("string"), column.cast("bigint"))


def draw(bucket: Column, shares: Mapping[str, float]) -> Column:
    """Name of the share a bucket falls into; shares are cut cumulatively in the order given and must add up to 1."""
    if not isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        raise ValueError(f"shares {dict(shares)} add up to {sum(shares.values())}, must be 1")
    names = list(shares)
    chosen = F.lit(names[-1])
    for name, cut in reversed(list(zip(names[:-1], _cuts(list(shares.values())), strict=False))):
        chosen = F.when(bucket < cut, F.lit(name)).otherwise(chosen)
    return chosen


def probabilities(shares: Mapping[str, float]) -> dict[str, float]:
    """Probability with which `draw` really chooses each name: shares are cut to whole buckets.

    >>> probabilities({"a": 1 / 3, "b": 2 / 3})
    {'a': 0.3333, 'b': 0.6667}
    """
    cuts = [0, *_cuts(list(shares.values()))[:-1], BUCKETS]
    return {name: (end - start) / BUCKETS for name, start, end in zip(shares, cuts, cuts[1:], strict=False)}


def is_within(bucket: Column, share: float) -> Column:
    """True for the first `share` of the buckets."""
    return bucket < _cuts([share])[0]


def _cuts(shares: Sequence[float]) -> list[int]:
    return [round(total * BUCKETS) for total in accumulate(shares)]
