"""Which months an ingest handles, what is counted, and when it is too much: without Spark."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from reactivation.errors import SettingsError, TooManyBadRows
from reactivation.ingest import ArrivalRange, SourcesSettings, counts, shares
from reactivation.ingest.arrival_range import to_handle
from reactivation.ingest.batch import EarlierIngests, parts_to_write
from reactivation.periods import Calendar, Month
from reactivation.pipelines import ingest_sources, releases

pytestmark = pytest.mark.numbers

MAY, JUNE = Month.parse("2026-05"), Month.parse("2026-06")
SETTINGS = SourcesSettings.model_validate(
    {
        "path": "raw",
        "format": "delta",
        "options": {},
        "max_bad_share": 0.1,
        "max_equal_share": 0.1,
        "few_bad_rows": 2,
        "encoding": "utf-8",
        "earliest_year": 1990,
        "latest_days_ahead": 366,
        "users": {"from": "users"},
        "logins": {"from": "logins"},
    }
)


@pytest.mark.parametrize(
    ("done", "as_of", "force", "expected"),
    [
        ({}, "2026-06-01", False, ArrivalRange(None, MAY, date(2026, 6, 1))),  # the first ingest takes all history
        ({"users": "2026-06-01"}, "2026-06-08", False, ArrivalRange(JUNE, JUNE, date(2026, 6, 8))),  # May is whole
        ({"users": "2026-05-20"}, "2026-06-08", False, ArrivalRange(MAY, JUNE, date(2026, 6, 8))),  # May is not
        (
            {"users": "2026-06-20"},
            "2026-06-08",
            False,
            ArrivalRange(JUNE, JUNE, date(2026, 6, 20)),
        ),  # never cut shorter
        # a past cycle again, with what came since; and all of it again
        ({"users": "2026-06-20"}, "2026-06-01", False, ArrivalRange(MAY, JUNE, date(2026, 6, 20))),
        ({"users": "2026-06-20"}, "2026-06-01", True, ArrivalRange(None, JUNE, date(2026, 6, 20))),
    ],
)
def test_months_that_are_not_whole_and_always_the_newest(
    done: dict[str, str], as_of: str, force: bool, expected: ArrivalRange
) -> None:
    days = {name: date.fromisoformat(day) for name, day in done.items()}
    assert to_handle(days, ["users"], as_of=date.fromisoformat(as_of), force=force) == expected


def test_a_source_that_is_new_in_conf_brings_back_all_months() -> None:
    arrivals = to_handle({"users": date(2026, 6, 1)}, ["users", "logins"], as_of=date(2026, 6, 8), force=False)
    assert arrivals.first is None


def test_where_a_real_bank_lives_no_day_is_taken_that_has_not_begun_in_the_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At 00:05 UTC on 1 July it is still 30 June in Denver, and June's last rows are to come."""
    monkeypatch.setattr(releases, "now", lambda: datetime(2026, 7, 1, 0, 5, tzinfo=UTC))

    def require(zone: str, day: date, *, is_simulated: bool = False) -> None:
        calendar, conf = Calendar(zone=zone, settle_days=5), SimpleNamespace(is_simulated=is_simulated)
        ingest_sources.require_begun(SimpleNamespace(calendar=calendar, settings=conf), day)  # type: ignore[arg-type]

    july = date(2026, 7, 1)
    with pytest.raises(SettingsError, match=r"as of 2026-07-01 +in America/Denver it is 2026-06-30") as error:
        require("America/Denver", july)
    assert error.value.exit_code == 2
    require("America/Denver", date(2026, 6, 30))
    require("Asia/Shanghai", july)
    with pytest.raises(SettingsError):
        require("Asia/Shanghai", date(2026, 7, 2))
    require("Asia/Shanghai", date(2100, 1, 1), is_simulated=True)


def received(month: str, rows: int) -> SimpleNamespace:
    return SimpleNamespace(source="logins", arrival_cycle=month, rows=rows)


def became(month: str, disposition: str, rows: int, reason: str | None = None, again: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        source="logins", arrival_cycle=month, is_readmitted=again, disposition=disposition, reason=reason, rows=rows
    )


def test_rows_in_are_kept_quarantined_or_duplicates() -> None:
    arrivals = ArrivalRange(MAY, JUNE, date(2026, 6, 8))
    dispositions = [
        became("2026-05", "kept", 7),
        became("2026-05", "quarantined", 2, "unknown_user"),
        became("2026-05", "duplicate", 1),
        became("2026-06", "kept", 2, again=True),  # two that had waited for their user
        became("undated", "quarantined", 1, "bad_type"),
    ]
    found = counts.tally(
        [received("2026-05", 10), received("undated", 1)], dispositions, sources=["logins"], arrivals=arrivals
    )
    records = {r["cycle"]: r for r in counts.records(found, arrivals)}
    assert records["2026-05"]["rows_in"] == 10
    assert (records["2026-06"]["rows_in"], records["2026-06"]["rows_readmitted"]) == (2, 2)
    assert [records[m]["arrived_before"] for m in ("2026-05", "2026-06")] == [date(2026, 6, 1), date(2026, 6, 8)]
    assert parts_to_write(found, EarlierIngests({}, None, []), arrivals) == {
        "logins": ("2026-05", "2026-06"),
        "quarantine": ("2026-05", "undated"),
        "ingest_counts": ("2026-05", "2026-06", "undated"),
    }


def test_a_lost_row_stops_the_ingest() -> None:
    with pytest.raises(AssertionError, match=r"10 rows in .* became 9 kept; rows were lost or doubled"):
        counts.tally(
            [received("2026-05", 10)],
            [became("2026-05", "kept", 9)],
            sources=["logins"],
            arrivals=ArrivalRange(None, MAY, date(2026, 6, 1)),
        )


def test_too_many_bad_rows_are_told_with_reasons_and_counts() -> None:
    arrivals = ArrivalRange(None, MAY, date(2026, 6, 1))
    dispositions = [
        became("2026-05", "kept", 20),
        became("2026-05", "quarantined", 2, "unknown_user"),
        became("2026-05", "quarantined", 3, "not_allowed_channel"),
    ]
    found = counts.tally([received("2026-05", 25)], dispositions, sources=["logins"], arrivals=arrivals)
    with pytest.raises(TooManyBadRows) as raised:
        shares.check(found, [], {}, undated_before={}, settings=SETTINGS)
    assert str(raised.value) == (
        "more than 10.0% of a source's rows (sources.max_bad_share) break the contract; nothing was written\n"
        "  bad rows  logins  5 of 25 (20.0%): not_allowed_channel 3, unknown_user 2"
    )


def test_undated_rows_weigh_once_and_a_handful_never() -> None:
    arrivals = ArrivalRange(MAY, MAY, date(2026, 6, 1))
    dispositions = [
        became("2026-05", "kept", 10),
        became("2026-05", "quarantined", 2, "unknown_user"),
        became("undated", "quarantined", 9, "x"),
    ]
    found = counts.tally(
        [received("2026-05", 12), received("undated", 9)], dispositions, sources=["logins"], arrivals=arrivals
    )
    shares.check(found, [], {}, undated_before={"logins": 9}, settings=SETTINGS)  # nine are old, two are a handful
    with pytest.raises(TooManyBadRows):
        shares.check(found, [], {}, undated_before={"logins": 8}, settings=SETTINGS)


def counted(source: str, month: str, rows: int, until: str) -> dict[str, object]:
    return {"source": source, "cycle": month, "rows_in": rows, "arrived_before": date.fromisoformat(until)}


def test_a_source_that_fell_silent_in_the_newest_whole_month_is_told() -> None:
    users = [
        counted("users", month, 9, until) for month, until in (("2026-04", "2026-05-01"), ("2026-05", "2026-06-01"))
    ]
    april, june = counted("logins", "2026-04", 70, "2026-05-01"), counted("users", "2026-06", 0, "2026-06-05")
    told = ["`logins`: no row arrived in 2026-05, 70 in 2026-04: is it complete?"]
    assert counts.silent([*users, april]) == told
    assert counts.silent([*users, april, counted("logins", "2026-05", 0, "2026-06-01")]) == told
    assert counts.silent([*users, april, june]) == told  # a begun month may still bring its rows
    assert counts.silent([*users, april, counted("logins", "2026-05", 1, "2026-06-01")]) == []
    assert counts.silent([users[0], april, counted("users", "2026-05", 9, "2026-05-26")]) == []
    assert counts.silent([]) == []
    undated = counted("logins", "undated", 4, "2026-06-01")
    assert counts.silent([*users, april, undated]) == told
