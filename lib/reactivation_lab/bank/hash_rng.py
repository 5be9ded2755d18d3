"""Chance as a pure function: uniforms and normals hashed from the seed, a purpose and numbers of the row.

The same seed, purpose and numbers give the same draw on any cluster and in any partitioning. Every draw has a purpose
of its own, so a change of one behaviour leaves the draws of all others as they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from math import pi

from pyspark.sql import Column
from pyspark.sql import functions as F

Number = str | int | Column


@dataclass(frozen=True)
class HashRng:
    """The draws of one bank."""

    seed: int

    def hashed(self, purpose: str, *numbers: Number) -> Column:
        """A 64-bit hash of the seed, a purpose and whole numbers (columns by name or as such)."""
        seeded = f"{self.seed}|{purpose}"
        if any(isinstance(number, Column) for number in numbers):
            return F.xxhash64(F.lit(seeded), *[_column(n).cast("bigint") for n in numbers])
        texts = [f"'{seeded}'", *[f"cast({n} as bigint)" for n in numbers]]  # one call to Spark, not one per number
        return F.expr(f"xxhash64({', '.join(texts)})")

    def uniform(self, purpose: str, *numbers: Number) -> Column:
        """Uniform in (0, 1), neither end included: the upper 52 bits of the hash, at the middle of their interval."""
        return (F.shiftrightunsigned(self.hashed(purpose, *numbers), 12) + F.lit(0.5)) * F.lit(2.0**-52)

    def normal(self, purpose: str, *numbers: Number) -> Column:
        """Standard normal, from two uniforms by Box and Muller."""
        radius = F.sqrt(F.lit(-2.0) * F.log(self.uniform(f"{purpose}|radius", *numbers)))
        return radius * F.cos(F.lit(2 * pi) * self.uniform(f"{purpose}|angle", *numbers))

    def happens(self, probability: float | Column, purpose: str, *numbers: Number) -> Column:
        """True with a probability."""
        return self.uniform(purpose, *numbers) < probability

    def pick(self, weights: Mapping[str, float], purpose: str, *numbers: Number) -> Column:
        """One of the names, by weight."""
        draw = self.uniform(purpose, *numbers) * F.lit(float(sum(weights.values())))
        cuts = list(accumulate(weights.values()))[:-1]
        place = sum(((draw >= cut).cast("int") for cut in cuts), F.lit(1))  # all look at one draw, which is made once
        return F.element_at(F.array(*[F.lit(name) for name in weights]), place)

    def one_of(self, values: Sequence[int] | Sequence[str], purpose: str, *numbers: Number) -> Column:
        """One of the values, all equally likely."""
        place = F.floor(self.uniform(purpose, *numbers) * len(values)).cast("int") + 1
        return F.element_at(F.array(*[F.lit(value) for value in values]), place)

    def count(self, rate: Column, purpose: str, *numbers: Number) -> Column:
        """Poisson count with a small rate, cut off at 3."""
        draw, none = self.uniform(purpose, *numbers), F.exp(-rate)
        steps = (none, none * (1 + rate), none * (1 + rate + rate * rate / 2))
        first, second, third = [(draw > step).cast("int") for step in steps]
        return first + second + third


def _column(number: Number) -> Column:
    if isinstance(number, int):
        return F.lit(number)
    return F.col(number) if isinstance(number, str) else number


def by_name(values: Mapping[str, float], column: str, otherwise: float) -> Column:
    """The number that belongs to the name in a column; `otherwise` where the name is not there."""
    pairs = F.create_map(*chain.from_iterable((F.lit(name), F.lit(float(v))) for name, v in values.items()))
    return F.coalesce(pairs[F.col(column)], F.lit(float(otherwise)))
