"""The figures that conf states of its world, measured: rates of a quarter, and what one contact does."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, SHANGHAI, UPLIFT, settings
from tests.lab.bank.conftest import QUARTER_USERS

from reactivation.periods import Month
from reactivation_lab import bank as simulator

pytestmark = pytest.mark.rules

MONTHS = 3
OFFERS = {"sms_lift": ("sms", "none"), "push_lift": ("push", "none"), "call_lift": ("call", "activation_gift")}


@pytest.mark.parametrize("source", ["logins", "function_uses", "transactions"])
def test_events_per_user_and_month(quarter: dict[str, DataFrame], source: str) -> None:
    low, high = getattr(settings().bands, f"{source}_per_user")
    assert low < quarter[source].where("segment_on >= '2026-02-01'").count() / QUARTER_USERS / MONTHS < high


def test_the_share_that_is_active_in_a_month(quarter: dict[str, DataFrame]) -> None:
    users = quarter["logins"].where("user_id like '1%'").select("user_id", "segment_on").distinct().count()
    low, high = settings().bands.active_share
    assert low < users / QUARTER_USERS / MONTHS < high


def test_what_one_contact_moves(spark: SparkSession) -> None:
    bank = settings(users=2_000, options_share=1.0)
    found = simulator.options(
        simulator.people(spark, settings=bank),
        [*OFFERS.values()],
        cycle=Month.of(MAY.first),
        outcome=MAY,
        calendar=SHANGHAI,
        uplift=UPLIFT,
        settings=bank,
    )
    rise = F.avg(F.col("p_login") - F.col("p_login_untouched")).alias("rise")
    lifts = {(row.channel, row.benefit): row.rise for row in found.groupBy("channel", "benefit").agg(rise).collect()}
    for name, offer in OFFERS.items():
        low, high = getattr(bank.bands, name)
        assert low < lifts[offer] < high, name
