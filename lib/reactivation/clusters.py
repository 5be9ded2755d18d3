"""Weighted shares of users who are seen several times: sums per user on the cluster, estimates from a few numbers.

A user who is drawn in several months is one cluster, because the months of one user resemble each other. Weights are
summed as whole millionths, so that the order in which rows are added changes no digit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import sqrt
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

MILLIONTHS = 1_000_000
_SUMS = ("w1", "a1", "w0", "a0")
"""Per user: sum of weights and of weights with the event, on the side of the treatment (1) and of the control (0)."""
_PAIRS = tuple(combinations_with_replacement(_SUMS, 2))


def sums(rows: DataFrame, by: Sequence[str]) -> DataFrame:
    """Sum weights per user, then sum these and their products over users. Grain and key: `by`.

    rows: any number per user, with the columns of `by`, user_id, is_treatment, is_event (BOOLEAN, never null) and
    weight (DOUBLE, in millionths at best).
    """
    is_treated, whole = F.col("is_treatment"), F.round(F.col("weight") * MILLIONTHS).cast("bigint")
    has_event = F.col("is_event")
    parts = {"w1": is_treated, "a1": is_treated & has_event, "w0": ~is_treated, "a0": ~is_treated & has_event}
    per_user = rows.groupBy(*by, "user_id").agg(
        F.count_if(is_treated).alias("rows1"),
        F.count_if(~is_treated).alias("rows0"),
        *[F.sum(F.when(of, whole).otherwise(F.lit(0))).cast("decimal(18,0)").alias(n) for n, of in parts.items()],
    )
    return per_user.groupBy(*by).agg(
        F.sum("rows1").alias("rows1"),
        F.sum("rows0").alias("rows0"),
        F.count_if(F.col("w1") > 0).alias("users1"),
        F.count_if(F.col("w0") > 0).alias("users0"),
        F.count("*").alias("users"),
        *[F.sum(name).alias(name) for name in _SUMS],
        *[F.sum(F.col(a) * F.col(b)).alias(f"{a}_{b}") for a, b in _PAIRS],
    )


@dataclass(frozen=True)
class WeightedShare:
    """One side: rows, users, weighted share with the event, and Kish's effective number of users.

    effective: (ΣW)² / ΣW², W being all weights of one user, so that a user's months count as one observation. Where
    the months resemble each other less, the number is too small rather than too large.

    Reference: Kish, Survey Sampling (1965), 11.2C.
    """

    rows: int = 0
    users: int = 0
    rate: float | None = None
    effective: float = 0.0


@dataclass(frozen=True)
class WeightedComparison:
    """Two weighted shares, over the same users or over different ones.

    variance: of the difference of the two rates (Hájek's weighted means), by linearisation with each user as a cluster;
    users who are on both sides are allowed for. None where a side or a second user is missing. control_variance: the
    same of the control's rate alone, which all comparisons with this control share.

    References: Hájek (1971); Binder, International Statistical Review 51 (1983); Liang and Zeger, Biometrika 73 (1986).
    """

    treatment: WeightedShare
    control: WeightedShare
    users: int
    variance: float | None
    control_variance: float | None = None

    @property
    def difference(self) -> float | None:
        """Rate of the treatment less that of the control; None where either is not known."""
        if self.treatment.rate is None or self.control.rate is None:
            return None
        return self.treatment.rate - self.control.rate

    @property
    def standard_error(self) -> float | None:
        return None if self.variance is None else sqrt(self.variance)


def pair(row: Mapping[str, Any]) -> WeightedComparison:
    """The estimates of one row of `sums`."""
    total = {name: int(row[name]) for name in _SUMS}
    product = {(a, b): int(row[f"{a}_{b}"]) for a, b in _PAIRS}
    sides = [_side(row, total, product, n) for n in ("1", "0")]
    users = int(row["users"])
    both, alone = (_variance(total, product, users=users, sides=part) for part in ("10", "0"))
    return WeightedComparison(sides[0], sides[1], users, both, None if both is None else alone)


def _side(
    row: Mapping[str, Any], total: Mapping[str, int], product: Mapping[tuple[str, str], int], n: str
) -> WeightedShare:
    weight, squares = total[f"w{n}"], product[f"w{n}", f"w{n}"]
    if not weight:
        return WeightedShare()
    rate, effective = Fraction(total[f"a{n}"], weight), Fraction(weight * weight, squares)
    return WeightedShare(int(row[f"rows{n}"]), int(row[f"users{n}"]), float(rate), float(effective))


def _variance(
    total: Mapping[str, int], product: Mapping[tuple[str, str], int], *, users: int, sides: str
) -> float | None:
    """Σ over users of ((a₁ - p₁w₁)/W₁ - (a₀ - p₀w₀)/W₀)², times G / (G - 1), of some sides; exact until the end."""
    if users < 2 or not all(total[f"w{n}"] for n in sides):
        return None
    factor = dict.fromkeys(_SUMS, Fraction(0))
    for n in sides:
        weight, sign = total[f"w{n}"], 1 if n == "1" else -1
        factor[f"a{n}"] = Fraction(sign, weight)
        factor[f"w{n}"] = -sign * Fraction(total[f"a{n}"], weight) / weight
    twice = {(a, b): 1 if a == b else 2 for a, b in _PAIRS}
    whole = sum((factor[a] * factor[b] * twice[a, b] * product[a, b] for a, b in _PAIRS), start=Fraction(0))
    return float(max(whole, Fraction(0)) * Fraction(users, users - 1))
