"""The same cycle run twice, the second time after later data arrived, gives equal tables and files."""

import pytest

from cycle.conftest import Bank
from reactivation.contracts import derived

pytestmark = pytest.mark.cycle

RERUN = (
    ("ingest_sources", ("--as-of", "2026-06-05")),
    ("build_features", ()),
    ("train_models", ()),
    ("score_users", ()),
    ("assign_tiers", ()),
    ("plan_wave", ("--wave", "W1")),
    ("release_wave", ("--wave", "W1")),
    ("plan_wave", ("--wave", "W4")),  # knows what the three before it did
    ("read_out", ("--as-of", "2026-05-19")),
    ("evaluate_scores", ()),
    ("read_out", ()),
)
TABLES = tuple(table for table in derived.ALL if "cycle" in table.partition_by)


def test_each_job_run_again_leaves_equal_tables_and_files(bank: Bank) -> None:
    before = {table.name: bank.fingerprint(table, "2026-05") for table in TABLES}
    files = {path: path.read_bytes() for path in bank.root.glob("exports/2026-05/*/*.csv")}
    versions = bank.read(derived.SCORES, "2026-05").select("active_version").distinct().collect()
    for job, more in RERUN:
        assert bank.job(job, "2026-05", *more) == 0
    assert {table.name: bank.fingerprint(table, "2026-05") for table in TABLES} == before
    assert {path: path.read_bytes() for path in bank.root.glob("exports/2026-05/*/*.csv")} == files
    assert bank.read(derived.SCORES, "2026-05").select("active_version").distinct().collect() == versions


def test_features_rebuilt_from_all_that_is_known_today_are_equal(bank: Bank) -> None:
    before = bank.fingerprint(derived.FEATURES, "2026-05")
    assert bank.job("build_features", "2026-05", "--force") == 0
    assert bank.fingerprint(derived.FEATURES, "2026-05") == before
