"""Raw tables as they come: what cannot be read is a bad row with its column and value, or the table is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingest.warehouse import SHANGHAI
from reactivation.contracts import canonical
from reactivation.errors import SourceError
from reactivation.frames import BAD_ROW
from reactivation.ingest import SourcesSettings, mapping
from reactivation.ingest.casting import Plausible
from reactivation.runtime.raw import RawTables

pytestmark = pytest.mark.edges

CASES = Path(__file__).parents[1] / "data/cases"
BASE = {
    "options": {"header": "true"},
    "max_bad_share": 0.05,
    "max_equal_share": 1,
    "few_bad_rows": 3,
    "encoding": "utf-8",
}
BASE |= {"earliest_year": 1990, "latest_days_ahead": 366}
LAST = Plausible(date(1990, 1, 1), date(2026, 5, 1), 366)


def opened(spark: SparkSession, case: str, **changes: Any) -> dict[str, DataFrame]:
    conf = yaml.safe_load(next(CASES.glob(f"{case.lower()}*.yml")).read_text(encoding="utf-8"))["sources"]
    settings = SourcesSettings.model_validate({**BASE, **conf, **changes})
    folder = str(next(path for path in CASES.glob(f"{case}*") if path.is_dir()))
    return RawTables(spark, settings, folder=folder, region=case.lower()).open()


def lost(frame: DataFrame, name: str, column: str) -> list[str]:
    """The values of a column that could not be read, as they came."""
    typed = mapping.typed(frame, canonical.BY_NAME[name], {}, SHANGHAI, LAST)
    came = F.col(f"{mapping.CAME_AS}.{column}")
    rows = typed.where(F.col(column).isNull() & came.isNotNull()).select(came.cast("string"))
    return [row[0] for row in rows.collect()]


def test_days_that_are_none_are_not_read(spark: SparkSession) -> None:
    assert lost(opened(spark, "B03")["users"], "users", "signed_up_on") == [
        *("2026/3/1", "20260301", "46082", "202603", "2026-03", "2026", "03/01/2026", "1.3.2026", "2026年3月1日"),
        *("0000-00-00", "2026-02-29", "Mar 1, 2026", "２０２６-03-01"),
    ]


def test_abbreviations_of_zones_and_numbers_are_no_times(spark: SparkSession) -> None:
    assert lost(opened(spark, "B05")["logins"], "logins", "event_at") == [
        *(f"2026-04-03 10:00:00 {zone}" for zone in ("CST", "BST", "IST", "PST", "EST")),
        *("2026-04-03 10:00 PM", "20260403100000", "1775181600", "2026/04/03 10:00:00", "10:00:00"),
        *("2026-04-03 24:00:00", "2026-04-03 10:00:60"),
    ]


def test_a_time_without_a_date_is_never_the_day_of_the_run(spark: SparkSession) -> None:
    logins = opened(spark, "B17")["logins"]
    assert lost(logins, "logins", "arrived_at") == ["10:00:00", "10:00:00"]
    assert lost(logins, "logins", "event_at") == ["10:00:00"]


def test_epochs_are_refused_until_their_unit_is_told(spark: SparkSession) -> None:
    with pytest.raises(SourceError) as error:
        opened(spark, "B04")
    assert [(f.kind, f.what) for f in error.value.findings] == [
        ("number as time", "logins.event_at"),
        ("number as time", "logins.arrived_at"),
    ]
    assert "timestamp_millis(…)" in error.value.findings[0].advice
    told = {name: f"timestamp_millis({name})" for name in ("event_at", "arrived_at")}
    logins = opened(spark, "B04", logins={"from": "logins.parquet", "columns": told})["logins"]
    typed = mapping.typed(logins, canonical.LOGINS, told, SHANGHAI, LAST)
    assert typed.select(F.year("event_at")).distinct().collect() == [(2026,)]
    wrong = {name: f"timestamp_seconds({name})" for name in told}
    far = mapping.typed(logins, canonical.LOGINS, wrong, SHANGHAI, LAST)
    assert far.where(f"arrived_at is null and {mapping.CAME_AS}.{mapping.IMPLAUSIBLE}").count() == logins.count()


def test_ids_as_floating_numbers_are_taken_where_they_are_whole_and_refused_where_digits_are_lost(
    spark: SparkSession,
) -> None:
    with pytest.raises(SourceError, match=r"rounded ids  logins\.user_id  .*have lost their last digits"):
        opened(spark, "B02b")
    small = {"from": "logins.parquet", "where": "user_id < 1000"}
    assert lost(opened(spark, "B02b", logins=small)["logins"], "logins", "user_id") == ["1.2", "1.9"]


def test_broken_rows_of_a_file_give_no_values(spark: SparkSession) -> None:
    found = opened(spark, "B20b")["transactions"]
    typed = mapping.typed(found, canonical.TRANSACTIONS, {}, SHANGHAI, LAST)
    bad = typed.where(f"{mapping.CAME_AS}.{BAD_ROW} is not null")
    assert [tuple(row) for row in bad.select("user_id", "amount", "arrived_at").collect()] == [(None, None, None)] * 2
    reasons = bad.select(f"{mapping.CAME_AS}.{BAD_ROW}.reason", mapping.as_it_came(canonical.TRANSACTIONS))
    assert [row[0] for row in reasons.collect()] == ["ragged_row"] * 2
    assert '"user_id":"1"' in reasons.collect()[0][1]
    query = {"query": "select * from t"}  # would take what is left of a broken row for a whole one
    with pytest.raises(SourceError, match=r"view t  2 rows: more or fewer fields than the 8 of the header"):
        opened(spark, "B20b", views={"t": "transactions.csv"}, transactions=query)


def test_a_condition_on_a_source_loses_no_broken_row(spark: SparkSession) -> None:
    only = {"from": "transactions.csv", "where": "double(amount) > 1000"}  # 234.50 is what was left of 1,234.50
    found = opened(spark, "B20b", transactions=only)["transactions"]
    assert found.select(f"{BAD_ROW}.reason").collect() == [("ragged_row",)] * 2


def test_bytes_of_another_encoding_are_bad_rows_until_it_is_named(spark: SparkSession) -> None:
    unsaid = opened(spark, "B09b")["users"]
    assert unsaid.select(f"{BAD_ROW}.reason").distinct().collect() == [("not_decoded",)]
    for named in ("GBK", "GB18030"):
        users = opened(spark, "B09b", encoding=named)["users"]
        assert users.where(f"{BAD_ROW} is not null or branch like '%\N{REPLACEMENT CHARACTER}%'").count() == 0
    quoted = opened(spark, "B10")["users"].where("user_id in ('1', '2')").select("branch", "segment")
    assert [tuple(row) for row in quoted.collect()] == [('Ltd "Acme", Brno', "mass"), ("line 1\nline 2", "mass")]


def test_a_column_of_a_query_that_no_contract_knows_is_refused_with_the_nearest(spark: SparkSession) -> None:
    query = {"query": "select user_id, event_at, arrived_at, amount as amout from t"}
    with pytest.raises(SourceError, match=r"unknown column  transactions\.amout  .*did you mean `amount`\?"):
        opened(spark, "B10", views={"t": "transactions.csv"}, transactions=query)


def test_text_with_a_zone_that_becomes_a_day_is_the_regions_day(spark: SparkSession) -> None:
    days = {
        "2026-03-01T23:00:00Z": date(2026, 3, 2),
        "2026-03-01 23:00:00+08:00": date(2026, 3, 1),
        "2026-03-01 23:30": date(2026, 3, 1),
        " 2026-3-1 ": date(2026, 3, 1),
        "2026-03-01 x": None,
    }
    raw = spark.createDataFrame([(text,) for text in days], "signed_up_on string")
    typed = mapping.typed(raw, canonical.USERS, {}, SHANGHAI)
    assert [row[0] for row in typed.select("signed_up_on").collect()] == list(days.values())


NUMBERS = ["15d", "1f", "0x1F", "inf", "NaN", "1,5", "12.7", "7L"]


def test_numbers_with_suffixes_and_fractions_are_no_integers(spark: SparkSession) -> None:
    raw = spark.createDataFrame([(text, text) for text in NUMBERS], "user_id string, session_seconds string")
    assert lost(raw, "logins", "session_seconds") == NUMBERS
    amounts = spark.createDataFrame([(text,) for text in NUMBERS], "amount string")
    assert lost(amounts, "transactions", "amount") == [text for text in NUMBERS if text != "12.7"]
