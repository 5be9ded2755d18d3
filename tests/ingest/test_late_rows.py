"""Rows that come after the month in which they say they arrived was taken as whole: told, and never a lost refusal."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conftest import CONF
from reactivation import cli
from reactivation.contracts import canonical, derived
from reactivation.ingest import counts
from reactivation.ingest.arrival_range import ArrivalRange
from reactivation.periods import Month
from reactivation.pipelines import ingest_sources
from reactivation.runtime import deliveries
from reactivation.runtime.store import Store
from reactivation_lab.bank import tables as simulated

OTHERS = ("function_uses", "transactions", "asset_snapshots", "benefit_events", "contacts", "outside_contacts")


@pytest.mark.numbers
def test_rows_left_behind_are_those_of_whole_months_that_no_ingest_has_counted() -> None:
    june = Month.parse("2026-06")
    arrivals = ArrivalRange(june, june, june.first.replace(day=5))
    taken = [("2026-04", 10, 1), ("2026-05", 20, 0), ("2026-06", 5, 0), ("undated", 2, 0)]
    before = [
        {"source": "logins", "cycle": month, "rows_in": rows, "rows_readmitted": again} for month, rows, again in taken
    ]
    for there, left in ((29 + 8, {}), (29 + 8 + 3, {"logins": 3}), (8, {})):  # the last: raw keeps what is recent
        assert counts.left_behind({"logins": there}, {"logins": 8}, before, arrivals) == left
    assert counts.left_behind({"logins": 99}, {"logins": 8}, before, ArrivalRange(None, june, arrivals.end)) == {}


class Raw:
    """A bank of users, logins and consents whose raw tables grow."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark, self.root = spark, root
        for name in OTHERS:
            says = {"user_id": "1", "arrived_at": "2026-06-02"}  # and nothing else: set aside
            names = simulated.BY_NAME[name].schema.names
            schema = ", ".join(f"{column} string" for column in names)
            one = spark.createDataFrame([tuple(map(says.get, names))], schema)
            one.write.format("delta").save(f"{root}/raw/{name}")

    def add(self, table: str, columns: str, *rows: tuple[str, ...]) -> None:
        schema = ", ".join(f"{name} string" for name in columns.split())
        frame = self.spark.createDataFrame(list(rows), schema)
        frame.write.format("delta").mode("append").save(f"{self.root}/raw/{table}")

    def users(self) -> None:
        columns = "user_id signed_up_on closed_on arrived_at birth_year sex_cd branch segment has_phone has_push"
        rest = ("1990", "1", "B01", "mass", "true", "true")
        self.add("users", columns, *[("1", "2026-04-01", None, day, *rest) for day in ("2026-04-01", "2026-06-02")])

    def login(self, *moments: str) -> None:
        rows = [("1", moment, moment, "60", "app") for moment in moments]
        self.add("logins", "user_id event_at arrived_at session_seconds channel", *rows)

    def consent(self, flag: str, moment: str) -> None:
        self.add("consents", "user_id event_at arrived_at channel allowed_flag", ("1", moment, moment, "sms", flag))

    def ingest(self, day: str, *more: str) -> int:
        root = ("--set", f"paths.root={self.root}", "--set", "sources.max_bad_share=1")
        argv = ["--cycle", "2026-06", "--as-of", day, "--conf-dir", str(CONF), *root, *more]
        return cli.execute(ingest_sources.run, "ingest_sources.py", argv)

    def rows(self, name: str) -> int:
        table = derived.INGEST_COUNTS if name == "ingest_counts" else canonical.BY_NAME[name]
        return Store(self.spark, str(self.root)).read(table).count()


@pytest.mark.edges
def test_late_rows_of_a_whole_month_are_told_and_where_somebody_may_refuse_in_them_nothing_is_taken(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = Raw(spark, tmp_path)
    raw.users()
    raw.login("2026-05-10 10:00:00Z", "2026-06-02 10:00:00Z", "2026-06-07 10:00:00Z")
    raw.consent("Y", "2026-05-10 10:00:00Z")
    assert raw.ingest("2026-06-03") == 0

    raw.login("2026-05-11 10:00:00Z", "2026-06-01 10:00:00Z")  # of May, and of the month that runs
    capsys.readouterr()
    assert raw.ingest("2026-06-05") == 0
    said = capsys.readouterr().out
    assert "`logins`: 1 rows were left, which say that they arrived before 2026-06 and came when that was taken" in said
    assert "or --force: all months are taken again" in said
    assert raw.rows("logins") == 3

    raw.consent("N", "2026-05-20 10:00:00Z")  # somebody refused, and nobody would know
    before = raw.rows("ingest_counts")
    assert raw.ingest("2026-06-08") == 2
    said = capsys.readouterr().err
    assert "somebody may refuse in rows that would not be taken; nothing was written" in said
    assert "consents" in said
    assert (raw.rows("logins"), raw.rows("consents"), raw.rows("ingest_counts")) == (3, 1, before)

    assert raw.ingest("2026-06-08", "--force") == 0
    assert (raw.rows("logins"), raw.rows("consents")) == (5, 2)
    assert raw.ingest("2026-06-09") == 0
    assert "were left" not in capsys.readouterr().out


@pytest.mark.edges
def test_of_two_ingests_that_replace_a_month_at_once_the_second_is_busy_where_no_lock_holds(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under a root that is not on this machine. The other one runs between what this one reads and writes."""
    raw = Raw(spark, tmp_path)
    raw.users()
    raw.login("2026-06-02 10:00:00Z")
    raw.consent("Y", "2026-06-02 10:00:00Z")
    monkeypatch.setattr(Store, "held", lambda *_, **__: nullcontext(False))
    assert raw.ingest("2026-06-03") == 0
    delivered_on, others = deliveries.delivered_on, []

    def meanwhile(*args: Any, **more: Any) -> Any:
        if not others:
            others.append("begun")
            others.append(raw.ingest("2026-06-03"))
        return delivered_on(*args, **more)

    monkeypatch.setattr(deliveries, "delivered_on", meanwhile)
    assert (raw.ingest("2026-06-03"), others[1]) == (2, 0)
    assert "`ingest_counts` is being written by another job" in capsys.readouterr().err
    assert raw.ingest("2026-06-03") == 0
    assert raw.rows("logins") == 1
