"""The simulated bank's raw tables: reproducible, dirty as stated, and moved by contacts alone."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, SHANGHAI, settings, simulated, sums, to_everybody

from reactivation.periods import Window
from reactivation_lab import bank as simulator

pytestmark = pytest.mark.rules

FEW = 150
CONTACTED_ON = (date(2026, 5, 4), date(2026, 5, 11), date(2026, 5, 18))


@pytest.fixture(scope="module")
def people(spark: SparkSession) -> DataFrame:
    return simulator.people(spark, settings=settings(users=FEW)).cache()


@pytest.fixture(scope="module")
def offers(spark: SparkSession) -> DataFrame:
    return to_everybody(spark, FEW, "sms", "gift", *CONTACTED_ON)


@pytest.fixture(scope="module")
def offered(people: DataFrame, offers: DataFrame) -> dict[str, DataFrame]:
    """The month under a text message with a gift for everybody, three times."""
    return {name: rows.cache() for name, rows in simulated(people, settings(users=FEW), offers).items()}


def size_of(rows: DataFrame) -> float:
    """What there is of it: money where it is money, else rows."""
    size = F.sum(F.expr("try_cast(balance as double)")) if "balance" in rows.columns else F.count("*")
    return float(rows.select(size.cast("double")).collect()[0][0] or 0)


def test_the_same_seed_gives_the_same_rows_in_two_and_in_sixteen_partitions_and_another_seed_others(
    spark: SparkSession, people: DataFrame
) -> None:
    bank = settings(users=FEW)
    contacts = to_everybody(spark, FEW, "sms", "none", *CONTACTED_ON)
    two = sums(simulated(people.repartition(2), bank, contacts.repartition(2)))
    sixteen = sums(simulated(people.repartition(16), bank, contacts.repartition(16, "send_on")))
    assert two == sixteen
    assert set(two) == set(simulator.tables.BY_NAME)
    other = settings(users=FEW, seed=7)
    logins = simulated(simulator.people(spark, settings=other), other)["logins"]
    assert sums({"logins": logins})["logins"] != sums({"logins": simulated(people, bank)["logins"]})["logins"]


def test_a_month_at_once_and_from_wave_to_wave_hold_the_same_rows(spark: SparkSession, people: DataFrame) -> None:
    bank = settings(users=FEW)
    contacts = to_everybody(spark, FEW, "sms", "none", *CONTACTED_ON)
    first, rest = Window(MAY.first, date(2026, 5, 12)), Window(date(2026, 5, 12), MAY.end)
    whole = sums(simulated(people, bank, contacts), but=["segment_on"])
    early = sums(simulated(people, bank, contacts, [first]), but=["segment_on"])
    late = sums(simulated(people, bank, contacts, [rest], is_opening=False), but=["segment_on"])
    assert "asset_snapshots" not in early  # neither the 15th nor the month's end lies in those days
    pieces = {name: [part.get(name, (0, 0)) for part in (early, late)] for name in whole}
    assert whole == {name: (a[0] + b[0], a[1] + b[1]) for name, (a, b) in pieces.items()}


def test_a_few_in_a_hundred_events_arrive_after_their_month_and_nearly_all_before_it_settles(
    quarter: dict[str, DataFrame],
) -> None:
    at = F.expr("try_cast(event_at as timestamp)")
    rows = (
        quarter["transactions"].withColumn("at", at).where((F.col("at") > "2026-01-31") & (F.col("at") < "2026-05-01"))
    )
    next_month = F.add_months(F.trunc(SHANGHAI.day("at"), "month"), 1)
    arrived = SHANGHAI.day("arrived_at")
    late, too_late, too_early = rows.select(
        F.avg((arrived >= next_month).cast("int")),
        F.avg((arrived >= F.date_add(next_month, SHANGHAI.settle_days)).cast("int")),
        F.count_if(F.col("arrived_at") < F.col("at")),
    ).collect()[0]
    low, high = settings().bands.late_share
    assert low < late < high
    assert 0 < too_late < 0.005
    assert too_early < 0.002 * rows.count()  # only broken rows happen after they arrive


def test_every_kind_of_bad_row_is_there_in_a_small_share(quarter: dict[str, DataFrame]) -> None:
    rows = quarter["transactions"]
    at = F.expr("try_cast(event_at as timestamp)")
    amount = F.expr("try_cast(amount as decimal(18,2))")
    faults = {
        "null_key": F.col("user_id").isNull(),
        "unknown_user": F.col("user_id").startswith("9"),
        "far_future": at > F.lit("2090-01-01").cast("timestamp"),
        "far_past": at < F.lit("1990-01-01").cast("timestamp"),
        "after_arrival": (at > F.col("arrived_at")) & (at < F.lit("2090-01-01").cast("timestamp")),
        "negative": amount < 0,
        "uncastable": F.col("amount").isNotNull() & amount.isNull(),
    }
    found = rows.select(F.count("*").alias("all"), *[F.count_if(c).alias(n) for n, c in faults.items()]).collect()[0]
    assert [name for name in faults if found[name] == 0] == []
    assert sum(found[name] for name in faults) < 0.004 * found["all"]
    logins = quarter["logins"].where(F.col("user_id").startswith("U-")).count()
    assert logins > 0  # a source without money has users whose number is none


def test_some_rows_come_twice_and_some_of_these_a_month_later(quarter: dict[str, DataFrame]) -> None:
    rows = quarter["logins"].groupBy("user_id", "event_at", "session_seconds", "channel")
    twice = rows.agg(F.count("*").alias("n"), F.min("arrived_at").alias("a"), F.max("arrived_at").alias("b"))
    total, double, next_month = twice.select(
        F.sum("n"), F.count_if(F.col("n") > 1), F.count_if(SHANGHAI.month("b") > SHANGHAI.month("a"))
    ).collect()[0]
    assert 0.003 < double / total < 0.008
    assert 0 < next_month < double


def test_about_half_sleep_in_the_app_and_many_of_them_pay_by_card_or_at_the_counter(
    quarter: dict[str, DataFrame],
) -> None:
    ids = quarter["users"].where("closed_on is null and user_id like '1%'").select("user_id").distinct()
    days = quarter["logins"].groupBy("user_id").agg(F.countDistinct(F.left("event_at", F.lit(10))).alias("days"))
    own = quarter["transactions"].where("own_flag = 'Y' and segment_on = '2026-04-01'")
    often = own.groupBy("user_id").agg(F.count("*").alias("own"))
    users = ids.join(days, "user_id", "left").join(often, "user_id", "left").na.fill(0)
    asleep, paying = users.select(
        F.avg((F.col("days") <= 3).cast("int")), F.avg(F.when(F.col("days") <= 3, (F.col("own") >= 4).cast("int")))
    ).collect()[0]
    assert 0.44 < asleep < 0.53
    assert paying > 0.25


def test_an_empty_plan_changes_nothing(spark: SparkSession, people: DataFrame) -> None:
    bank = settings(users=FEW)
    nobody = to_everybody(spark, FEW, "sms", "none", date(2026, 5, 4)).where("false")
    left_alone = sums(simulated(people, bank))
    assert {k: v for k, v in sums(simulated(people, bank, nobody)).items() if k != "contacts"} == left_alone


def test_contacts_only_add_logins_but_for_those_who_are_put_off(spark: SparkSession, people: DataFrame) -> None:
    bank = settings(users=FEW)
    contacts = to_everybody(spark, FEW, "call", "gift", *CONTACTED_ON)
    good = F.col("user_id").startswith("1")
    kinds = people.select(F.col("user_id").cast("string").alias("user_id"), "kind")
    planned, alone = (
        simulated(people, bank, plan)["logins"].where(good).join(kinds, "user_id").drop("arrived_at", "segment_on")
        for plan in (contacts, None)
    )
    added, taken = planned.exceptAll(alone), alone.exceptAll(planned)
    assert added.where("kind = 'put_off'").isEmpty()
    assert taken.where("kind != 'put_off'").isEmpty()  # the same draws: whoever comes alone comes under the plan, too
    assert min(added.count(), taken.count()) > 0


@pytest.mark.parametrize(
    ("effect", "moved"),
    [
        ({"channels": {"sms": 0.0}}, ("logins", "true")),
        ({"other_benefit": 0.0}, ("logins", "true")),
        ({"horizon_days": 1}, ("logins", "true")),
        ({"decay_days": 0.3}, ("logins", "true")),
        ({"mobile_transaction": 0.0}, ("transactions", "channel = 'mobile'")),
        ({"asset_flow": 0.0}, ("asset_snapshots", "product = 'deposit'")),
        ({"claim_share": 0.0}, ("benefit_events", "benefit_code = 'gift'")),
    ],
)
def test_each_effect_of_conf_moves_what_it_is_about_upwards(
    people: DataFrame,
    offers: DataFrame,
    offered: dict[str, DataFrame],
    effect: dict[str, Any],
    moved: tuple[str, str],
) -> None:
    table, condition = moved
    without_it = size_of(simulated(people, settings(users=FEW, effects=effect), offers)[table].where(condition))
    assert size_of(offered[table].where(condition)) > without_it * 1.01


def test_receipts_say_what_became_of_each_contact(spark: SparkSession, people: DataFrame) -> None:
    bank = settings(users=FEW)
    good = F.col("user_id").startswith("1")
    for channel, missed in (("sms", "failed"), ("push", "failed"), ("call", "not_reached")):
        receipts = simulated(people, bank, to_everybody(spark, FEW, channel, "none", *CONTACTED_ON))["contacts"]
        by_contact = receipts.where(good).groupBy("contact_id").agg(F.collect_set("status").alias("s"))
        is_delivered = F.array_contains("s", "delivered")
        counted = by_contact.select(
            F.count("*"),
            F.count_if(is_delivered == F.array_contains("s", missed)),
            F.count_if(is_delivered & ~F.array_contains("s", "answered")),
            F.avg(is_delivered.cast("int")),
        ).collect()[0]
        assert counted[0] == FEW * len(CONTACTED_ON)  # each contact has a receipt
        assert counted[1] == 0  # delivered or missed, never both
        assert (counted[2] == 0) == (channel == "call")  # a delivered call is an answered one
        assert 0.3 < counted[3] < 0.97
