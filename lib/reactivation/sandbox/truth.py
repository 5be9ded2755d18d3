"""What only the simulator knows: each user's chance of a login in an outcome window, left alone and under the contacts.

Both outcomes are held against the same draws, so that they differ by the contacts alone.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation.sandbox import behaviour
from reactivation.sandbox.almanac import Almanac, number
from reactivation.sandbox.settings import SandboxSettings
from reactivation.sandbox.tables import TRUTH_EFFECTS, TRUTH_POTENTIALS

_PARTS = 10**12
"""Rates are added up as whole numbers of 10⁻¹², so that the order of the days cannot change a sum."""


def potentials(
    people: DataFrame, *, cycle: Month, outcome: Window, almanac: Almanac, settings: SandboxSettings
) -> DataFrame:
    """One row per user whose account was open in the outcome window. people: with `touches`."""
    stretches = behaviour.stretches(people, segments=[outcome], settings=settings)
    days = behaviour.days(stretches, almanac=almanac, settings=settings)
    alone, added = _total("login_rate"), _total("added_rate")
    would_come = F.col("draw") < 1 - F.exp(-F.col("login_rate"))
    by_user = days.groupBy("user_id").agg(
        (1 - F.exp(-alone)).alias("p_login_untouched"),
        (1 - F.exp(-(alone + added))).alias("p_login_planned"),
        F.bool_or(would_come).alias("logged_in_untouched"),
        F.bool_or("is_visit").alias("logged_in_planned"),
    )
    in_window = F.filter("touches", lambda touch: touch["day"].between(number(outcome.first), number(outcome.end) - 1))
    traits = people.select(
        "user_id", "habit", "responsiveness", F.coalesce(F.size(in_window), F.lit(0)).alias("contacts")
    )
    return TRUTH_POTENTIALS.select(by_user.join(traits, "user_id", "inner").withColumn("cycle", F.lit(str(cycle))))


def effects(potentials: DataFrame) -> DataFrame:
    """Mean rise of the chance of a login: over the users who were contacted, and over all."""
    rise = F.col("p_login_planned") - F.col("p_login_untouched")
    means = potentials.groupBy("cycle").agg(
        F.avg(F.when(F.col("contacts") > 0, rise)).alias("contacted"), F.avg(rise).alias("everybody")
    )
    return TRUTH_EFFECTS.select(
        means.unpivot("cycle", ["contacted", "everybody"], "contrast", "value").withColumn("metric", F.lit("login"))
    )


def _total(rate: str) -> Column:
    return F.sum(F.round(F.col(rate) * _PARTS).cast("bigint")) / F.lit(float(_PARTS))
