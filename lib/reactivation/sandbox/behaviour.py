"""What users are about to do: one row per user and segment with the month's rates, then one per user and day.

The habit of a month is the user's own plus a drift that neighbouring months share; it needs no month before to be
computed. The rate of a login day is habit × season × pay day, plus what delivered contacts add; the draw that it is
held against is the same with and without contacts, so contacts can only make users come, and only by the rate they
add.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation.sandbox import segments as cut
from reactivation.sandbox.almanac import Almanac, number
from reactivation.sandbox.dice import Dice
from reactivation.sandbox.settings import Effects, SandboxSettings

DRIFT_MONTHS = 4
_LARGEST_RATE = 2.5


def stretches(people: DataFrame, *, segments: Sequence[Window], settings: SandboxSettings) -> DataFrame:
    """One row per user and segment in which the account is open: first_day, last_day, month_rate, beside the traits."""
    dice = Dice(settings.seed)
    pieces = F.array(
        *[
            F.struct(
                F.lit(cut.name_of(segment)).alias("segment_on"),
                F.lit(number(segment.first)).alias("first"),
                F.lit(number(segment.end) - 1).alias("last"),
                F.lit(month_number(segment)).alias("month"),
            )
            for segment in segments
        ]
    )
    drift = sum((dice.normal("drift", "user_id", F.col("month") - back) for back in range(DRIFT_MONTHS)), F.lit(0.0))
    log_rate = F.col("habit") + drift * (settings.habit.drift_spread / DRIFT_MONTHS**0.5)
    return (
        people.withColumn("piece", F.explode(pieces))
        .withColumn("segment_on", F.col("piece.segment_on"))
        .withColumn("month", F.col("piece.month"))
        .withColumn("first_day", F.greatest("piece.first", "signed_up_day"))
        .withColumn("last_day", F.least("piece.last", F.col("closed_day") - 1))
        .where(F.col("first_day") <= F.col("last_day"))
        .withColumn("month_rate", F.exp(log_rate))
        .drop("piece")
    )


def days(stretches: DataFrame, *, almanac: Almanac, settings: SandboxSettings) -> DataFrame:
    """One row per user and day: login_rate left alone, added_rate by contacts, is_visit, weight of the season."""
    dice = Dice(settings.seed)
    day = F.col("day")
    weight = almanac.weight(day) * almanac.pay_weight(day, F.col("pay_day"))
    return (
        stretches.withColumn("day", F.explode(F.sequence("first_day", "last_day")))
        .withColumn("weight", weight)
        .withColumn("login_rate", F.least(F.col("month_rate") * F.col("weight"), F.lit(_LARGEST_RATE)))
        .withColumn("added_rate", added_rate(settings.effects))
        .withColumn("draw", dice.uniform("login", "user_id", "day"))
        .withColumn("is_visit", F.col("draw") < 1 - F.exp(-(F.col("login_rate") + F.col("added_rate"))))
    )


def visits(days: DataFrame) -> DataFrame:
    """The days with a login."""
    return days.where("is_visit")


def added_rate(effects: Effects) -> Column:
    """Login rate that delivered contacts add on `day`, falling by e in decay_days from the first day after each."""
    if not effects.horizon_days:
        return F.lit(0.0)

    def term(touch: Column) -> Column:
        since = F.col("day") - touch["day"]
        fading = touch["strength"] * F.exp((1 - since) / effects.decay_days)
        return F.when(since.between(1, effects.horizon_days), fading).otherwise(F.lit(0.0))

    total = F.aggregate("touches", F.lit(0.0), lambda sum_, touch: sum_ + term(touch))
    return F.coalesce(total, F.lit(0.0))


def month_number(segment: Window) -> int:
    """Months since year 0 of the month a segment lies in."""
    return Month.of(segment.first).months_since(Month(0, 1))
