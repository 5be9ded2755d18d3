"""The contacts that work on a user: an array `touches` beside the traits, one element per delivered contact."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

TYPE = "array<struct<day:int,contact:bigint,strength:double,benefit:string>>"


def alone(day: int, strength: Column) -> Column:
    """`touches` of one contact sent on a day, of columns contact and benefit."""
    touch = F.struct(F.lit(day).alias("day"), "contact", strength.alias("strength"), "benefit")
    return F.array(touch).cast(TYPE)


def total(term: Callable[[Column], Column], applies: Callable[[Column], Column]) -> Column:
    """Sum of a term over the touches to which it applies; 0 where there are none."""

    def add(sum_: Column, touch: Column) -> Column:
        return sum_ + F.when(applies(touch), term(touch)).otherwise(F.lit(0.0))

    return F.coalesce(F.aggregate("touches", F.lit(0.0), add), F.lit(0.0))
