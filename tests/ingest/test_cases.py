"""Raw tables as they come: what cannot be read is a bad row with its column and value, or the table is refused."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingest.warehouse import SHANGHAI
from reactivation.contracts import canonical
from reactivation.errors import SourceError
from reactivation.frames import BAD_ROW
from reactivation.ingest import SourcesSettings, mapping, raw_columns
from reactivation.ingest.casting import Plausible
from reactivation.ingest.rules import rules_of
from reactivation.runtime.raw import RawTables
from reactivation.runtime.tabular_files import open_csv, open_parquet

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
    came = F.col(f"{mapping.RAW_VALUES}.{column}")
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
    assert far.where(f"arrived_at is null and {mapping.RAW_VALUES}.{mapping.IMPLAUSIBLE}").count() == logins.count()


def test_ids_as_floating_numbers_are_taken_where_they_are_whole_and_refused_where_digits_are_lost(
    spark: SparkSession,
) -> None:
    with pytest.raises(SourceError, match=r"rounded ids  logins\.user_id  .*have lost their last digits"):
        opened(spark, "B02b")
    small = {"from": "logins.parquet", "where": "user_id < 1000"}
    assert lost(opened(spark, "B02b", logins=small)["logins"], "logins", "user_id") == ["1.2", "1.9"]
    nan = spark.createDataFrame([(float("nan"),)], "user_id double")  # no number at all has lost no digits
    assert list(raw_columns.rounded_ids(nan, canonical.LOGINS, {}, raw="logins")) == []
    assert lost(nan, "logins", "user_id") == ["NaN"]


def test_broken_rows_of_a_file_give_no_values(spark: SparkSession) -> None:
    found = opened(spark, "B20b")["transactions"]
    typed = mapping.typed(found, canonical.TRANSACTIONS, {}, SHANGHAI, LAST)
    bad = typed.where(f"{mapping.RAW_VALUES}.{BAD_ROW} is not null")
    assert [tuple(row) for row in bad.select("user_id", "amount", "arrived_at").collect()] == [(None, None, None)] * 2
    reasons = bad.select(f"{mapping.RAW_VALUES}.{BAD_ROW}.reason", mapping.as_it_came(canonical.TRANSACTIONS))
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


def test_a_flag_is_0_or_1_and_money_has_two_decimals(spark: SparkSession) -> None:
    flags = spark.createDataFrame([(0,), (1,), (2,), (9,), (-1,)], "has_phone int")
    assert lost(flags, "users", "has_phone") == ["2", "9", "-1"]
    texts = ["1.003", "12.505", "12.5", "3", "1.2300", "12.299999999999999", "-7.10", "0.001"]
    amounts = spark.createDataFrame([(text,) for text in texts], "amount string")
    assert lost(amounts, "transactions", "amount") == ["1.003", "12.505", "0.001"]
    assert lost(amounts.selectExpr("cast(amount as decimal(18,4)) amount"), "transactions", "amount") == [
        *("1.0030", "12.5050", "0.0010"),
    ]
    doubles = amounts.selectExpr("cast(amount as double) amount")
    assert lost(doubles, "transactions", "amount") == []  # they have no exact decimals: rounded


ROUNDED = ["2.02604E+13", "2,02604e+13", "2.02604E13", "20.2604e12", "2E+13", "2e13"]
NUMBERED = ["20260401000017", "1e5f", "1e4", "E+1", "1234e567", "10", "-10", "x00"]
UNNUMBERED = [
    "N/A",
    "-",
    "0",
    " null",
    "\\N",
    "-1",
    "-1.0",
    "00",
    "000000",
    "0.0",
    "?",
    "Unknown",
    "#REF!",
    "#VALUE!",
    " ",
    "<NA>",
]


def test_a_number_of_an_event_that_was_rounded_is_none_and_a_word_for_none_is_empty(spark: SparkSession) -> None:
    numbers = [*ROUNDED, *NUMBERED, *UNNUMBERED]
    raw = spark.createDataFrame([(number,) for number in numbers], "event_id string")
    assert lost(raw, "logins", "event_id") == ROUNDED
    assert lost(raw, "consents", "event_id") == []  # there it decides nothing: no consent is lost for it
    typed = mapping.typed(raw, canonical.LOGINS, {}, SHANGHAI, LAST).where("event_id is not null")
    assert [row[0] for row in typed.select("event_id").collect()] == NUMBERED


@pytest.mark.parametrize(
    ("came", "text"),
    [
        ("'  77 '", "77"),
        ("20260401000017d", "20260401000017"),
        ("17.5d", "17.5"),
        ("float(16777215)", "16777215"),
        ("17.0bd", "17"),
        ("17.50bd", "17.50"),
        ("9007199254740992d", None),  # beyond that, it may stand for several
        ("float('nan')", None),
    ],
)
def test_a_number_is_the_same_text_whatever_type_it_came_in(spark: SparkSession, came: str, text: str | None) -> None:
    typed = mapping.typed(spark.range(1), canonical.LOGINS, {"event_id": came, "channel": "17.0d"}, SHANGHAI, LAST)
    assert [tuple(row) for row in typed.select("event_id", "channel").collect()] == [(text, "17")]


def test_text_that_is_not_utf_8_is_a_bad_row(spark: SparkSession) -> None:
    made = "case id when 0 then decode(x, 'utf-8') else cast(x as string) end"
    for kind in ("cast(x as string)", "x", made):
        bytes_ = "case id when 0 then unhex('61EFBFBD62') when 1 then unhex('B1B1BEA9') else unhex('E58C97') end"
        raw = spark.range(4).selectExpr("id", f"if(id < 3, {bytes_}, null) as x").selectExpr(f"{kind} as branch")
        typed = mapping.typed(raw, canonical.USERS, {}, SHANGHAI, LAST)
        assert [row[0] for row in typed.select("branch").collect()] == [None, None, "\u5317", None]
        rules = rules_of(canonical.USERS, calendar=SHANGHAI, allowed={}, plausible=LAST)
        is_bad = next(r for r in rules if r.reason == "bad_type" and r.columns == ("branch",)).is_broken
        assert is_bad is not None
        assert [row[0] for row in typed.select(is_bad).collect()] == [True, True, False, False]
        jsons = typed.select(F.is_valid_utf8(mapping.as_it_came(canonical.USERS)))
        assert [row[0] for row in jsons.collect()] == [True] * 4


def test_a_word_for_null_is_no_code_and_a_day_has_no_letter(spark: SparkSession) -> None:
    codes = ["NULL", "\\N", "n/a", "#N/A", "pay", "0"]
    raw = spark.createDataFrame([(code,) for code in codes], "function_code string")
    typed = mapping.typed(raw, canonical.FUNCTION_USES, {}, SHANGHAI, LAST).where("function_code is not null")
    assert [row[0] for row in typed.select("function_code").collect()] == ["pay", "0"]
    assert lost(raw, "function_uses", "function_code") == []  # told as empty
    days = spark.createDataFrame([(day,) for day in ("2026-01-1T", "2026-01-1 ", "2026-01-01")], "signed_up_on string")
    assert lost(days, "users", "signed_up_on") == ["2026-01-1T"]


@pytest.mark.parametrize("came", ["array('x')", "map('x', 1)", "struct('x')"])
def test_several_values_are_no_text(spark: SparkSession, came: str) -> None:
    texts = {"signed_up_on": "date '2026-01-01'", "branch": came}
    raw = spark.range(1).withColumnRenamed("id", "user_id")
    found = raw_columns.problems(raw, canonical.USERS, texts, raw="users", conf="x.yml")
    assert [(f.kind, f.what) for f in found] == [("wrong type", "users.branch")]


def bank(spark: SparkSession, folder: Path, text: str, **changes: Any) -> dict[str, DataFrame]:
    (folder / "users.csv").write_text(text, encoding="utf-8")
    (folder / "logins.csv").write_text(LOGINS, encoding="utf-8")
    sources = {"users": {"from": "users.csv"}, "logins": {"from": "logins.csv"}}
    settings = SourcesSettings.model_validate({**BASE, "path": "raw", "format": "csv", **sources, **changes})
    return RawTables(spark, settings, folder=str(folder), region="north").open()


USERS = "user_id,signed_up_on, closed_on\n1,2026-01-01,2026-02-01\n"
LOGINS = "user_id,event_at,arrived_at\n1,2026-03-01 10:00,2026-03-02 10:00\n"


def test_a_column_that_is_spelt_nearly_as_ours_is_not_left_out_silently(spark: SparkSession, tmp_path: Path) -> None:
    found = bank(spark, tmp_path, USERS)["users"]
    assert [row[0] for row in found.select("closed_on").collect()] == ["2026-02-01"]
    for spelling in ("Closed On", "closedOn", "closed-on"):
        other = USERS.replace(" closed_on", spelling)
        with pytest.raises(SourceError, match=rf"users\.closed_on  .*`{spelling}`, which is not taken: map it"):
            bank(spark, tmp_path, other)
        for said in ("null", f"`{spelling}`"):
            bank(spark, tmp_path, other, users={"from": "users.csv", "columns": {"closed_on": said}})


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("signed_up_on", "to_date(signed_up_on, 'yyyyMMdd')", "2026-3-1"),
        ("user_id", "cast(replace(user_id, ' ', '') as bigint)", "n/a"),
        ("signed_up_on", "date(timestamp_millis(cast(signed_up_on as bigint)))", "1780308000123456789"),
    ],
)
def test_a_value_that_breaks_an_expression_of_conf_is_told_with_its_key(
    spark: SparkSession, tmp_path: Path, key: str, text: str, value: str
) -> None:
    row = {"user_id": "1", "signed_up_on": "20260301", key: value}
    (tmp_path / "users.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    (tmp_path / "logins.csv").write_text(LOGINS, encoding="utf-8")
    sources = {"users": {"from": "users.csv", "columns": {key: text}}, "logins": {"from": "logins.csv"}}
    settings = SourcesSettings.model_validate({**BASE, "path": "raw", "format": "csv", **sources})
    raw = RawTables(spark, settings, folder=str(tmp_path), region="north")
    frames = raw.open()
    with pytest.raises(SourceError) as error, raw.reading(frames):
        mapping.typed(frames["users"], canonical.USERS, {key: text}, SHANGHAI, LAST).collect()
    assert [(f.kind, f.what) for f in error.value.findings] == [("expression", f"sources.users.columns.{key}")]
    assert "try_cast" in error.value.findings[0].advice
    assert "\n" not in error.value.findings[0].advice


def test_a_condition_that_a_value_breaks_is_told_with_its_key(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(USERS, encoding="utf-8")
    (tmp_path / "logins.csv").write_text(LOGINS, encoding="utf-8")
    logins = {"from": "logins.csv", "where": "cast(event_at as int) > 0"}
    sources = {"users": {"from": "users.csv"}, "logins": logins}
    settings = SourcesSettings.model_validate({**BASE, "path": "raw", "format": "csv", **sources})
    raw = RawTables(spark, settings, folder=str(tmp_path), region="north")
    frames = raw.open()
    with pytest.raises(SourceError) as error, raw.reading(frames):
        frames["logins"].collect()
    assert [f.what for f in error.value.findings] == ["sources.logins.where"]


def test_a_parquet_file_may_lack_a_column_only_where_nothing_is_lost_by_it(spark: SparkSession, tmp_path: Path) -> None:
    days = [date(2026, 1, 1)]

    def opened(second: dict[str, Any]) -> dict[str, DataFrame]:
        (tmp_path / "users").mkdir(exist_ok=True)
        first = {"user_id": [1], "signed_up_on": days, "closed_on": days}
        pq.write_table(pa.table(first), tmp_path / "users/1.parquet")
        pq.write_table(pa.table({"user_id": [2], **second}), tmp_path / "users/2.parquet")
        (tmp_path / "logins").mkdir(exist_ok=True)
        at = [datetime(2026, 3, 1, tzinfo=UTC)]
        pq.write_table(pa.table({"user_id": [1], "event_at": at, "arrived_at": at}), tmp_path / "logins/1.parquet")
        sources = {"users": {"from": "users"}, "logins": {"from": "logins"}}
        settings = SourcesSettings.model_validate({**BASE, "path": "raw", "format": "parquet", **sources})
        return RawTables(spark, settings, folder=str(tmp_path), region="north").open()

    whole = opened({"signed_up_on": days})["users"]  # closures may be known only since the first file
    assert sorted(tuple(row) for row in whole.select("user_id", "closed_on").collect()) == [(1, days[0]), (2, None)]
    with pytest.raises(SourceError, match=r"users\.signed_up_on  .*2\.parquet lacks the column, 1\.parquet has it"):
        opened({"closed_on": days})
    with pytest.raises(SourceError, match=r"users\.closed_on  .*2\.parquet lacks the column, 1\.parquet has it"):
        opened({"signed_up_on": days, "Closed-On": days})


NUMBERS = ["15d", "1f", "0x1F", "inf", "NaN", "1,5", "12.7", "7L"]


def test_numbers_with_suffixes_and_fractions_are_no_integers(spark: SparkSession) -> None:
    raw = spark.createDataFrame([(text, text) for text in NUMBERS], "user_id string, session_seconds string")
    assert lost(raw, "logins", "session_seconds") == NUMBERS
    amounts = spark.createDataFrame([(text,) for text in NUMBERS], "amount string")
    assert lost(amounts, "transactions", "amount") == [text for text in NUMBERS if text != "12.7"]


def test_a_column_that_is_called_as_ours_is_any_column(spark: SparkSession, tmp_path: Path) -> None:
    users = {"user_id": [1], "signed_up_on": ["2026-01-01"], "arrived_at": ["2026-01-02 00:00:00"], BAD_ROW: ["x"]}
    pq.write_table(pa.table(users), tmp_path / "users.parquet")
    frame = open_parquet(spark, str(tmp_path / "users.parquet")).frame
    typed = mapping.typed(frame, canonical.USERS, {}, SHANGHAI, LAST)
    assert typed.select("user_id", f"{mapping.RAW_VALUES}.{BAD_ROW}").collect() == [(1, None)]
    (tmp_path / "users.csv").write_text(f"user_id,closed\u200b_On,{BAD_ROW}\n1,2026-01-01,x\n", encoding="utf-8")
    read = open_csv(spark, str(tmp_path / "users.csv"))
    told = raw_columns.problems(read.frame, canonical.USERS, {}, raw="users.csv", conf="x.yml", files=read)
    assert [finding.what for finding in told] == ["users.signed_up_on"]
    assert f"{BAD_ROW}," not in told[0].advice
