"""What the calendar and the years do to the bank: seasons, sign-ups and closures, branches, drifting habits."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import CONF, MAY, SHANGHAI, settings

from reactivation.frames import checkpointed
from reactivation.periods import Window
from reactivation_lab import bank as simulator
from reactivation_lab.bank import behaviour, touches
from reactivation_lab.bank.date_dimension import DateDimension, number
from reactivation_lab.bank.settings import Season

pytestmark = pytest.mark.rules

MANY = 20_000
SEASON = Season.model_validate(
    {
        "weekday": (1, 1, 1, 1, 1, 2, 3),
        "month": (1, 1, 1, 1, 5, 1, 1, 1, 1, 1, 1, 1),
        "pay_days": (10,),
        "pay_day_factor": 7,
        "month_end_factor": 11,
        "holidays": ({"first": date(2026, 5, 1), "last": date(2026, 5, 2), "factor": 13},),
    }
)


@pytest.fixture(scope="module")
def people(spark: SparkSession) -> DataFrame:
    return checkpointed(simulator.people(spark, settings=settings(users=MANY)))


def test_a_day_weighs_by_its_weekday_its_month_the_months_end_and_holidays(spark: SparkSession) -> None:
    expected = {
        date(2026, 4, 28): 1,  # a Tuesday
        date(2026, 4, 29): 11,  # of April's last two days
        date(2026, 5, 1): 5 * 13,  # May, and a holiday
        date(2026, 5, 2): 5 * 2 * 13,  # a Saturday too
        date(2026, 5, 3): 5 * 3,  # a Sunday after the holidays
        date(2026, 5, 11): 5,
        date(2026, 5, 31): 5 * 3 * 11,
    }
    dates = DateDimension(Window(date(2026, 4, 1), date(2026, 6, 1)), SHANGHAI, SEASON)
    days = spark.createDataFrame([(day, number(day)) for day in expected], "day date, number int")
    found = days.select("day", dates.weight(F.col("number")).alias("weight")).collect()
    assert {row.day: row.weight for row in found} == expected


def test_users_come_more_often_from_their_pay_day_on_for_three_days(people: DataFrame) -> None:
    bank = settings(season={**CONF["sandbox"]["season"], "pay_day_factor": 8.0})
    some = people.where(F.col("user_id") % 20 == 0).withColumn("touches", F.lit(None).cast(touches.TYPE))
    stretches = behaviour.stretches(some, segments=[MAY], settings=bank)
    days = behaviour.days(stretches, dates=DateDimension(MAY, SHANGHAI, bank.season), settings=bank)
    since = F.col("day") - number(MAY.first) + 1 - F.col("pay_day")
    rates = days.groupBy(since.alias("since")).agg(F.avg(F.col("is_visit").cast("int")).alias("rate")).collect()
    rate = {row.since: row.rate for row in rates}
    assert min(rate[0], rate[1], rate[2]) > 1.5 * max(rate[-1], rate[3])


def test_as_many_sign_up_and_close_as_conf_says(people: DataFrame) -> None:
    bank = settings(users=MANY)
    first, year_before, year_after = (number(date(year, 5, 1)) for year in (2026, 2025, 2027))
    signs_up = F.col("signed_up_day").between(first, year_after - 1)
    was_there = F.col("signed_up_day") < year_before
    closes = was_there & (F.col("closed_day") < first)
    counted = people.agg(
        *[F.count_if(c).alias(n) for n, c in (("new", signs_up), ("old", was_there), ("gone", closes))]
    )
    row = counted.collect()[0]
    assert row.new == pytest.approx(MANY * bank.monthly_sign_up_share * 12, rel=0.1)
    assert row.gone / row.old == pytest.approx(bank.monthly_closure_share * 12, rel=0.25)
    assert people.where("closed_day < signed_up_day").isEmpty()


def test_branches_differ_and_habits_drift_slowly(people: DataFrame) -> None:
    bank = settings(users=MANY)
    months = {
        name: behaviour.monthly_rate(F.lit(24_316 + later), bank) for name, later in (("m0", 0), ("m1", 1), ("m4", 4))
    }
    drifts = people.select(
        "branch", "kind", "habit", *[(F.log(rate) - F.col("habit")).alias(n) for n, rate in months.items()]
    )
    row = drifts.agg(F.corr("m0", "m1"), F.corr("m0", "m4"), F.stddev("m0")).collect()[0]
    assert row[0] == pytest.approx(0.75, abs=0.02)  # three of four months' draws are shared
    assert row[1] == pytest.approx(0.0, abs=0.03)
    assert row[2] == pytest.approx(bank.habits.drift_spread, rel=0.02)
    means = drifts.where("kind = 'comes_anyway'").groupBy("branch").agg(F.avg("habit").alias("habit"))
    spread = means.agg(F.stddev("habit")).collect()[0][0]
    assert 0.5 * bank.habits.branch_spread < spread < 1.7 * bank.habits.branch_spread  # of sixteen branches
