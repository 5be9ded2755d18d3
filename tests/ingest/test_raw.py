"""Raw tables that cannot be used: all problems of all sources in one message, and nothing written."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reactivation import cli
from reactivation.contracts import canonical
from reactivation.errors import NotReady, SourceError
from reactivation.ingest import ArrivalRange, Batch, SourcesSettings
from reactivation.ingest.counts import Tally
from reactivation.periods import Month
from reactivation.runtime.raw import RawTables

pytestmark = pytest.mark.edges

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]


def test_all_problems_of_all_sources_are_told_at_once(spark: SparkSession, tmp_path: Path) -> None:
    raw = {
        "users": "select 1L as user_id, '2026-01-01' as signup_day",
        "login_log": "select 1L as user_id, now() as login_tme, now() as arrived_at",
        "uses": "select 1L as user_id, now() as event_at, now() as arrived_at, 'x' as function_code where false",
        "balances": "select 1L as user_id, now() as arrived_at, 'a' as product, array(1) as balance",
    }
    for name, query in raw.items():
        spark.sql(query).coalesce(1).write.parquet(str(tmp_path / name))
    (tmp_path / "bookings").mkdir()
    (tmp_path / "bookings" / "part-0.parquet").write_bytes(b"this is no parquet file")
    settings = SourcesSettings.model_validate(
        {
            "path": "{root}/raw",
            "format": "parquet",
            "options": {},
            "max_bad_share": 0.1,
            "max_equal_share": 1,
            "few_bad_rows": 0,
            "encoding": "utf-8",
            "earliest_year": 1990,
            "latest_days_ahead": 366,
            "users": {"from": "users"},
            "logins": {"from": "login_log", "columns": {"event_at": "login_time"}},
            "function_uses": {"from": "uses"},
            "transactions": {"from": "bookings"},
            "asset_snapshots": {"from": "balances", "columns": {"snapshot_on": "to_date(arrived_at", "product": "b"}},
            "benefit_events": {"from": "user"},
            "contacts": {"from": "receipts", "may_be_empty": True},  # no campaign has run yet: no problem
            "consents": {"query": "select * from decisions"},
        }
    )
    with pytest.raises(SourceError) as raised:
        RawTables(spark, settings, folder=str(tmp_path), region="north").open()
    assert raised.value.exit_code == 2
    found = "\n".join(line.rstrip() for line in str(raised.value).replace(str(tmp_path), "RAW").splitlines())
    assert found == (HERE / "all_problems.txt").read_text().rstrip()


def test_a_view_that_is_not_there_ends_the_job_with_2_and_nothing_is_written(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reactivation.pipelines import ingest_sources

    root = tmp_path / "bank"
    arguments = ["--cycle", "1994-03", "--region", "berka", "--conf-dir", str(PROJECT / "conf")]
    overrides = ["--set", f"paths.root={root}", "--set", "sources.views.trans=trams_1993_to_1994q1.parquet"]
    assert cli.execute(ingest_sources.run, ingest_sources.__file__, [*arguments, *overrides]) == 2
    said = capsys.readouterr().err
    assert "did you mean `trans_1993_to_1994q1.parquet`? Change sources.views.trans in conf/regions/berka.yml" in said
    assert "Traceback" not in said
    assert [place.name for place in root.iterdir()] == ["logs"]


def test_months_that_have_not_come_yet_are_not_taken(spark: SparkSession) -> None:
    from reactivation.pipelines.ingest_sources import require_rows

    def batch(june: int) -> Batch:
        tallies = {("logins", month): Tally(n) for month, n in (("2026-05", 10), ("2026-06", june))}
        arrivals = ArrivalRange(None, Month.parse("2026-06"), date(2026, 6, 5))
        return Batch(arrivals, tallies, {}, spark.range(0), {}, {})

    require_rows(batch(june=1))
    with pytest.raises(NotReady, match=r"no rows  arrived in 2026-06  are they there yet\?"):
        require_rows(batch(june=0))


def test_a_source_without_rows_is_found_where_none_arrived_in_the_span(spark: SparkSession, tmp_path: Path) -> None:
    for name, rows in (("users", 1), ("logins", 0)):
        columns = [F.lit(None).cast(c.type).alias(c.name) for c in canonical.BY_NAME[name].columns]
        spark.range(rows).select(*columns).drop(*canonical.ADDED).write.parquet(str(tmp_path / name))
    base = {
        "path": "{root}/raw",
        "format": "parquet",
        "options": {},
        "max_bad_share": 0.1,
        "max_equal_share": 1,
        "few_bad_rows": 0,
    }
    base |= {"encoding": "utf-8", "earliest_year": 1990, "latest_days_ahead": 366}
    named = {name: {"from": name} for name in ("users", "logins")}
    raw = RawTables(spark, SourcesSettings.model_validate({**base, **named}), folder=str(tmp_path), region="north")
    frames = raw.open()
    raw.require_rows({"users": frames["users"]})
    with pytest.raises(SourceError, match=r"logins.* has no rows; if that is right, remove sources\.logins"):
        raw.require_rows(frames)
