"""What is due when, in one cycle."""

import itertools
from datetime import date

import pytest

from reactivation import schedule
from reactivation.contracts import flow
from reactivation.periods import Calendar, Month
from reactivation.pipelines.run_cycle import is_done
from reactivation_lab.hook import HOOK
from reactivation_lab.schedule import of_history

pytestmark = pytest.mark.numbers


def test_a_cycle_runs_from_its_observation_date_over_its_waves_to_its_settle_date() -> None:
    jobs = schedule.of_cycle(
        Month.parse("2026-06"),
        calendar=Calendar(zone="Asia/Shanghai", settle_days=5),
        waves={"W2": date(2026, 6, 12), "W1": date(2026, 6, 5)},  # in whatever order conf has them
    )
    assert [(due.job, str(due.as_of), due.wave) for due in jobs] == [
        ("ingest_sources", "2026-06-01", None),
        ("build_features", "2026-06-01", None),
        ("train_models", "2026-06-01", None),
        ("score_users", "2026-06-01", None),
        ("assign_tiers", "2026-06-01", None),
        ("ingest_sources", "2026-06-05", None),
        ("plan_wave", "2026-06-05", "W1"),
        ("release_wave", "2026-06-05", "W1"),
        ("ingest_sources", "2026-06-12", None),
        ("plan_wave", "2026-06-12", "W2"),
        ("release_wave", "2026-06-12", "W2"),
        ("ingest_sources", "2026-07-06", None),
        ("evaluate_scores", "2026-07-06", None),
        ("read_out", "2026-07-06", None),
    ]


def test_in_a_sandbox_the_bank_lives_up_to_each_day_before_it_is_ingested() -> None:
    jobs = schedule.of_cycle(
        Month.parse("2026-06"),
        calendar=Calendar(zone="UTC", settle_days=5),
        waves={"W1": date(2026, 6, 5)},
        before_each_day=["simulate_bank"],
    )
    for before, due in itertools.pairwise(jobs):
        if due.job == "ingest_sources":
            assert (before.job, before.as_of) == ("simulate_bank", due.as_of)


def test_a_registered_look_follows_an_ingest_and_sees_nothing_of_a_wave_of_its_day() -> None:
    jobs = schedule.of_cycle(
        Month.parse("2026-06"),
        calendar=Calendar(zone="UTC", settle_days=5),
        waves={"W1": date(2026, 6, 5), "W2": date(2026, 6, 12)},
        looks=[date(2026, 6, 9), date(2026, 6, 12)],
        before_each_day=["simulate_bank"],
    )
    between = [(due.job, due.as_of.day, due.wave) for due in jobs if due.as_of.day > 5 and due.as_of.month == 6]
    assert between == [
        ("simulate_bank", 9, None),
        ("ingest_sources", 9, None),
        ("read_out", 9, None),
        ("simulate_bank", 12, None),
        ("ingest_sources", 12, None),
        ("read_out", 12, None),
        ("plan_wave", 12, "W2"),
        ("release_wave", 12, "W2"),
    ]
    assert [due.as_of for due in jobs if due.job == "read_out"][-1] == date(2026, 7, 6)


def test_where_there_are_no_waves_nobody_is_drawn() -> None:
    jobs = schedule.of_cycle(
        Month.parse("1994-03"),
        calendar=Calendar(zone="Europe/Prague", settle_days=0),
        waves={},
        looks=[date(1994, 3, 15)],
    )
    assert not {"assign_tiers", "plan_wave"} & {due.job for due in jobs}
    assert {str(due.as_of) for due in jobs} == {"1994-03-01", "1994-04-01"}


def test_every_job_of_a_cycle_is_a_step_of_the_flow() -> None:
    jobs = schedule.of_cycle(
        Month.parse("2026-06"),
        calendar=Calendar(zone="UTC", settle_days=5),
        waves={"W1": date(2026, 6, 5)},
        before_each_day=["simulate_bank"],
    )
    assert {due.job for due in jobs} <= {*flow.BY_JOB, HOOK.step.job}


def test_a_history_is_lived_and_ingested_month_by_month_and_ends_where_the_cycle_begins(utc: Calendar) -> None:
    cycle = Month.parse("2026-05")
    history = of_history(cycle, months=2)
    assert [(due.job, due.as_of) for due in history] == [
        ("simulate_bank", date(2026, 4, 1)),
        ("ingest_sources", date(2026, 4, 1)),
        ("simulate_bank", date(2026, 5, 1)),
        ("ingest_sources", date(2026, 5, 1)),
    ]
    assert (
        history[2:] == schedule.of_cycle(cycle, calendar=utc, waves={}, before_each_day=["simulate_bank"])[:2]
    )  # run once, then


def test_a_wave_that_somebody_planned_by_hand_was_sent_and_an_ingest_holds_for_earlier_days() -> None:
    wave = schedule.Due("plan_wave", date(2026, 6, 5), "W1")
    assert is_done(wave, {("plan_wave", "W1", None)})
    assert not is_done(wave, {("plan_wave", "W2", date(2026, 6, 5)), ("ingest_sources", None, date(2026, 6, 5))})
    ingest = schedule.Due("ingest_sources", date(2026, 6, 5))
    assert is_done(ingest, {("ingest_sources", None, date(2026, 6, 12))})
    assert not is_done(ingest, {("ingest_sources", None, None), ("ingest_sources", None, date(2026, 6, 4))})
    scores = schedule.Due("score_users", date(2026, 6, 1))
    assert is_done(scores, {("score_users", None, date(2026, 6, 1))})
    assert not is_done(scores, {("score_users", None, date(2026, 6, 2))})
