"""What users decided, through the ingest: nothing of it is lost on the way to who may be contacted."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from ingest.warehouse import SETTINGS, SHANGHAI, Warehouse, raw
from population.conftest import settings
from reactivation import population
from reactivation.errors import SourceError
from reactivation.ingest import SourcesSettings
from reactivation.runtime.deliveries import delivered_on

pytestmark = pytest.mark.rules

GIVEN = {
    **SETTINGS.model_dump(by_alias=True, exclude_none=True, exclude={"logins", "asset_snapshots"}),
    "channel_words": {"短信": "sms", "Anruf": "call"},
    "logins": {"from": "logins"},
    **{name: {"from": name} for name in ("contacts", "consents", "exclusions")},
}
ADDED = ("row_hash", "arrival_cycle")


@pytest.fixture(scope="module")
def bank(spark: SparkSession) -> Warehouse:
    """What a bank gave of nine users up to 1 June."""
    people = [
        *[(str(user), "2020-01-01", "2020-01-01", "true", "true", None, "1990") for user in range(1, 9)],
        ("8", "2020-01-01", "2026-05-05 10:00", "true", "true", "2026-05-04", "n/a"),  # left, and cannot be read
        ("9", "2020-01-01", "2026-05-05 10:00", "true", "true", None, "1990"),
        ("9", "2020-01-01", "2026-05-05 10:00", "true", "true", "2026-05-04", "1990"),  # left or not, at one time
    ]
    at, came = "2026-05-01 10:00", "2026-05-01 12:00"
    all_four = ("sms", "push", "call", "profiling")
    allowed = [
        (str(user), kind, "true", at, came, None, None) for user in (1, 2, 3, 4, 6, 7, 8, 9) for kind in all_four
    ]
    consents = [
        *allowed,
        # one form that bars three channels under one number
        *[("1", kind, "false", "2026-05-10 10:00", "2026-05-10 12:00", "F7", None) for kind in all_four[:3]],
        ("1", "sms", "false", "2026-05-10 10:00", "2026-05-11 12:00", "F8", None),  # the same decision, sent again
        ("2", " SMS", "false", "2026-05-10 10:00", "2026-05-10 12:00", None, None),
        ("3", "短信", "false", "2026-05-10 10:00", "2026-05-10 12:00", None, None),
        ("3", "all", None, "2026-05-10 10:00", "2026-05-10 12:00", None, None),
        ("4", "sms", "true", "2026-05-10 10:00", "2026-05-10 12:00", None, "2026-05-20"),
        ("x", "sms", "false", "2026-05-10 10:00", "2026-05-10 12:00", None, None),
    ]
    receipts = [("r1", "4", at, came, "2026-05", "W1", "ANRUF", "Complained")]
    excluded = [
        ("5", "do_not_call", "All", "2026-07-01", None, "2026-05-10 12:00"),  # comes into force later: no bad row
        ("4", "minor", "push", "2026-05-10", None, "2026-05-10 12:00"),
        ("4", "minor", "push", "2026-05-10", "2026-05-15", "2026-05-20 12:00"),  # another version
        ("4", "minor", "push", "2026-05-10", None, "2026-05-25 12:00"),  # and back to the first
        ("2", "dispute", "call", "soon", None, "2026-05-10 12:00"),
        ("6", "dispute", "call", "2026-05-20", "2026-05-10", "2026-05-10 12:00"),  # which day is wrong?
        ("7", "minor", "sms", "2062-05-20", None, "2026-05-10 12:00"),  # a slip of 2026
    ]
    tables = {
        "users": raw(spark, "user_id signed_up_on arrived_at has_phone has_push closed_on birth_year", people),
        "logins": raw(spark, "user_id event_at arrived_at", [("1", at, came)]),
        "consents": raw(
            spark, "user_id channel is_allowed event_at arrived_at event_id valid_until", _dated(consents, 6)
        ),
        "contacts": raw(spark, "contact_id user_id sent_at arrived_at cycle wave channel status", receipts),
        "exclusions": raw(spark, "user_id reason channel from_on until_on arrived_at", excluded),
    }
    warehouse = Warehouse(spark, tables, SourcesSettings.model_validate(GIVEN))
    warehouse.ingest("2026-06-01")
    return warehouse


def _dated(rows: list[tuple[Any, ...]], place: int) -> list[tuple[Any, ...]]:
    """A day among instants stays a day."""
    return [(*row[:place], row[place] and f"{row[place]} ", *row[place + 1 :]) for row in rows]


def test_the_identity_of_a_consent_is_user_channel_flag_and_time(bank: Warehouse) -> None:
    refusals = [row for row in bank.rows("consents") if row.user_id == 1 and not row.is_allowed]
    assert sorted((row.channel, row.event_id) for row in refusals) == [("call", "F7"), ("push", "F7"), ("sms", "F7")]


def test_channels_come_in_words_of_the_bank_case_aside(bank: Warehouse) -> None:
    refusals = [row for row in bank.rows("consents") if row.user_id in (2, 3) and not row.is_allowed]
    assert sorted((row.user_id, row.channel) for row in refusals) == [(2, "sms"), (3, "sms")]
    out = {(row.source, row.reason, row.user_id) for row in bank.rows("quarantine")}
    assert out == {
        ("consents", "missing_is_allowed", 3),
        ("consents", "bad_type", None),
        ("contacts", "not_allowed_status", 4),
        ("exclusions", "bad_type", 2),
        ("exclusions", "ended_before_begin", 6),
        ("exclusions", "impossible_from_on", 7),
        ("users", "bad_type", 8),
        ("users", "repeated_key", 9),
    }


def test_each_version_of_an_exclusion_is_kept(bank: Warehouse) -> None:
    found = sorted((row.arrived_at.day, row.until_on) for row in bank.rows("exclusions") if row.user_id == 4)
    assert found == [(10, None), (20, date(2026, 5, 15)), (25, None)]


def test_what_the_ingest_sets_aside_bars_as_it_should(bank: Warehouse) -> None:
    past = bank.past()
    permissions = population.Permissions(
        date(1990, 1, 1),
        **{name: past.stored[name] for name in ("consents", "contacts", "exclusions")},
        quarantine=past.quarantine,
        words=bank.settings.channel_words,
    )
    spine = past.stored["users"]
    reach = population.contactable(
        spine, permissions, day=date(2026, 6, 1), calendar=SHANGHAI, settings=settings(undecided={})
    )
    names = ("can_sms", "can_push", "can_call", "is_profiling_allowed", "is_barred_unread")
    found = {row.user_id: "".join(str(int(row[name])) for name in names) for row in reach.collect()}
    # 2: the exclusion whose first day cannot be read; 3: a null flag for `all`; 4: ended, excluded, complained
    # 6, 7: exclusions of days that cannot be; 8, 9: a closing that is set aside
    barred = {1: "00010", 2: "01011", 3: "00001", 4: "00011", 5: "00000", 6: "11011", 7: "01111"}
    assert found == {**barred, 8: "00011", 9: "00011"}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        ("consents", "user_id = '2' and channel = ' SMS'", r"consents 2026-05 +41 rows came before, 40 are there now"),
        ("consents", "channel = 'all'", r"consents 2026-05 +41 rows came before, 40"),  # it could not be read
        ("exclusions", "user_id = '2'", r"exclusions 2026-05 +7 rows came before, 6"),
        ("contacts", "user_id = '4'", r"contacts 2026-05 +1 rows came before, 0"),
    ],
)
def test_a_refusal_that_was_taken_is_not_forgotten_with_its_raw_row(
    bank: Warehouse, table: str, row: str, told: str, force: bool
) -> None:
    later = bank.copy()
    later.raw[table] = bank.raw[table].where(f"not ({row})")
    with pytest.raises(SourceError, match=told):
        later.ingest("2026-06-01", force=force)
    assert later.everything() == bank.everything()


def test_a_repeated_row_may_go_and_an_erased_person(bank: Warehouse) -> None:
    later = bank.copy()
    later.raw["consents"] = bank.raw["consents"].where("event_id is null or event_id != 'F8'")
    later.ingest("2026-06-01")
    assert later.everything()["consents"] == bank.everything()["consents"]

    later.raw |= {name: rows.where("user_id not in ('1', '2')") for name, rows in later.raw.items() if name != "logins"}
    with pytest.raises(SourceError, match=r"where the bank erased a person's, run jobs/forget_user\.py first"):
        later.ingest("2026-06-01")
    for name in ("users", "consents", "exclusions", "quarantine"):
        later.tables[name] = [row for row in later.rows(name) if row.user_id not in (1, 2)]
    later.ingest("2026-06-01")
    later.raw["consents"] = later.raw["consents"].where("channel != 'all'")
    with pytest.raises(SourceError, match="consents 2026-05"):  # another's, not yet
        later.ingest("2026-06-01", force=True)


def test_a_row_without_a_date_goes_only_where_another_of_its_user_came(spark: SparkSession, bank: Warehouse) -> None:
    columns = "user_id channel is_allowed event_at arrived_at event_id valid_until"
    refusal = ("6", "sms", "false", "2026-05-10 10:00", "soon", None, None)
    later, without = bank.copy(), bank.raw["consents"].where("user_id != '6'")
    later.raw["consents"] = without.unionByName(raw(spark, columns, [refusal]))
    later.tables["consents"] = [row for row in later.rows("consents") if row.user_id != 6]
    later.ingest("2026-06-01")
    undated = [(row.source, row.user_id) for row in later.rows("quarantine") if row.cycle == "undated"]
    assert undated == [("consents", 6)]
    for more in ([], [("5", *refusal[1:4], "2026-05-10 12:00", None, None)]):  # another's
        later.raw["consents"] = without.unionByName(raw(spark, columns, more)) if more else without
        with pytest.raises(SourceError, match=r"consents undated +1 rows came before, 0 are there now"):
            later.ingest("2026-06-01")
    mended = (*refusal[:4], "2026-05-10 12:00", None, None)
    later.raw["consents"] = without.unionByName(raw(spark, columns, [mended]))
    later.ingest("2026-06-01")
    assert [row.is_allowed for row in later.rows("consents") if row.user_id == 6] == [False]


def test_an_empty_delivery_on_time_is_a_delivery(spark: SparkSession, tmp_path: Path) -> None:
    for name, day in (("users", 1), ("consents", 7), ("decisions", 20)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "2026-05.csv"
        path.write_text("user_id\n")
        at = datetime(2026, 5, day, 20, tzinfo=UTC).timestamp()  # in Shanghai the day after
        os.utime(path, (at, at))
    (tmp_path / "consents" / "2026-05-10.csv").write_text("")
    at = datetime(2026, 5, 10, 3, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "consents" / "2026-05-10.csv", (at, at))
    query = {"query": "select * from decisions join users using (user_id)"}
    of_query = {**GIVEN, "format": "csv", "views": {"decisions": "decisions", "users": "users", "not_named": "x"}}
    conf = SourcesSettings.model_validate({**of_query, "exclusions": query})
    how: dict[str, Any] = {"folder": str(tmp_path), "calendar": SHANGHAI}
    names = ("consents", "exclusions", "contacts")
    found = delivered_on(spark, conf, names=names, **how)
    assert found == {"consents": date(2026, 5, 10), "exclusions": date(2026, 5, 2)}  # of a query, the oldest view's


def test_a_commit_without_rows_is_a_delivery(spark: SparkSession, tmp_path: Path) -> None:
    place = tmp_path / "consents"
    spark.range(0).write.format("delta").save(str(place))
    log = place / "_delta_log" / f"{0:020d}.json"
    at = datetime(2026, 5, 9, 3, tzinfo=UTC).timestamp()
    for path in log.parent.iterdir():
        os.utime(path, (at, at))
    conf = SourcesSettings.model_validate(GIVEN)
    found = delivered_on(spark, conf, folder=str(tmp_path), names=("consents",), calendar=SHANGHAI)
    assert found == {"consents": date(2026, 5, 9)}
