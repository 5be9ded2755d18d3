"""Many small months with known truth in one pass: a seed is a column, its users are of that seed alone.

Only what chance decides is there: who sleeps, arms, one contact, and what the users do. No model is trained; `model`
ranks by what it would be good at, who comes anyway, with noise. Two worlds share the draws of every user: in one the
contact works as in conf, in the other it does nothing.
"""

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import window as W

from reactivation.contracts.derived import POLICIES
from reactivation.periods import Calendar, Month, Window
from reactivation_lab.bank import behaviour, response, touches, truth
from reactivation_lab.bank.date_dimension import DateDimension, number
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.people import FIRST_USER_ID, people
from reactivation_lab.bank.settings import SandboxSettings
from reactivation_lab.bank.tables import METRICS

_LOOK_BACK_MONTHS, _SLEEPERS_DAYS, _MONTH_DAYS = 3, 3, 30.4
_MODEL_NOISE = 1.0


def banks(spark: SparkSession, *, seeds: int, users: int, settings: SandboxSettings) -> DataFrame:
    """The users of many small banks, so many signed-up ones in each: all traits, and seed."""
    bank = settings.model_copy(update={"users": seeds * users})
    return (
        people(spark, settings=bank)
        .where(F.col("user_id") < FIRST_USER_ID + seeds * users)
        .withColumn("seed", F.floor((F.col("user_id") - FIRST_USER_ID) / users).cast("int"))
    )


def sleepers(banks: DataFrame, *, month: Month, first_wave: date, settings: SandboxSettings) -> DataFrame:
    """The low-active users, by what their habits let expect: about half of all, with touches and scores.

    touches: one SMS with a benefit on the first wave's day, as far as it arrives: what a policy's plan would do to a
    user, were he picked. score_<policy>: higher comes first.
    """
    rng = HashRng(settings.seed)
    now = F.lit(behaviour.month_number(month.window))
    rates = [behaviour.monthly_rate(now - back, settings) for back in range(1, _LOOK_BACK_MONTHS + 1)]
    expected = sum(rates, F.lit(0.0)) * _MONTH_DAYS
    guess = F.log(behaviour.monthly_rate(now - 1, settings)) + _MODEL_NOISE * rng.normal("model", "user_id")
    return (
        banks.where((F.col("signed_up_day") < number(month.first)) & (F.col("closed_day") > number(month.window.end)))
        .withColumn("expected", expected)
        .where(rng.uniform("sleeps", "user_id") < _at_most(_SLEEPERS_DAYS, F.col("expected")))
        .transform(_with_one_sms, first_wave, settings)
        .withColumns(
            {"score_model": guess, "score_rule": F.col("card_rate"), "score_random": rng.uniform("order", "user_id")}
        )
    )


def outcomes(
    sleepers: DataFrame,
    *,
    outcome: Window,
    calendar: Calendar,
    uplift: truth.Uplift,
    settings: SandboxSettings,
) -> DataFrame:
    """seed, user_id, score_<policy>, and p_<metric>_<world> and <metric>_<world> as in `truth.worlds`."""
    dates = DateDimension(outcome, calendar, settings.season)
    kept = ("user_id", "seed", *(f"score_{policy}" for policy in POLICIES))
    return truth.worlds(sleepers, outcome=outcome, dates=dates, uplift=uplift, settings=settings, keys=kept)


def picked(sleepers: DataFrame, share: float) -> DataFrame:
    """Add `picked_by_<policy>`: the top share of each seed by each policy's score."""
    for policy in POLICIES:
        order = W.Window.partitionBy("seed").orderBy(F.desc(f"score_{policy}"), "user_id")
        place = F.row_number().over(order)
        everybody = F.count("*").over(W.Window.partitionBy("seed"))
        sleepers = sleepers.withColumn(f"picked_by_{policy}", place <= everybody * share)
    return sleepers


def counted(drawn: DataFrame) -> DataFrame:
    """Sums per seed, cell, pick and touch: what a read-out sees of each world, and what is true.

    drawn: `picked` with policy, touch and is_selected. Gives users; events__<metric>__<world>; rise__<metric>: sum of
    the rises of probability that the contact would bring; rise__<metric>__<policy>: of those whom a policy would pick.
    """
    is_contacted = F.col("is_selected") & (F.col("touch") == "touched")
    sums: list[Column] = [F.count("*").alias("users")]
    for metric in METRICS:
        rise = F.col(f"p_{metric}_planned") - F.col(f"p_{metric}_untouched")
        happened = F.when(is_contacted, F.col(f"{metric}_planned")).otherwise(F.col(f"{metric}_untouched"))
        sums += [
            F.count_if(happened).alias(f"events__{metric}__moved"),
            F.count_if(f"{metric}_untouched").alias(f"events__{metric}__unmoved"),
            F.sum(rise).alias(f"rise__{metric}"),
            *[F.sum(F.when(F.col(f"picked_by_{p}"), rise)).alias(f"rise__{metric}__{p}") for p in POLICIES],
        ]
    return drawn.groupBy("seed", "policy", "is_selected", "touch").agg(*sums)


def _with_one_sms(users: DataFrame, day: date, settings: SandboxSettings) -> DataFrame:
    sms = {"channel": F.lit("sms"), "benefit": F.lit("discount"), "contact": F.xxhash64("user_id")}
    arrives = response.has_address() & response.arrives(settings)
    return users.withColumns(sms).withColumn(
        "touches", F.when(arrives, touches.alone(number(day), response.strength(settings)))
    )


def _at_most(events: int, expected: Column) -> Column:
    """Poisson probability of so many events or fewer."""
    term, total = F.lit(1.0), F.lit(1.0)
    for n in range(1, events + 1):
        term = term * expected / n
        total = total + term
    return F.exp(-expected) * total
