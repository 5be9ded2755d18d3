"""A month killed again and again, and run on each time, is the month that nobody disturbed.

It is run in a row with the next one, which begins before it settles; `bank` lived each of them by its own command.
`make torture N=50 [SEED=…]` runs this with more moments than `make test` does, and from nothing: `make test` goes on
from May's first wave, and June begins with the jobs that May began with.
"""

import os
import random
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from cycle.compare import EVERYTHING, differences, files_of
from cycle.conftest import FIRST_WAVE_ON, Bank
from cycle.killed import Moment, moments, run_on
from reactivation.contracts import canonical, derived
from reactivation.runtime.console import say
from reactivation_lab.bank import tables as raw

pytestmark = pytest.mark.cycle

MAY, JUNE = "2026-05", "2026-06"
OF_THE_BANK = {table.name for table in (*raw.RAW, *canonical.ALL)} | {"ingest_counts", "quarantine", "truth_segments"}
FROM_NOTHING = "TORTURE_KILLS" in os.environ
KILLS = int(os.environ.get("TORTURE_KILLS") or 4)
SEED = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))


def go_on_from(copied: Path, root: Path) -> None:
    """Make a root of the copy of another, whose models are found where they lie now."""
    shutil.copytree(copied, root, dirs_exist_ok=True)
    before, now = ((path / "mlartifacts").as_uri() for path in (copied.parent / "bank", root))
    places = {"experiments": ["artifact_location"], "runs": ["artifact_uri"]}
    places["model_versions"] = ["source", "storage_location"]
    with closing(sqlite3.connect(root / "mlflow.db")) as registry, registry:
        for table, columns in places.items():
            changed = ", ".join(f"{column} = replace({column}, :before, :now)" for column in columns)
            registry.execute(f"update {table} set {changed}", {"before": before, "now": now})


@pytest.fixture(scope="module")
def killed(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Both months by one command, up to the day on which May settles and June's first wave is planned."""
    other = Bank(bank.spark, tmp_path_factory.mktemp("killed"))
    of_jobs = bank.read(derived.RUN_LOG).where("table = '-' and job != 'run_cycle'").orderBy("as_of", "finished_at")
    done = None if FROM_NOTHING else date.fromisoformat(FIRST_WAVE_ON)
    seconds = [0.0 if done and row.as_of <= done else row.seconds for row in of_jobs.collect()]
    if done:
        go_on_from(bank.root.parent / "copy_of_planned", other.root)
    at = moments(seconds, count=KILLS, seed=SEED)
    say(f"\nTORTURE_SEED={SEED}, {KILLS} kills")
    both = [*other.arguments(MAY), "--through", JUNE, "--as-of", "2026-06-05"]
    for told in run_on(both, at, log=other.root / "said.txt"):
        say(told)
    return other


def test_its_tables_are_those_of_the_undisturbed_month(bank: Bank, killed: Bank) -> None:
    assert differences(bank, killed, until=MAY) == {}


def test_its_files_are_those_of_the_undisturbed_month_and_nobody_is_in_two(bank: Bank, killed: Bank) -> None:
    found = files_of(killed, MAY)
    assert found == files_of(bank, MAY)
    channels = [f"{channel}.csv" for channel in canonical.CONTACT_CHANNELS]
    sent = [text.decode().splitlines()[1:] for name, text in found.items() if name.rsplit("/")[-1] in channels]
    contacts = [line.split(",")[0] for lines in sent for line in lines]
    assert len(contacts) == len(set(contacts)) > 100


def test_what_the_next_month_began_with_is_the_same(bank: Bank, killed: Bank) -> None:
    """One bank had lived to May's settle day when June's features were built, the other to the 1st."""
    drawn = (derived.FEATURES, derived.LABELS, derived.SCORES, derived.TIERS_TABLE, derived.ARMS)
    tables = [table for table in EVERYTHING if table.name in OF_THE_BANK or table in drawn]
    assert differences(bank, killed, until=JUNE, tables=tables) == {}
    assert bank.read(derived.ARMS, JUNE).count() > 500


def test_the_first_wave_of_the_next_month_knew_that_months_first_days(killed: Bank) -> None:
    """Of each user whom a wave of the 5th planned, no contact of the 3rd or 4th that had arrived was overlooked."""
    planned = killed.read(derived.WAVE_PLAN, JUNE).where("wave = 'W1' and channel != 'none'")
    outside = killed.read(canonical.OUTSIDE_CONTACTS).where(
        "sent_at >= timestamp'2026-06-02 16:00:00' and arrived_at < timestamp'2026-06-04 16:00:00'"
    )
    assert planned.count() > 100
    assert outside.count() > 0
    assert planned.join(outside, "user_id").isEmpty()


def test_moments_are_drawn_over_the_jobs_by_the_time_they_take() -> None:
    drawn = moments([10.0, 0.0, 30.0], count=400, seed=1)
    assert drawn == moments([10.0, 0.0, 30.0], count=400, seed=1)
    assert {moment.number for moment in drawn} == {1, 3}
    assert sum(moment.number == 1 for moment in drawn) == pytest.approx(100, abs=30)
    assert all(0 <= moment.seconds < 30 for moment in drawn)
    assert drawn == sorted(drawn, key=lambda moment: (moment.number, moment.seconds))
    assert moments([], count=1, seed=1) == [Moment(1, 0.0)]
