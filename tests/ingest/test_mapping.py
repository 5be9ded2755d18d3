"""Instants and days mean what they meant in the region, in whatever form they come."""

from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ingest.warehouse import SHANGHAI
from reactivation.contracts import canonical
from reactivation.ingest import mapping

pytestmark = pytest.mark.rules

UTC = {  # text as it comes: the instant
    "2026-05-31 23:30": "2026-05-31 15:30:00",
    "2026-05-31T23:30:00.5": "2026-05-31 15:30:00.5",
    "2026-06-01": "2026-05-31 16:00:00",
    "2026-05-31T15:30:00Z": "2026-05-31 15:30:00",
    "2026-05-31 15:30:00 UTC": "2026-05-31 15:30:00",
    "2026-05-31 23:30:00+08:00": "2026-05-31 15:30:00",
    "2026-05-31T10:30:00-05:00": "2026-05-31 15:30:00",
    "2026-05-31 17:30:00 Europe/Paris": "2026-05-31 15:30:00",
    "soon": None,
}


def test_text_without_a_zone_is_the_regions_clock(spark: SparkSession) -> None:
    raw = spark.createDataFrame([(text, "1") for text in UTC], "event_at string, user_id string")
    typed = mapping.typed(raw, canonical.LOGINS, {}, SHANGHAI)
    came = F.col(f"{mapping.CAME_AS}.event_at")
    assert {r[0]: r[1] for r in typed.select(came, F.col("event_at").cast("string")).collect()} == UTC
    again = mapping.typed(
        typed.select(
            mapping.as_text(canonical.LOGINS.column("event_at")).alias("event_at"), F.lit("1").alias("user_id")
        ),
        canonical.LOGINS,
        {},
        SHANGHAI,
    )
    assert {r[0] for r in again.select(F.col("event_at").cast("string")).collect()} == set(UTC.values())


@pytest.mark.parametrize(
    ("came", "instant"),
    [
        ("timestamp_ntz '2026-05-31 23:30:00'", "2026-05-31 15:30:00"),
        ("date '2026-06-01'", "2026-05-31 16:00:00"),
        ("timestamp '2026-05-31 15:30:00Z'", "2026-05-31 15:30:00"),
    ],
)
def test_a_wall_clock_is_the_regions_and_an_instant_is_an_instant(spark: SparkSession, came: str, instant: str) -> None:
    typed = mapping.typed(spark.range(1), canonical.LOGINS, {"user_id": "id", "event_at": came}, SHANGHAI)
    assert typed.select(F.col("event_at").cast("string")).collect()[0][0] == instant


def test_a_day_that_comes_as_an_instant_is_the_day_in_the_region(spark: SparkSession) -> None:
    midnight = {"user_id": "id", "signed_up_on": "timestamp '2026-05-31 16:00:00Z'", "closed_on": "'2026-06-02'"}
    typed = mapping.typed(spark.range(1), canonical.USERS, midnight, SHANGHAI)
    days = typed.select("signed_up_on", "closed_on").collect()[0]
    assert tuple(days) == (date(2026, 6, 1), date(2026, 6, 2))
