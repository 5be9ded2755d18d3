"""What users are about to do: one row per user and segment with the month's rates, then one per user and day.

The habit of a month is the user's own plus a drift that neighbouring months share; it needs no month before to be
computed. The rate of a login day is habit × season × pay day, plus what delivered contacts add, or less what they take
from those who are put off; the draw that it is held against is the same with and without contacts, so two worlds
differ only where their contacts do.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation_lab.bank import segments as cut
from reactivation_lab.bank import touches
from reactivation_lab.bank.date_dimension import DateDimension, number
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.settings import Effects, SandboxSettings

DRIFT_MONTHS = 4
_LARGEST_RATE = 2.5


def stretches(people: DataFrame, *, segments: Sequence[Window], settings: SandboxSettings) -> DataFrame:
    """One row per user and segment in which the account is open: first_day, last_day, month_rate, beside the traits."""
    parts = F.array(
        *[
            F.struct(
                F.lit(cut.name_of(segment)).alias("segment_on"),
                F.lit(number(segment.first)).alias("first"),
                F.lit(number(segment.end) - 1).alias("last"),
                F.lit(month_number(segment)).alias("month"),
                F.lit(number(Month.of(segment.first).first)).alias("month_first"),
            )
            for segment in segments
        ]
    )
    return (
        people.withColumn("part", F.explode(parts))
        .withColumn("segment_on", F.col("part.segment_on"))
        .withColumn("month", F.col("part.month"))
        .withColumn("month_first", F.col("part.month_first"))
        .withColumn("first_day", F.greatest("part.first", "signed_up_day"))
        .withColumn("last_day", F.least("part.last", F.col("closed_day") - 1))
        .where(F.col("first_day") <= F.col("last_day"))
        .withColumn("month_rate", monthly_rate(F.col("month"), settings))
        .drop("part")
    )


def monthly_rate(month: Column, settings: SandboxSettings) -> Column:
    """Expected login days per day of a month, before its season; month: number of the month since year 0."""
    rng = HashRng(settings.seed)
    drift = sum((rng.normal("drift", "user_id", month - back) for back in range(DRIFT_MONTHS)), F.lit(0.0))
    return F.exp(F.col("habit") + drift * (settings.habits.drift_spread / DRIFT_MONTHS**0.5))


def days(stretches: DataFrame, *, dates: DateDimension, settings: SandboxSettings) -> DataFrame:
    """One row per user and day: login_rate left alone, added_rate by contacts, is_visit.

    p_mobile: of a mobile transaction on a login day. draw, mobile_draw: what the probabilities are held against.
    weight: the season's factor.
    """
    rng = HashRng(settings.seed)
    day = F.col("day")
    weight = dates.weight(day) * dates.pay_weight(day, F.col("pay_day"))
    return (
        stretches.withColumn("day", F.explode(F.sequence("first_day", "last_day")))
        .withColumn("weight", weight)
        .withColumn("login_rate", F.least(F.col("month_rate") * F.col("weight"), F.lit(_LARGEST_RATE)))
        .withColumn(
            "added_rate", F.greatest(added_rate(settings.effects), F.col("login_rate") * -_most_taken(settings))
        )
        .withColumn("draw", rng.uniform("login", "user_id", "day"))
        .withColumn("mobile_draw", rng.uniform("mobile_day", "user_id", "day"))
        .withColumn("p_mobile", p_mobile(F.col("added_rate"), settings.effects))
        .withColumn("is_visit", F.col("draw") < 1 - F.exp(-(F.col("login_rate") + F.col("added_rate"))))
    )


def _most_taken(settings: SandboxSettings) -> float:
    return 1 - settings.effects.least_rate_share


def visits(days: DataFrame) -> DataFrame:
    """The days with a login."""
    return days.where("is_visit")


def added_rate(effects: Effects) -> Column:
    """Login rate that delivered contacts add on `day`, falling by e in decay_days from the first day after each."""
    if not effects.horizon_days:
        return F.lit(0.0)

    def since(touch: Column) -> Column:
        return F.col("day") - touch["day"]

    return touches.total(
        lambda touch: touch["strength"] * F.exp((1 - since(touch)) / effects.decay_days),
        lambda touch: since(touch).between(1, effects.horizon_days),
    )


def p_mobile(added_rate: Column, effects: Effects) -> Column:
    """Probability of a mobile transaction on a login day."""
    moved = F.greatest(added_rate, F.lit(0.0)) * effects.mobile_transaction
    return 1 - (1 - F.col("mobile_share")) * F.exp(-moved)


def month_number(segment: Window) -> int:
    """Months since year 0 of the month a segment lies in."""
    return Month.of(segment.first).months_since(Month(0, 1))
