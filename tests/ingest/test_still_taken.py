"""Whether raw still holds what an ingest took: exactly these rows, per source and month of arrival."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import CONF, Rows
from reactivation import cli
from reactivation.contracts import derived, flow
from reactivation.ingest import still_taken
from reactivation.periods import Month
from reactivation.pipelines import rows_taken
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

COUNTS = ["cycle", "source", "rows_in", "rows_readmitted", "arrived_before", "not_yet_arrived"]
SIXTH = date(2026, 6, 6)


def counted(*rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(COUNTS, row, strict=True)) for row in rows]


def test_what_was_taken_of_a_source_is_what_came_in_without_what_came_back() -> None:
    taken = still_taken.taken(
        counted(
            ("2026-05", "logins", 10, 2, date(2026, 6, 1), 0),  # two of them had waited in quarantine
            ("2026-06", "logins", 5, 0, SIXTH, 0),
            ("undated", "logins", 1, 0, SIXTH, 7),  # seven more lay there that arrive later
            ("2026-05", "users", 3, 0, date(2026, 6, 1), None),  # counted by 0.1.0
        )
    )
    assert (taken["logins"].until, taken["logins"].rows_there) == (SIXTH, 8 + 5 + 1 + 7)
    assert (taken["users"].until, taken["users"].rows_there) == (date(2026, 6, 1), None)
    assert still_taken.not_reached(taken, ["logins", "users", "contacts"], date(2026, 6, 5)) == [
        "`users`: taken up to 2026-06-01",
        "`contacts`: taken up to None",
    ]


def test_a_row_more_and_a_row_less_are_told_by_source_and_month() -> None:
    taken = still_taken.taken(counted(("2026-05", "logins", 10, 0, SIXTH, 0), ("2026-06", "logins", 5, 0, SIXTH, 0)))
    there = {("logins", "2026-05"): 10, ("logins", "2026-06"): 7, ("logins", "not_yet"): 99}
    now = [{"source": source, "cycle": month, "rows": rows} for (source, month), rows in there.items()]
    april = Month.parse("2026-04")
    assert still_taken.differences(taken, now, since=april) == ["`logins` 2026-06: 5 rows were taken, 7 are there"]
    new = [{"source": "logins", "cycle": "2026-04", "rows": 3}, *now]
    assert still_taken.differences(taken, new, since=april)[0] == "`logins` 2026-04: 0 rows were taken, 3 are there"
    less = ["`logins` 2026-06: 5 rows were taken, 0 are there"]
    assert still_taken.differences(taken, now[:1], since=april) == less


def test_what_no_ingest_would_take_or_stop_at_is_no_reason_for_one() -> None:
    """Else each call would take the same month again, and in vain."""
    may, june = Month.parse("2026-05"), Month.parse("2026-06")
    names, months = ("consents", "logins"), ("2026-05", "2026-06")
    taken = still_taken.taken(counted(*[(month, name, 10, 0, SIXTH, 0) for name in names for month in months]))

    def told(since: Month, **of_may: int) -> list[str]:
        there = {(name, "2026-06"): 10 for name in taken} | {(name, "2026-05"): n for name, n in of_may.items()}
        now = [{"source": source, "cycle": month, "rows": rows} for (source, month), rows in there.items()]
        return still_taken.differences(taken, now, since=since)

    assert told(may, consents=10, logins=4) == []  # raw keeps 35 days
    assert told(may, consents=10) == []
    assert told(may, consents=10, logins=11) == ["`logins` 2026-05: 10 rows were taken, 11 are there"]
    assert told(june, consents=10, logins=11) == []  # dated into a month before the range
    assert told(june, consents=11, logins=10) == ["`consents` 2026-05: 10 rows were taken, 11 are there"]


def test_an_ingest_is_skipped_only_where_raw_holds_exactly_what_it_took(
    spark: SparkSession, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first days of June came after an ingest up to the 6th had been run: it is not done up to the 5th."""

    def arrived(*days: str) -> DataFrame:
        columns = "user_id string, event_at string, arrived_at string"
        return spark.createDataFrame([("1", day, day) for day in days], columns)

    def counts(rows_in: int, not_yet: int) -> None:
        taken = [
            (month, source, n, 0, SIXTH, later)
            for source in ("users", "logins")
            for month, n, later in (("2026-05", rows_in, 0), ("2026-06", 1, 0), ("undated", 0, not_yet))
        ]
        frame = rows(derived.INGEST_COUNTS, COUNTS, taken)
        Store(spark, str(tmp_path)).replace(derived.INGEST_COUNTS, frame, {"cycle": ["2026-05", "2026-06", "undated"]})

    run = of_two_sources(tmp_path)
    users = arrived("2026-05-02", "2026-05-03", "2026-06-01", "2026-06-06 00:00:00")
    users = users.withColumns({"signed_up_on": users.event_at, "sex_cd": F.lit("1")})
    users.write.format("delta").save(f"{tmp_path}/raw/users")
    logins = arrived("2026-05-02 10:00:00", "2026-05-30 10:00:00", "2026-06-01 10:00:00", "2026-06-06 10:00:00")
    logins.write.format("delta").save(f"{tmp_path}/raw/logins")
    counts(2, 1)

    with monkeypatch.context() as patched:
        patched.setattr(still_taken, "arrivals", lambda *_, **__: pytest.fail("the log says how many rows there are"))
        assert rows_taken.differences(run, SIXTH) == []
        assert rows_taken.differences(run, date(2026, 6, 7))[0] == "`users`: taken up to 2026-06-06"
    arrived("2026-06-07 10:00:00").write.format("delta").mode("append").save(f"{tmp_path}/raw/logins")
    assert rows_taken.differences(run, SIXTH) == []  # more rows, but of days that were not taken
    arrived("2026-06-04 10:00:00").write.format("delta").mode("append").save(f"{tmp_path}/raw/logins")
    assert rows_taken.differences(run, date(2026, 6, 5)) == ["`logins` 2026-06: 1 rows were taken, 2 are there"]
    counts(1, 1)
    assert "`users` 2026-05: 1 rows were taken, 2 are there" in rows_taken.differences(run, date(2026, 6, 1))


def of_two_sources(root: Path) -> Run:
    """A run whose region has users and logins alone."""
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", f"paths.root={root}"]
    run = cli.open_run(cli.parser("run_cycle", "").parse_args(argv), step=flow.RUN_CYCLE)
    others = [name for name in run.settings.sources.present if name not in ("users", "logins")]
    sources = run.settings.sources.model_copy(update=dict.fromkeys(others))
    settings = run.settings.model_copy(update={"sources": sources})
    return replace(run, loaded=replace(run.loaded, settings=settings))
