"""The raw tables of the bank that lived: of the rates that conf states, and as dirty as it states."""

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from tests.lab.bank.bank import SHANGHAI, settings

from cycle.conftest import USERS, Bank
from reactivation_lab.bank import tables

pytestmark = pytest.mark.cycle

MONTHS = ("2026-02-01", "2026-03-01", "2026-04-01")


@pytest.fixture(scope="module")
def quarter(planned: Bank) -> dict[str, DataFrame]:
    """What was simulated of the three months before the first campaign; of the users, what was before them too."""
    raw = {table.name: planned.read(table).where(F.col("segment_on") <= MONTHS[-1]) for table in tables.RAW}
    return {
        name: rows if name == "users" else rows.where(F.col("segment_on").isin(*MONTHS)) for name, rows in raw.items()
    }


@pytest.mark.parametrize("source", ["logins", "function_uses", "transactions"])
def test_events_per_user_and_month(quarter: dict[str, DataFrame], source: str) -> None:
    low, high = getattr(settings().bands, f"{source}_per_user")
    assert low < quarter[source].count() / USERS / len(MONTHS) < high


def test_the_share_that_is_active_in_a_month(quarter: dict[str, DataFrame]) -> None:
    users = quarter["logins"].where("user_id like '1%'").select("user_id", "segment_on").distinct().count()
    low, high = settings().bands.active_share
    assert low < users / USERS / len(MONTHS) < high


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
