"""The simulated bank: reproducible, and moved by contacts alone. How dirty its tables are: tests/cycle/test_raw.py."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, settings, simulated, sums, to_everybody

from reactivation.frames import checkpointed
from reactivation.periods import Window
from reactivation_lab import bank as simulator

pytestmark = pytest.mark.rules

FEW = 150
CONTACTED_ON = (date(2026, 5, 4), date(2026, 5, 11), date(2026, 5, 18))


@pytest.fixture(scope="module")
def people(spark: SparkSession) -> DataFrame:
    return checkpointed(simulator.people(spark, settings=settings(users=FEW)))


@pytest.fixture(scope="module")
def alone(people: DataFrame) -> dict[str, DataFrame]:
    """The month without a campaign."""
    return {name: checkpointed(rows) for name, rows in simulated(people, settings(users=FEW)).items()}


@pytest.fixture(scope="module")
def texted(spark: SparkSession, people: DataFrame) -> dict[str, DataFrame]:
    """The month under a text message for everybody, three times: drawn in two partitions."""
    contacts = to_everybody(spark, FEW, "sms", "none", *CONTACTED_ON)
    rows = simulated(people.repartition(2), settings(users=FEW), contacts.repartition(2))
    return {name: checkpointed(frame) for name, frame in rows.items()}


@pytest.fixture(scope="module")
def offers(spark: SparkSession) -> DataFrame:
    return to_everybody(spark, FEW, "sms", "gift", *CONTACTED_ON)


@pytest.fixture(scope="module")
def offered(people: DataFrame, offers: DataFrame) -> dict[str, DataFrame]:
    """The month under a text message with a gift for everybody, three times."""
    month = simulated(people, settings(users=FEW), offers)
    return {name: checkpointed(month[name]) for name in ("logins", "transactions", "asset_snapshots", "benefit_events")}


def size_of(rows: DataFrame) -> float:
    """What there is of it: money where it is money, else rows."""
    size = F.sum(F.expr("try_cast(balance as double)")) if "balance" in rows.columns else F.count("*")
    return float(rows.select(size.cast("double")).collect()[0][0] or 0)


def test_the_same_seed_gives_the_same_rows_in_two_and_in_sixteen_partitions_and_another_seed_others(
    spark: SparkSession, people: DataFrame, texted: dict[str, DataFrame], alone: dict[str, DataFrame]
) -> None:
    contacts = to_everybody(spark, FEW, "sms", "none", *CONTACTED_ON).repartition(16, "send_on")
    two = sums(texted)
    assert two == sums(simulated(people.repartition(16), settings(users=FEW), contacts))
    assert set(two) == set(simulator.tables.BY_NAME)
    other = settings(users=FEW, seed=7)
    logins = simulated(simulator.people(spark, settings=other), other)["logins"]
    assert sums({"logins": logins})["logins"] != sums({"logins": alone["logins"]})["logins"]


def test_a_month_at_once_and_from_wave_to_wave_hold_the_same_rows(
    spark: SparkSession, people: DataFrame, texted: dict[str, DataFrame]
) -> None:
    bank = settings(users=FEW)
    contacts = to_everybody(spark, FEW, "sms", "none", *CONTACTED_ON)
    first, rest = Window(MAY.first, date(2026, 5, 12)), Window(date(2026, 5, 12), MAY.end)
    whole = sums(texted, but=["segment_on"])
    early = sums(simulated(people, bank, contacts, [first]), but=["segment_on"])
    late = sums(simulated(people, bank, contacts, [rest], is_opening=False), but=["segment_on"])
    assert "asset_snapshots" not in early  # neither the 15th nor the month's end lies in those days
    pieces = {name: [part.get(name, (0, 0)) for part in (early, late)] for name in whole}
    assert whole == {name: (a[0] + b[0], a[1] + b[1]) for name, (a, b) in pieces.items()}


def test_an_empty_plan_changes_nothing(spark: SparkSession, people: DataFrame, alone: dict[str, DataFrame]) -> None:
    nobody = to_everybody(spark, FEW, "sms", "none", date(2026, 5, 4)).where("false")
    under_it = sums(simulated(people, settings(users=FEW), nobody))
    assert {name: found for name, found in under_it.items() if name != "contacts"} == sums(alone)


def test_contacts_only_add_logins_but_for_those_who_are_put_off(
    spark: SparkSession, people: DataFrame, alone: dict[str, DataFrame]
) -> None:
    contacts = to_everybody(spark, FEW, "call", "gift", *CONTACTED_ON)
    good = F.col("user_id").startswith("1")
    kinds = people.select(F.col("user_id").cast("string").alias("user_id"), "kind")
    under_it, without_it = (
        checkpointed(month["logins"].where(good).join(kinds, "user_id").drop("arrived_at", "segment_on"))
        for month in (simulated(people, settings(users=FEW), contacts), alone)
    )
    added, taken = under_it.exceptAll(without_it), without_it.exceptAll(under_it)
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
