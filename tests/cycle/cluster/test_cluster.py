"""A month on a cluster that loses executors leaves the rows that plain `python` leaves.

The tests stand in the order of the month: each goes on where the one before it ended.
"""

from collections.abc import Sequence

import pytest

from cycle.cluster.conftest import LIBRARIES, Sent
from cycle.cluster.processes import Done
from cycle.conftest import FIRST_WAVE_ON, Bank, fingerprint
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table

pytestmark = pytest.mark.cycle

LOSING_AT = (
    r"(?s)\] ingest_sources as of .*?\n    \w+ +[\d ]+ rows",  # once the first table is written
    r"(?s)\] build_features as of .*?\n    activity ",  # once the months' aggregates are
)
INGESTED = (*canonical.ALL, derived.QUARANTINE, derived.INGEST_COUNTS)
BUILT = (derived.ACTIVITY, derived.FEATURES, derived.LABELS)
PLANNED = (
    derived.SCORES,
    derived.TIER_BANDS,
    derived.TIERS_TABLE,
    derived.ARMS,
    derived.WAVE_PLAN,
    derived.WAVE_WATERFALL,
)
EMPTY_BEFORE_THE_FIRST_WAVE = {"contacts"}


@pytest.fixture(scope="module")
def month(sent: Sent) -> list[Done]:
    """All that is due up to the first wave, two executors killed on the way; again where it says so."""
    call = ("run_cycle", "--as-of", FIRST_WAVE_ON)
    done = [sent.job(*call, libraries=LIBRARIES, losing_at=LOSING_AT)]
    while done[-1].code == 2 and "run the same command again" in done[-1].err and len(done) < 3:
        done.append(sent.job(*call, libraries=LIBRARIES))
    return done


def assert_same(planned: Bank, sent: Sent, tables: Sequence[Table]) -> None:
    here = {table.name: fingerprint(planned.read_then(table)) for table in tables if table.name in planned.then}
    assert {table.name: fingerprint(sent.store.read(table)) for table in tables if sent.store.has(table)} == here
    assert {name for name, (rows, _) in here.items() if not rows} <= EMPTY_BEFORE_THE_FIRST_WAVE


def test_a_month_that_loses_executors_goes_on_or_says_what_to_do(month: list[Done], sent: Sent) -> None:
    assert month[-1].code == 0, month[-1].err[-5000:]
    assert len(sent.cluster.lost) == len(LOSING_AT)


@pytest.mark.parametrize("tables", [INGESTED, BUILT, PLANNED], ids=["ingested", "built", "planned"])
def test_its_rows_are_those_of_plain_python(
    month: list[Done], planned: Bank, sent: Sent, tables: Sequence[Table]
) -> None:
    assert_same(planned, sent, tables)


def test_a_wave_alone_is_planned_again_to_the_same_rows_by_the_product_without_the_lab(
    month: list[Done], planned: Bank, sent: Sent
) -> None:
    done = sent.job("plan_wave", "--as-of", FIRST_WAVE_ON, "--wave", "W1", libraries=("reactivation",))
    assert done.code == 0, done.err[-5000:]
    assert_same(planned, sent, PLANNED)


def test_drivers_leave_nothing_in_their_folders(month: list[Done], sent: Sent) -> None:
    """What a driver writes beside itself is lost with its machine."""
    folders = sent.cluster.folder.glob("driver-*")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]  # Spark makes an empty folder
    assert {file.name for file in files} <= {"stderr.txt", "run_cycle.py", "plan_wave.py"}
