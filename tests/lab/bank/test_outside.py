"""The bank's other senders: they write at random, and obey the suppression list as often as conf says."""

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, SHANGHAI, settings

from reactivation_lab.bank import master
from reactivation_lab.bank.date_dimension import DateDimension, number

pytestmark = pytest.mark.rules

USERS = 3_000


def written(spark: SparkSession, compliance: float, suppressed: DataFrame | None) -> dict[tuple[bool, bool], int]:
    """Contacts of May by (whether the user is on the list, whether the list holds on the day)."""
    bank = settings(outside={"compliance": compliance})
    first = number(MAY.first)
    days = spark.range(USERS * MAY.days).select(
        (F.col("id") % USERS).alias("user_id"),
        (first + F.floor(F.col("id") / USERS)).cast("int").alias("day"),
        F.lit("2026-05-01").alias("segment_on"),
    )
    dates = DateDimension(MAY, SHANGHAI, bank.season)
    sent = master.outside_contacts(days, suppressed=suppressed, dates=dates, settings=bank)
    is_asked, holds = F.col("user_id") < USERS // 2, F.col("day").between(first + 4, first + 19)
    rows = sent.groupBy(is_asked.alias("is_asked"), holds.alias("holds")).count().collect()
    return {(row.is_asked, row.holds): row["count"] for row in rows}


def test_other_senders_leave_alone_whom_the_list_names_while_it_holds_and_nobody_else(spark: SparkSession) -> None:
    listed = spark.range(USERS // 2).select(
        F.col("id").alias("user_id"),
        F.lit(date(2026, 5, 5)).alias("since"),
        F.lit(date(2026, 5, 21)).alias("until"),  # the first day on which they may write again
    )
    nobody_asked = written(spark, 1.0, None)
    assert nobody_asked[True, True] > 200
    obeyed = written(spark, 1.0, listed)
    assert (True, True) not in obeyed
    assert {key: n for key, n in nobody_asked.items() if key != (True, True)} == obeyed
    assert written(spark, 0.0, listed) == nobody_asked
    mostly = written(spark, 0.9, listed)
    assert mostly[True, True] == pytest.approx(0.1 * nobody_asked[True, True], rel=0.5)
    assert mostly[False, True] == nobody_asked[False, True]
