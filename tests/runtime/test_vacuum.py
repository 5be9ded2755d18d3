"""Files of old Delta versions go, rows stay; a week is the least that goes without being forced."""

import math
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from reactivation.contracts import derived
from reactivation.errors import SettingsError
from reactivation.pipelines import vacuum_tables
from reactivation.runtime.store import Store
from reactivation.runtime.vacuum import vacuum
from reactivation_lab.bank import tables as simulated
from reactivation_lab.pipelines import vacuum_bank

pytestmark = pytest.mark.edges

TIERS, LABELS = derived.TIERS_TABLE, derived.LABELS
COLUMNS = ["cycle", "user_id", "tier", "band"]


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path, rows: Rows) -> Store:
    """A table whose part was replaced twice."""
    result = Store(spark, str(tmp_path), writer="a test")
    for users in (3, 2, 1):
        part = rows(TIERS, COLUMNS, [("2026-05", n, "low_potential", 9) for n in range(users)])
        result.replace(TIERS, part, {"cycle": "2026-05"})
    return result


def data_files(store: Store) -> list[Path]:
    return sorted(Path(store.place(TIERS)).glob("cycle=*/*.parquet"))


def settings_of(store: Store) -> dict[str, str]:
    """The session's settings, but for what Delta notes of its last commit."""
    return {key: value for key, value in store.spark.conf.getAll.items() if "lastCommit" not in key}


def test_files_that_no_kept_version_needs_are_removed_and_the_rows_stay(store: Store) -> None:
    newest = len(store.read(TIERS).inputFiles())
    assert len(data_files(store)) > newest
    [done] = vacuum(store, [TIERS, LABELS], keep_hours=0, force=True)  # labels are not there
    assert done.table == "tiers"
    kept = data_files(store)
    assert len(kept) == newest
    assert done.bytes_before is not None
    assert done.bytes_after is not None
    assert done.bytes_before > done.bytes_after >= sum(file.stat().st_size for file in kept)
    assert [row.user_id for row in store.read(TIERS).collect()] == [0]
    [again] = vacuum(store, [TIERS], keep_hours=0, force=True)
    assert again.bytes_before == again.bytes_after == done.bytes_after


def test_versions_of_the_last_hours_stay(store: Store) -> None:
    before = data_files(store)
    vacuum(store, [TIERS], keep_hours=168)
    assert data_files(store) == before


def test_less_than_a_week_is_refused_unless_forced_and_the_session_is_as_it_was(store: Store) -> None:
    before = data_files(store)
    settings = settings_of(store)
    with pytest.raises(SettingsError, match="--force where none runs"):
        vacuum(store, [TIERS], keep_hours=167)
    for hours in (-1, math.nan, math.inf):
        with pytest.raises(SettingsError, match="no hours"):
            vacuum(store, [TIERS], keep_hours=hours, force=True)
    assert data_files(store) == before
    vacuum(store, [TIERS], keep_hours=0, force=True)
    assert settings_of(store) == settings


def test_raw_tables_are_a_real_banks_unless_the_simulators_truth_lies_beside_them(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    here = Store(spark, str(tmp_path), writer="a test")
    day = {"segment_on": "2026-05-01"}
    here.replace(
        simulated.LOGINS, rows(simulated.LOGINS, ["segment_on", "arrived_at"], [("2026-05-01", "2026-05-02")]), day
    )

    def tidy() -> set[str]:
        bank = vacuum_bank.bank_tables(here)
        return {done.table for done in vacuum_tables.tidy(here, keep_hours=168, force=False, more=bank)}

    assert tidy() == set()
    here.replace(simulated.TRUTH_SEGMENTS, rows(simulated.TRUTH_SEGMENTS, ["segment_on"], [("2026-05-01",)]), day)
    assert tidy() == {"logins", "truth_segments"}
