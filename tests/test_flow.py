"""The flow is whole: no table is read that nobody writes, and every derived table has a writer."""

import re
from pathlib import Path

import pytest

from reactivation.contracts import canonical, derived, flow
from reactivation.errors import FlowError
from reactivation_lab import steps

pytestmark = pytest.mark.numbers

PIPELINES = Path(__file__).parents[1] / "lib" / "reactivation" / "pipelines"


def test_every_derived_table_has_exactly_one_job_that_fills_it() -> None:
    writers = {
        t.name: [step.job for step in flow.STEPS if t.name in step.writes] for t in (*derived.ALL, *canonical.ALL)
    }
    shared = {
        "model_ledger": ["train_models", "approve_model"],
        "wave_releases": ["plan_wave", "release_wave", "stop_wave"],
        "contact_ledger": ["release_wave", "stop_wave"],
        "explanation_log": [],  # explain_user, which stands outside the month
        "run_log": [],  # every job's end writes it
        "erasure_ledger": [],  # forget_user and expire_months, which stand outside the month
    }
    assert {name: jobs for name, jobs in writers.items() if len(jobs) != 1} == shared


def test_every_table_read_is_written_by_some_step() -> None:
    written = {name for step in flow.STEPS for name in step.writes} | {"erasure_ledger"}
    read = {name for step in flow.STEPS for name in step.reads if name != "raw"}
    assert read <= written


def test_a_job_that_reads_or_writes_past_its_list_fails() -> None:
    with pytest.raises(FlowError, match="`score_users` reads `arms`"):
        flow.SCORE.check_read(derived.ARMS)
    with pytest.raises(FlowError, match="`score_users` writes `features`"):
        flow.SCORE.check_write(derived.FEATURES)


def test_no_step_but_the_ingest_reads_raw_rows_and_none_reads_truth() -> None:
    assert [step.job for step in flow.STEPS if "raw" in step.reads] == ["ingest_sources"]
    assert not [step.job for step in flow.STEPS if "truth" in (*step.reads, *step.writes)]
    files = {step.job: (PIPELINES / f"{step.job}.py").read_text("utf-8") for step in flow.STEPS}
    way_round = re.compile(r"\bsandbox\b|\bStore\b|\.store\b")  # a run reads what its step lists, a store anything
    assert not [job for job, text in files.items() if way_round.search(text)]
    assert not [step.job for step in flow.BY_JOB.values() if "truth" in step.reads]
    ours = [step for step in vars(steps).values() if isinstance(step, flow.Step)]
    knowing = [step for step in ours if "truth" in step.reads]
    assert {step.job for step in knowing} == {"report_loop", "simulate_policies"}
    assert {name for step in knowing for name in step.writes} <= {"truth"}  # what they know reaches no step
