"""Channel files: complete, sorted, the same bytes on a re-run, and gone where nobody is left in them."""

from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from conftest import Rows
from reactivation.campaign.release import channel_files
from reactivation.contracts import derived
from reactivation.runtime.files import write_files

pytestmark = pytest.mark.edges


CHANNELS = ("sms", "push")


def sent(rows: Rows, *contacts: tuple[str, int, str]) -> DataFrame:
    plan = rows(
        derived.WAVE_PLAN,
        ["channel", "user_id", "contact_id", "benefit", "send_on"],
        [(channel, user, contact or None, "gift", "2026-06-05") for channel, user, contact in contacts],
    )
    return channel_files.contacts(plan.repartition(3))


def write(found: DataFrame, folder: Path) -> None:
    write_files(found, str(folder), by="channel", names=CHANNELS, order_by="contact_id")


def test_a_file_per_channel_and_a_rerun_leaves_the_same_bytes(rows: Rows, tmp_path: Path) -> None:
    folder = tmp_path / "exports" / "2026-06" / "W1"
    contacts = [("sms", 7, "2026-06-W1-7"), ("push", 3, "2026-06-W1-3"), ("sms", 12, "2026-06-W1-12"), ("none", 4, "")]
    write(sent(rows, *contacts), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["push.csv", "sms.csv"]
    first = (folder / "sms.csv").read_bytes()
    assert first.decode() == (
        "contact_id,user_id,benefit,send_on\n2026-06-W1-12,12,gift,2026-06-05\n2026-06-W1-7,7,gift,2026-06-05\n"
    )
    # Re-run: the same contacts in another order, and nobody for push any more.
    write(sent(rows, contacts[2], contacts[0]), folder)
    assert (folder / "sms.csv").read_bytes() == first
    assert sorted(path.name for path in folder.iterdir()) == ["sms.csv"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_half_done(rows: Rows, tmp_path: Path) -> None:
    contacts = sent(rows, ("sms", 7, "2026-06-W1-7"))
    write(contacts, tmp_path)
    broken = contacts.selectExpr("channel", "contact_id", "raise_error('the disk is full') as user_id")
    with pytest.raises(Exception, match="the disk is full"):
        write(broken, tmp_path)
    assert (tmp_path / "sms.csv").read_text().count("\n") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["sms.csv"]
