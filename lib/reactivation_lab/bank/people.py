"""Who the simulated bank's users are: one row of latent traits per user, drawn from the seed and the user's number.

What each trait does:

kind             comes_anyway, can_be_moved, cannot_be_moved or put_off; nothing at the bank ever shows it
habit            logarithm of the login rate per day; the past shows it only roughly
responsiveness   factor on what a delivered contact adds; below 0 it keeps the user away
price_sensitivity  factor on what a benefit adds to a contact; the sensitive also claim more benefits by themselves
freshness        factor of each delivered contact on the next ones within the memory
leaves           factor on the probabilities of opting out and of complaining
wealth           logarithm of the usual assets; also decides the bank's customer segment and who holds other products
flow_rate        inflows per month beside pay
card_rate        card payments per day, independent of the habit: many sleepers of the app pay by card; families most
counter_rate     visits to the counter per day; older users come more often
mobile_share     probability that a login day brings a mobile transaction; the young do it more often
benefit_share    probability that a login day brings a benefit
pay_day          day of the month on which money comes in
signed_up_day, closed_day, changed_day   days since 1970 on which master data begin, end and change once
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation_lab.bank.date_dimension import number
from reactivation_lab.bank.hash_rng import HashRng, by_name
from reactivation_lab.bank.settings import SandboxSettings

FIRST_USER_ID = 100_000_001
_GROWTH_MONTHS = 24
_MONTH_DAYS = 30.4
_YEAR_DAYS = 365


def people(spark: SparkSession, *, settings: SandboxSettings) -> DataFrame:
    """One row per user who ever signs up within two years of `counted_on`: user_id and all traits."""
    later = round(settings.users * settings.monthly_sign_up_share * _GROWTH_MONTHS)
    ids = spark.range(FIRST_USER_ID, FIRST_USER_ID + settings.users + later).withColumnRenamed("id", "user_id")
    rng = HashRng(settings.seed)
    return ids.transform(_with_dates, rng, settings).transform(_with_person, rng).transform(_with_traits, rng, settings)


def _with_dates(ids: DataFrame, rng: HashRng, settings: SandboxSettings) -> DataFrame:
    oldest, counted = number(settings.oldest_sign_up_on), number(settings.counted_on)
    is_there_already = F.col("user_id") < FIRST_USER_ID + settings.users
    early = oldest + F.floor(F.sqrt(rng.uniform("sign_up", "user_id")) * (counted - oldest))
    late = counted + F.floor(rng.uniform("sign_up", "user_id") * _GROWTH_MONTHS * _MONTH_DAYS)
    signed_up = F.when(is_there_already, early).otherwise(late).cast("int")
    months_open = -F.log(rng.uniform("closure", "user_id")) / settings.monthly_closure_share
    closing_from = F.greatest("signed_up_day", F.lit(counted - _YEAR_DAYS))
    closed = closing_from + F.ceil(F.least(months_open, F.lit(1000.0)) * _MONTH_DAYS).cast("int")
    change = F.lit(counted - _YEAR_DAYS) + F.floor(rng.uniform("change_day", "user_id") * 2 * _YEAR_DAYS).cast("int")
    changes = rng.happens(settings.change_share, "change", "user_id") & (change > F.col("signed_up_day"))
    return (
        ids.withColumn("signed_up_day", signed_up)
        .withColumn("closed_day", closed)
        .withColumn("changed_day", F.when(changes & (change < F.col("closed_day")), change))
    )


def _with_person(ids: DataFrame, rng: HashRng) -> DataFrame:
    age = 18 + F.floor(62 * F.pow(rng.uniform("age", "user_id"), 1.3)).cast("int")
    return ids.withColumns(
        {
            "age": age,
            "gender": rng.pick({"1": 0.49, "2": 0.48, "0": 0.03}, "gender", "user_id"),
            "branch": rng.one_of([f"B{n:02d}" for n in range(1, 17)], "branch", "user_id"),
            "has_phone": rng.happens(0.95, "phone", "user_id"),
            "has_push": rng.happens(0.7, "push", "user_id"),
        }
    )


def _with_traits(people: DataFrame, rng: HashRng, settings: SandboxSettings) -> DataFrame:
    effects, habits, flows = settings.effects, settings.habits, settings.flows
    young, family = F.col("age") < 26, F.col("age").between(28, 45)
    price = F.exp(effects.price_spread * rng.normal("price", "user_id"))
    of_branch = habits.branch_spread * rng.normal("branch_habit", F.xxhash64("branch"))
    youth = (40 - F.col("age")) * habits.age_slope
    spread = F.exp(effects.spread * rng.normal("responsiveness", "user_id"))
    tires = effects.fatigue * F.exp(effects.fatigue_spread * rng.normal("fatigue", "user_id"))
    return (
        people.withColumn("kind", rng.pick({n: k.share for n, k in settings.kinds.items()}, "kind", "user_id"))
        .withColumn("price_sensitivity", price)
        .withColumns(
            {
                "habit": _of_kind(settings, "log_rate")
                + _of_kind(settings, "spread") * rng.normal("habit", "user_id")
                + youth
                + of_branch,
                "responsiveness": _of_kind(settings, "response") * spread,
                "freshness": 1 - F.least(tires, F.lit(0.95)),
                "leaves": _of_kind(settings, "leaves"),
                "wealth": 8.8 + 1.3 * rng.normal("wealth", "user_id") + (F.col("age") - 40) * 0.015,
                "flow_rate": F.exp(flows.log_rate + flows.spread * rng.normal("flow_rate", "user_id")),
                "card_rate": F.exp(-2.3 + 1.2 * rng.normal("card", "user_id") + 0.3 * family.cast("int")),
                "counter_rate": F.exp(-4.6 + 0.7 * rng.normal("counter", "user_id") + (F.col("age") - 40) * 0.02),
                "mobile_share": 0.15 + 0.45 * rng.uniform("mobile", "user_id") + 0.1 * young.cast("int"),
                "benefit_share": F.least(
                    0.06 * F.pow(rng.uniform("benefit", "user_id"), 2) * F.col("price_sensitivity"), F.lit(0.5)
                ),
                "pay_day": rng.one_of(settings.season.pay_days, "pay_day", "user_id"),
            }
        )
    )


def _of_kind(settings: SandboxSettings, name: str) -> Column:
    """A value of the user's kind."""
    return by_name({kind: getattr(values, name) for kind, values in settings.kinds.items()}, "kind", 0.0)
