"""Channel files: complete, in hash order, the same bytes on a re-run, and gone where nobody is left in them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.release import channel_files
from reactivation.contracts import derived
from reactivation.periods import Calendar
from reactivation.runtime.files import write_files

pytestmark = pytest.mark.edges


CHANNELS = ("sms", "push")
CALENDAR = Calendar(
    zone="Asia/Shanghai",
    settle_days=5,
    closed_weekdays=("saturday", "sunday"),
    send_hours={"sms": {"from": "09:00", "until": "20:00"}, "call": {"from": "09:30", "until": "18:00"}},
)
SCOPE = channel_files.Scope("north", "cards")
PLANNED = {"release_id": "north-cards-2026-06-W1-v1", "send_on": date(2026, 6, 5)}


def released(
    rows: Rows, settings: CampaignSettings, *contacts: tuple[str, int, str], salt: str = "north|W1_send_order"
) -> DataFrame:
    plan = rows(
        derived.WAVE_PLAN,
        ["channel", "user_id", "contact_id", "benefit", "send_on", "plan_version"],
        [(channel, user, contact or None, "gift", "2026-06-05", 1) for channel, user, contact in contacts],
    ).withColumn("left_out", F.lit(None).cast("string"))
    return channel_files.to_release(
        plan.repartition(3), PLANNED, scope=SCOPE, settings=settings, calendar=CALENDAR, salt=salt
    )


def in_files(found: DataFrame, settings: CampaignSettings) -> DataFrame:
    days = channel_files.days_of_sending(PLANNED["send_on"], settings, CALENDAR)
    return channel_files.contacts(found, days, CALENDAR)


def write(found: DataFrame, settings: CampaignSettings, folder: Path) -> None:
    rows = in_files(found, settings)
    write_files(rows, str(folder), by="channel", names=CHANNELS, order_by="send_order")


def test_a_file_per_channel_and_a_rerun_leaves_the_same_bytes(
    rows: Rows, settings: CampaignSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "exports" / "2026-06" / "W1"
    contacts = [("sms", 7, "c-7"), ("push", 3, "c-3"), ("sms", 12, "c-12"), ("none", 4, "")]
    write(released(rows, settings, *contacts), settings, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["push.csv", "sms.csv"]
    first = (folder / "sms.csv").read_bytes()
    head, *lines = first.decode().splitlines()
    assert head == (
        "contact_id,user_id,benefit,send_on,send_order,template_id,template_version,"
        "benefit_valid_until,send_from,send_until"
    )
    hours = "2026-06-05T09:00:00+08:00,2026-06-05T20:00:00+08:00"  # those of conf's calendar, on the region's clock
    assert sorted(lines) == [
        f"c-12,12,gift,2026-06-05,2,gift_sms,2,2026-07-04,{hours}",
        f"c-7,7,gift,2026-06-05,1,gift_sms,2,2026-07-04,{hours}",
    ]
    assert [line.split(",")[4] for line in lines] == ["1", "2"]  # a file cut off anywhere is the first of the order
    # Re-run: the same contacts in another order, and nobody for push any more.
    write(released(rows, settings, contacts[2], contacts[0]), settings, folder)
    assert (folder / "sms.csv").read_bytes() == first
    assert sorted(path.name for path in folder.iterdir()) == ["sms.csv"]


def test_the_order_of_a_file_is_neither_that_of_users_nor_of_another_waves_file(
    rows: Rows, settings: CampaignSettings
) -> None:
    contacts = [("sms", user, f"c-{user}") for user in range(1, 41)]

    def order(salt: str) -> list[int]:
        found = released(rows, settings, *contacts, salt=salt)
        return [row.user_id for row in found.orderBy("send_order").collect()]

    first, other = order("north|W1_send_order"), order("north|W2_send_order")
    assert sorted(first) == list(range(1, 41))
    assert first != sorted(first)
    assert first != other
    ranks = sum(place * user for place, user in enumerate(first))
    assert abs(ranks / 40 - 19.5 * 20.5) < 60  # no more correlated with the number than chance makes it


def test_calls_are_spread_over_the_open_days_that_the_call_centre_needs(rows: Rows, conf: dict[str, Any]) -> None:
    """Two seats for one hour at two dials, two dials a user: two users a day. The 5th is a Friday."""
    conf["release"]["call_centre"] = {"seats": 2, "hours_per_day": 1, "dials_per_hour": 2, "attempts_max": 2}
    settings = CampaignSettings.model_validate(conf)
    found = released(rows, settings, *[("call", user, f"c-{user}") for user in range(5)])
    calls = channel_files.calls(in_files(found, settings), attempts_max=2).orderBy("send_order").collect()
    until = "2026-06-09T18:00:00+08:00"
    assert [(row.send_order, row.send_from, row.send_until) for row in calls] == [
        (1, "2026-06-05T09:30:00+08:00", until),
        (2, "2026-06-05T09:30:00+08:00", until),
        (3, "2026-06-08T09:30:00+08:00", until),  # nobody is called on the weekend
        (4, "2026-06-08T09:30:00+08:00", until),
        (5, "2026-06-09T09:30:00+08:00", until),
    ]
    assert {(row.send_from.day, row.send_until.day) for row in found.collect()} == {(5, 9), (8, 9), (9, 9)}
    assert {(row.script_id, row.template_version, row.attempts_max) for row in calls} == {("gift_call", 2, 2)}


def test_no_column_of_a_file_tells_cell_score_or_tier() -> None:
    columns: set[str] = set(channel_files.COLUMNS)
    told: Any = {"policy", "touch", "tier", "band", "propensity", "is_exploration", "expected_gain", "cost"}
    assert not columns & told


def test_who_was_granted_what_lies_in_one_file_for_all_channels(rows: Rows, settings: CampaignSettings) -> None:
    found = released(rows, settings, ("sms", 7, "c-7"), ("push", 3, "c-3"))
    granted = channel_files.benefits(
        found.withColumn("benefit", F.when(F.col("user_id") == 7, "gift").otherwise("none"))
    )
    assert [tuple(row) for row in granted.collect()] == [
        ("benefits", 7, "gift", date(2026, 6, 5), date(2026, 7, 4), "c-7")
    ]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_half_done(
    rows: Rows, settings: CampaignSettings, tmp_path: Path
) -> None:
    contacts = released(rows, settings, ("sms", 7, "c-7"))
    write(contacts, settings, tmp_path)
    broken = in_files(contacts, settings).withColumn("user_id", F.raise_error(F.lit("the disk is full")).cast("bigint"))
    with pytest.raises(Exception, match="the disk is full"):
        write_files(broken, str(tmp_path), by="channel", names=CHANNELS, order_by="send_order")
    assert (tmp_path / "sms.csv").read_text().count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["sms.csv"]
