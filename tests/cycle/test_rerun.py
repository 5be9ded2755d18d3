"""The same cycle run twice gives equal tables, and a past cycle can be rebuilt after later data arrived."""

import pytest

from cycle.conftest import Bank
from reactivation.tables import derived

pytestmark = pytest.mark.cycle

RERUN = (
    ("ingest_sources", ()),
    ("build_features", ()),
    ("train_models", ()),
    ("score_users", ()),
    ("assign_tiers", ()),
    ("plan_wave", ("--wave", "W1")),
    ("plan_wave", ("--wave", "W2")),
    ("plan_wave", ("--wave", "W3")),
    ("plan_wave", ("--wave", "W4")),
    ("evaluate_scores", ()),
    ("read_out", ()),
)
TABLES = tuple(table for table in derived.ALL if "cycle" in table.partition_by)


def test_each_job_run_again_leaves_equal_tables_and_files(bank: Bank) -> None:
    before = {table.name: bank.fingerprint(table, "2026-06") for table in TABLES}
    files = {path: path.read_bytes() for path in bank.root.glob("exports/2026-06/*/*.csv")}
    versions = bank.read(derived.SCORES, "2026-06").select("active_version").distinct().collect()
    for job, more in RERUN:
        assert bank.job(job, "2026-06", *more) == 0
    assert {table.name: bank.fingerprint(table, "2026-06") for table in TABLES} == before
    assert {path: path.read_bytes() for path in bank.root.glob("exports/2026-06/*/*.csv")} == files
    assert bank.read(derived.SCORES, "2026-06").select("active_version").distinct().collect() == versions


def test_a_past_cycle_rebuilt_after_later_data_arrived_has_equal_features(bank: Bank) -> None:
    before = bank.fingerprint(derived.FEATURES, "2026-05")
    assert bank.job("build_features", "2026-05", "--force") == 0
    assert bank.fingerprint(derived.FEATURES, "2026-05") == before
