"""Whom other marketing leaves alone: both sides alike or nobody, until when, and where nobody takes it for contacts."""

from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import Rows
from reactivation.campaign.release import channel_files
from reactivation.contracts import derived
from reactivation.runtime.channel_file_reader import read_sent
from reactivation.runtime.file_sets import complete
from reactivation.runtime.files import write_files
from reactivation.runtime.suppression_list import read_suppressed

pytestmark = pytest.mark.edges


def held(rows: Rows, shields: Literal["alike", "nobody"] = "alike") -> DataFrame:
    arms = rows(
        derived.ARMS,
        ["user_id", "policy", "touch"],
        [
            (12, "model", "holdout"),
            (3, "rule", "long_holdout"),
            (4, "rule", "touched"),
            (5, "none", None),  # not contactable: nobody asked others to leave this user alone
            (7, "random", "holdout"),
        ],
    )
    return channel_files.suppressed(
        arms, shields=shields, month_until=date(2026, 7, 1), long_holdout_until=date(2027, 1, 1)
    )


def write(held_out: DataFrame, folder: Path) -> None:
    write_files(held_out, str(folder), by="file", names=["suppression"], order_by="user_id")


def test_touched_and_held_out_alike_for_marketing_alone_until_they_may_be_contacted_again(
    rows: Rows, tmp_path: Path
) -> None:
    write(held(rows), tmp_path / "2026-06")
    assert [path.name for path in (tmp_path / "2026-06").iterdir()] == ["suppression.csv"]
    text = (tmp_path / "2026-06" / "suppression.csv").read_text(encoding="utf-8")
    assert text == (
        "user_id,until,purpose\n"
        "3,2027-01-01,marketing\n"
        "4,2026-07-01,marketing\n"  # touched: others must not move one side of a comparison alone
        "7,2026-07-01,marketing\n"
        "12,2026-07-01,marketing\n"
    )


def test_where_nobody_is_shielded_there_is_no_list(rows: Rows, tmp_path: Path) -> None:
    write(held(rows, "nobody"), tmp_path / "2026-06")
    assert list((tmp_path / "2026-06").iterdir()) == []


def test_other_senders_read_the_list_of_each_cycle_and_since_when_it_holds(
    spark: SparkSession, rows: Rows, tmp_path: Path
) -> None:
    assert read_suppressed(spark, str(tmp_path), ["2026-06"]) is None
    write(held(rows), tmp_path / "2026-06")
    found = read_suppressed(spark, str(tmp_path), ["2026-05", "2026-06"])
    assert found is not None
    assert sorted(tuple(row) for row in found.collect()) == [
        (3, date(2026, 6, 1), date(2027, 1, 1)),
        (4, date(2026, 6, 1), date(2026, 7, 1)),
        (7, date(2026, 6, 1), date(2026, 7, 1)),
        (12, date(2026, 6, 1), date(2026, 7, 1)),
    ]


def test_the_simulated_bank_does_not_send_to_those_who_must_be_left_alone(
    spark: SparkSession, rows: Rows, tmp_path: Path
) -> None:
    write(held(rows), tmp_path / "2026-06")
    assert read_sent(spark, str(tmp_path), ["2026-06"]) is None
    contacts = rows(
        derived.CONTACT_LEDGER,
        ["channel", "user_id", "contact_id", "benefit", "send_on"],
        [("sms", 4, "2026-06-W1-4", "gift", "2026-06-05")],
    )
    folder = str(tmp_path / "2026-06" / "W1")
    in_files = contacts.select("channel", *channel_files.COLUMNS)
    write_files(in_files, folder, by="channel", names=["sms"], order_by="send_order")
    assert read_sent(spark, str(tmp_path), ["2026-06"]) is None  # not released yet: the set is not complete
    complete(spark, folder)
    sent = read_sent(spark, str(tmp_path), ["2026-06"])
    assert sent is not None
    assert [(row.user_id, row.wave, row.channel) for row in sent.collect()] == [(4, "W1", "sms")]
