"""Channel files: complete, sorted, the same bytes on a re-run, and gone where nobody is left in them."""

from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from conftest import Rows
from reactivation.campaign.release import channel_files
from reactivation.contracts import derived
from reactivation.runtime.files import write_files

pytestmark = pytest.mark.edges


def channels(rows: Rows, *contacts: tuple[str, int, str]) -> dict[str, DataFrame]:
    plan = rows(
        derived.WAVE_PLAN,
        ["channel", "user_id", "contact_id", "benefit", "send_on"],
        [(channel, user, contact or None, "gift", "2026-06-05") for channel, user, contact in contacts],
    )
    return {channel: channel_files.channel_rows(plan.repartition(3), channel) for channel in ("sms", "push")}


def test_a_file_per_channel_and_a_rerun_leaves_the_same_bytes(rows: Rows, tmp_path: Path) -> None:
    folder = tmp_path / "exports" / "2026-06" / "W1"
    contacts = [("sms", 7, "2026-06-W1-7"), ("push", 3, "2026-06-W1-3"), ("sms", 12, "2026-06-W1-12"), ("none", 4, "")]
    assert write_files(channels(rows, *contacts), str(folder), order_by="contact_id") == {"sms": 2, "push": 1}
    first = (folder / "sms.csv").read_bytes()
    assert first.decode() == (
        "contact_id,user_id,benefit,send_on\n2026-06-W1-12,12,gift,2026-06-05\n2026-06-W1-7,7,gift,2026-06-05\n"
    )
    # Re-run: the same contacts in another order, and nobody for push any more.
    assert write_files(channels(rows, contacts[2], contacts[0]), str(folder), order_by="contact_id")["push"] == 0
    assert (folder / "sms.csv").read_bytes() == first
    assert sorted(path.name for path in folder.iterdir()) == ["sms.csv"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_half_done(rows: Rows, tmp_path: Path) -> None:
    frames = channels(rows, ("sms", 7, "2026-06-W1-7"))
    write_files({"sms": frames["sms"]}, str(tmp_path), order_by="contact_id")
    broken = frames["sms"].selectExpr("contact_id", "raise_error('the disk is full') as user_id")
    with pytest.raises(Exception, match="the disk is full"):
        write_files({"sms": broken}, str(tmp_path), order_by="contact_id")
    assert (tmp_path / "sms.csv").read_text().count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["sms.csv"]
