"""A figure that conf states of its world, measured: what one contact does. Its rates: tests/cycle/test_raw.py."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, SHANGHAI, UPLIFT, settings

from reactivation.frames import checkpointed
from reactivation.periods import Month
from reactivation_lab import bank as simulator

pytestmark = pytest.mark.rules

OFFERS = {"sms_lift": ("sms", "none"), "push_lift": ("push", "none"), "call_lift": ("call", "activation_gift")}


def test_what_one_contact_moves(spark: SparkSession) -> None:
    bank = settings(users=2_000, options_share=1.0)
    found = simulator.options(
        checkpointed(simulator.people(spark, settings=bank)),
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
