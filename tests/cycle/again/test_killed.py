"""A month that is killed again and again, and run on each time, is the month that nobody disturbed.

`make torture N=50 [SEED=…]` runs this with more moments than `make test` does.
"""

import os
import random
import re

import pytest

from cycle.compare import differences, files_of
from cycle.conftest import Bank
from cycle.killed import Moment, moments, run_on
from reactivation.contracts import canonical, derived
from reactivation.runtime.console import say

pytestmark = pytest.mark.cycle

CYCLE = "2026-05"
KILLS = int(os.environ.get("TORTURE_KILLS") or 5)
SEED = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.fixture(scope="module")
def killed(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The cycle of `bank` on another root, killed at random moments."""
    other = Bank(bank.spark, tmp_path_factory.mktemp("killed"))
    of_month = bank.read(derived.RUN_LOG, CYCLE).where("table = '-' and job != 'run_cycle'").orderBy("finished_at")
    jobs = re.findall(r"\[2026-05 +\d+/(\d+)\]", bank.said)
    seconds = [row.seconds for row in of_month.collect()[: int(jobs[-1])]]
    at = moments(seconds, count=KILLS, seed=SEED)
    say(f"\nTORTURE_SEED={SEED}, {KILLS} kills")
    for told in run_on(other.arguments(CYCLE), at, log=other.root / "said.txt"):
        say(told)
    return other


def test_its_tables_are_those_of_the_undisturbed_month(bank: Bank, killed: Bank) -> None:
    assert differences(bank, killed, until=CYCLE) == {}


def test_its_files_are_those_of_the_undisturbed_month_and_nobody_is_in_two(bank: Bank, killed: Bank) -> None:
    found = files_of(killed, CYCLE)
    assert found == files_of(bank, CYCLE)
    channels = [f"{channel}.csv" for channel in canonical.CONTACT_CHANNELS]
    sent = [text.decode().splitlines()[1:] for name, text in found.items() if name.rsplit("/")[-1] in channels]
    contacts = [line.split(",")[0] for lines in sent for line in lines]
    assert len(contacts) == len(set(contacts)) > 100


def test_moments_are_drawn_over_the_jobs_by_the_time_they_take() -> None:
    drawn = moments([10.0, 0.0, 30.0], count=400, seed=1)
    assert drawn == moments([10.0, 0.0, 30.0], count=400, seed=1)
    assert {moment.number for moment in drawn} == {1, 3}
    assert sum(moment.number == 1 for moment in drawn) == pytest.approx(100, abs=30)
    assert all(0 <= moment.seconds < 30 for moment in drawn)
    assert drawn == sorted(drawn, key=lambda moment: (moment.number, moment.seconds))
    assert moments([], count=1, seed=1) == [Moment(1, 0.0)]
