"""Sums of rates and probabilities that the order of the rows cannot change."""

from pyspark.sql import Column
from pyspark.sql import functions as F

_PARTS = 10**12


def total(value: Column) -> Column:
    """A sum in whole numbers of 10⁻¹²."""
    return F.sum(F.round(value * _PARTS).cast("bigint")) / F.lit(float(_PARTS))
