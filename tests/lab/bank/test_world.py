"""The simulated bank's world: its four kinds, its share of sleepers, what a contact does, whom past campaigns found."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, SHANGHAI, settings, simulated, to_everybody

from reactivation.frames import checkpointed
from reactivation.periods import Month, Window
from reactivation_lab import bank as simulator
from reactivation_lab.bank import behaviour, past_campaigns, response, touches
from reactivation_lab.bank.date_dimension import DateDimension, number

pytestmark = pytest.mark.rules

MANY = 10_000
FEW = 400
DAYS = (date(2026, 5, 4), date(2026, 5, 11), date(2026, 5, 18))


@pytest.fixture(scope="module")
def people(spark: SparkSession) -> DataFrame:
    return checkpointed(simulator.people(spark, settings=settings(users=MANY)))


@pytest.fixture(scope="module")
def few(people: DataFrame) -> DataFrame:
    return checkpointed(people.where(F.col("user_id") < 100_000_001 + FEW))


def test_the_four_kinds_have_the_shares_of_conf(people: DataFrame) -> None:
    counted = {row.kind: row["count"] for row in people.groupBy("kind").count().collect()}
    total = sum(counted.values())
    for kind, values in settings().kinds.items():
        assert counted[kind] / total == pytest.approx(values.share, abs=4 * (0.25 / total) ** 0.5)


def test_as_many_sleep_as_in_the_branch(people: DataFrame) -> None:
    """3.37 of 7 million users log in on at most 3 days in three months; within one point."""
    bank = settings(users=MANY)
    spring = Window(date(2026, 2, 1), MAY.first)
    months = [(Month.parse("2026-02") + n).window for n in range(3)]
    there = (F.col("signed_up_day") < number(MAY.first)) & (F.col("closed_day") > number(MAY.first))
    users = people.where(there).withColumn("touches", F.lit(None).cast(touches.TYPE))
    stretches = behaviour.stretches(users, segments=months, settings=bank)
    days = behaviour.days(stretches, dates=DateDimension(spring, SHANGHAI, bank.season), settings=bank)
    by_user = days.groupBy("user_id").agg(F.count_if("is_visit").alias("visits"))
    asleep = by_user.agg(F.avg((F.col("visits") <= 3).cast("int"))).collect()[0][0]
    low, high = bank.bands.sleepers_share
    assert (low, high) == pytest.approx((3.37 / 7 - 0.01, 3.37 / 7 + 0.01), abs=1e-4)
    assert low < asleep < high


def test_the_first_contact_is_the_strongest(spark: SparkSession, few: DataFrame) -> None:
    bank = settings(users=FEW)
    sent = response.contacted(to_everybody(spark, FEW, "sms", "none", *DAYS), few, settings=bank)
    ahead = sent.where("responsiveness > 0").groupBy("earlier").agg(F.avg(F.col("strength") / F.col("responsiveness")))
    strengths = {row[0]: row[1] for row in ahead.collect()}
    assert strengths[0] > strengths[1] > strengths[2] > 0
    late = to_everybody(spark, FEW, "sms", "none", date(2026, 5, 4), date(2026, 6, 30))
    assert response.contacted(late, few, settings=bank).where("earlier > 0").isEmpty()  # forgotten after 45 days


def test_those_who_are_put_off_leave_more_often_and_a_consent_says_so(spark: SparkSession, few: DataFrame) -> None:
    bank = settings(users=FEW, reach={**settings().reach.model_dump(), "opted_out": 0.05})
    rows = simulated(few, bank, to_everybody(spark, FEW, "push", "none", *DAYS))
    good = F.col("user_id").startswith("1")
    receipts = rows["contacts"].where(good & (F.col("status") == "opted_out"))
    left = receipts.select("user_id", F.to_timestamp("sent_at").alias("sent")).distinct()
    taken_back = rows["consents"].where(good & (F.col("allowed_flag") == "N") & (F.col("channel") == "push"))
    answered = taken_back.select("user_id", F.to_timestamp("event_at").alias("at")).distinct().join(left, "user_id")
    assert left.join(answered.where("at between sent and sent + interval 3 hours"), "user_id", "left_anti").isEmpty()
    kinds = few.select(F.col("user_id").cast("string").alias("user_id"), "kind")
    share = kinds.join(left.select("user_id").distinct().withColumn("has_left", F.lit(1)), "user_id", "left").na.fill(0)
    found = {row.kind: row.share for row in share.groupBy("kind").agg(F.avg("has_left").alias("share")).collect()}
    assert found["put_off"] > 2 * found["comes_anyway"]


def test_past_campaigns_contact_whom_the_rule_finds_and_nobody_else(people: DataFrame) -> None:
    bank = settings(users=MANY)
    past = bank.past_campaigns
    sent = past_campaigns.with_past(None, people, window=Month.parse("2026-02").window, settings=bank)
    assert sent is not None
    assert {row.cycle for row in sent.select("cycle").distinct().collect()} == set(past.months)
    month = F.lit(behaviour.month_number(Month.parse("2026-01").window))
    there = (F.col("signed_up_day") < number(date(2026, 2, 1))) & (F.col("closed_day") > number(date(2026, 3, 1)))
    found = people.where(there & (F.col("card_rate") >= past.card_rate_from)).where(
        behaviour.monthly_rate(month, bank) <= past.login_rate_to
    )
    february = sent.where("cycle = '2026-02'")
    drawn = found.join(february, "user_id", "left_semi").count()
    assert drawn / found.count() == pytest.approx(past.share, abs=0.03)
    assert february.count() - drawn < 0.01 * drawn  # who closed later in the month
    assert past_campaigns.with_past(None, people, window=Month.parse("2025-12").window, settings=bank) is None
    assert past_campaigns.with_past(None, people, window=Month.parse("2026-09").window, settings=bank) is None
