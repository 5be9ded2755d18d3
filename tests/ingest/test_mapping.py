"""Instants and days mean what they meant in the region, in whatever form they come."""

from datetime import date

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ingest.warehouse import SHANGHAI
from reactivation.contracts import canonical
from reactivation.ingest import mapping, skipped_times
from reactivation.ingest.casting import Plausible
from reactivation.ingest.rules import first_broken, rules_of
from reactivation.periods import Calendar

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
    came = F.col(f"{mapping.RAW_VALUES}.event_at")
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


BEYOND = ("9223372036854775807", "-9223372036854775807 - 1")
PLAUSIBLE = Plausible(date(1990, 1, 1), date(2026, 5, 1), 366)


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        ("logins", "event_at", "timestamp"),
        ("logins", "event_at", "timestamp_ntz"),
        ("users", "signed_up_on", "timestamp"),
        ("users", "signed_up_on", "timestamp_ntz"),
    ],
)
def test_a_time_of_no_calendar_is_a_bad_row_and_breaks_nothing(
    spark: SparkSession, name: str, column: str, kind: str
) -> None:
    raw = spark.range(2).selectExpr(f"cast(timestamp_micros(if(id = 0, {BEYOND[0]}, {BEYOND[1]})) as {kind}) as at")
    given = {column: "at", "arrived_at": "timestamp'2026-03-02'", "user_id": "1"}
    table = canonical.BY_NAME[name]
    typed = mapping.typed(raw, table, given, SHANGHAI, PLAUSIBLE)
    rules = rules_of(table, calendar=SHANGHAI, allowed={}, plausible=PLAUSIBLE)
    assert all(code > 0 for (code,) in typed.select(first_broken(rules)).collect())


SKIPPED = {
    "Europe/Prague": {
        "2026-03-29 01:59:59": "2026-03-29 00:59:59",
        "2026-03-29 02:00": None,
        "2026-03-29 02:30:00": None,
        "2026-03-29 02:59:59.999": None,
        "2026-03-29 02:30:00+02:00": "2026-03-29 00:30:00",
        "2026-03-29 03:00": "2026-03-29 01:00:00",
        "2026-03-28 02:30:00": "2026-03-28 01:30:00",
        "2026-10-25 02:30:00": "2026-10-25 00:30:00",  # twice: the first
    },
    "America/Sao_Paulo": {
        "2018-11-04": "2018-11-04 03:00:00",  # its day begins at 01:00
        "2018-11-04 00:00:00": "2018-11-04 03:00:00",
        "2018-11-04 00:30:00": None,
    },
    "Pacific/Apia": {"2011-12-30 10:00:00": None, "2011-12-31 10:00:00": "2011-12-30 20:00:00"},
    "Asia/Shanghai": {"1991-04-14 02:30:00": None, "2026-03-29 02:30:00": "2026-03-28 18:30:00"},
}


@pytest.mark.parametrize("zone", SKIPPED)
def test_a_time_that_no_clock_of_the_region_showed_is_none(spark: SparkSession, zone: str) -> None:
    calendar = Calendar(zone=zone, settle_days=0)
    for kind in ("string", "timestamp_ntz"):
        wanted = {text: at for text, at in SKIPPED[zone].items() if kind == "string" or "+" not in text}
        raw = spark.createDataFrame([(text,) for text in wanted], "event_at string")
        raw = raw.select(F.col("event_at").cast(kind))
        typed = mapping.typed(raw, canonical.LOGINS, {}, calendar, PLAUSIBLE)
        assert [row[0] for row in typed.select(F.col("event_at").cast("string")).collect()] == list(wanted.values())


def test_zones_whose_clocks_do_not_change_cost_nothing() -> None:
    assert skipped_times.of_zone("Asia/Shanghai", date(1992, 1, 1), date(2027, 1, 1)) is None
    assert skipped_times.of_zone("Asia/Kolkata", date.min, date.max) is None
    assert skipped_times.of_zone("America/Lima", date.min, date(1980, 1, 1)) is None
