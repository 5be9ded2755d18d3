"""What is due when, in one cycle."""

import itertools
from argparse import Namespace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from reactivation import schedule
from reactivation.campaign import Ledger
from reactivation.contracts import flow
from reactivation.errors import PlanError, SettingsError
from reactivation.experiment import registration_changes
from reactivation.periods import Calendar, Month
from reactivation.pipelines import releases, run_cycle
from reactivation.pipelines.run_cycle import is_done
from reactivation_lab.hook import HOOK, settled_late
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


def test_the_jobs_of_several_cycles_run_in_the_order_of_their_days() -> None:
    calendar = Calendar(zone="UTC", settle_days=4)
    may, june = Month.parse("2026-05"), Month.parse("2026-06")
    waves = {may: {"W1": date(2026, 5, 5)}, june: {"W1": date(2026, 6, 5), "W2": date(2026, 6, 12)}}
    jobs = schedule.in_order(
        (cycle, schedule.of_cycle(cycle, calendar=calendar, waves=waves[cycle], before_each_day=["simulate_bank"]))
        for cycle in (may, june)
    )
    days = [due.as_of for _, due in jobs]
    assert days == sorted(days)
    of_june = [(str(cycle), due.job, due.as_of.day, due.wave) for cycle, due in jobs if due.as_of >= june.first]
    assert of_june[:13] == [
        ("2026-06", "simulate_bank", 1, None),
        ("2026-06", "ingest_sources", 1, None),
        ("2026-06", "build_features", 1, None),
        ("2026-06", "train_models", 1, None),
        ("2026-06", "score_users", 1, None),
        ("2026-06", "assign_tiers", 1, None),
        ("2026-05", "simulate_bank", 5, None),  # May settles: the rows come once for both cycles
        ("2026-05", "ingest_sources", 5, None),
        ("2026-05", "evaluate_scores", 5, None),
        ("2026-05", "read_out", 5, None),
        ("2026-06", "plan_wave", 5, "W1"),
        ("2026-06", "release_wave", 5, "W1"),
        ("2026-06", "simulate_bank", 12, None),
    ]


def test_a_wave_is_missed_once_its_day_is_over() -> None:
    wave = schedule.Due("plan_wave", date(2026, 6, 5), "W1")
    assert not schedule.missed(wave, date(2026, 6, 5))  # its own day is not too late
    assert schedule.missed(wave, date(2026, 6, 6))
    assert not schedule.missed(schedule.Due("read_out", date(2026, 6, 5)), date(2026, 6, 6))


def test_a_history_that_ends_where_the_first_cycle_begins_runs_before_it_and_no_job_twice(utc: Calendar) -> None:
    cycle = Month.parse("2026-05")
    own = schedule.of_cycle(cycle, calendar=utc, waves={}, before_each_day=["simulate_bank"])
    jobs = schedule.in_order([(cycle, of_history(cycle, months=2)), (cycle, own)])
    assert [due for _, due in jobs] == [*of_history(cycle, months=2), *own[2:]]


def test_a_bank_that_would_live_past_the_next_months_first_wave_before_it_is_planned_is_refused() -> None:
    waves = {Month.parse("2026-06"): date(2026, 6, 5), Month.parse("2026-07"): date(2026, 7, 6)}
    assert settled_late(waves, calendar=Calendar(zone="UTC", settle_days=4)) == []
    found = settled_late(waves, calendar=Calendar(zone="UTC", settle_days=5))
    assert [(f.what, f.advice) for f in found] == [
        ("calendar.settle_days 5", "2026-05 settles on 2026-06-06; the first wave of 2026-06 is on 2026-06-05")
    ]


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


def test_a_wave_that_was_left_out_is_told_by_the_read_out(utc: Calendar) -> None:
    now = {"cycle": "2026-06", "waves": [{"wave": "W1", "as_of": "2026-06-05"}, {"wave": "W2", "as_of": "2026-06-12"}]}
    says = registration_changes.told(
        now, registration_changes.changes(now, now=now, waves={"W2": "2026-06-12"}, skipped={"W1": "the feed was dead"})
    )
    assert says[1:] == ["wave W1: registered for 2026-06-05, left out: the feed was dead"]


def test_contacts_that_were_stopped_are_told_by_the_read_out_and_by_a_look_once_they_were(utc: Calendar) -> None:
    now = {"cycle": "2026-06", "waves": [{"wave": "W1", "as_of": "2026-06-05"}]}
    days = {"as_of": date(2026, 6, 7), "send_on": date(2026, 6, 6)}
    stops = [{"wave": "W1", "contacts": n, "reason": "wrong words", **days} for n in (40, 0)]
    about: dict[str, Any] = {"now": now, "waves": {"W1": "2026-06-05"}, "stops": stops}
    assert registration_changes.told(now, registration_changes.changes(now, **about))[1:] == [
        "wave W1: released for 2026-06-06, contacts stopped: 40, 2026-06-07: wrong words"
    ]
    assert len(registration_changes.told(now, registration_changes.changes(now, **about, until=date(2026, 6, 7)))) == 1


def asked(**arguments: Any) -> Any:
    """As much of a run as says which waves are left out."""
    waves = {"W1": None, "W2": None}
    settings = SimpleNamespace(campaign=SimpleNamespace(waves=waves))
    args = Namespace(**{"skip": [], "reason": None, "through": None, **arguments})
    return SimpleNamespace(args=args, settings=settings, cycle=Month.parse("2026-06"))


def test_waves_are_left_out_by_name_for_a_reason_and_of_one_cycle() -> None:
    assert run_cycle.waves_to_leave_out(asked()) == ()
    assert run_cycle.waves_to_leave_out(asked(skip=["W1"], reason="the feed was dead")) == ("W1",)
    with pytest.raises(SettingsError) as refused:
        run_cycle.waves_to_leave_out(asked(skip=["W1", "W7"], through="2026-07"))
    assert [(f.kind, f.what) for f in refused.value.findings] == [
        ("unknown", "--skip W7"),
        ("missing", "--reason"),
        ("of which cycle?", "--skip"),
    ]


def test_a_wave_is_left_out_for_a_reason_and_not_once_it_is_released() -> None:
    released = {"cycle": "2026-06", "wave": "W1", "status": "released", "plan_version": 1}
    skipped = {"cycle": "2026-06", "wave": "W2", "status": "skipped", "plan_version": None}
    ledger = Ledger.of([released, skipped])
    assert ledger.skipped(cycle="2026-06") == {"W2"}
    assert ledger.skipped(cycle="2026-07") == set()
    with pytest.raises(PlanError) as refused:
        releases.skip(asked(), ledger, wave="W1", reason=None)
    assert [(f.kind, f.what) for f in refused.value.findings] == [("missing", "--reason"), ("released", "version 1")]


def test_a_wave_that_was_left_out_is_neither_planned_nor_released() -> None:
    for job in ("plan_wave", "release_wave"):
        due = schedule.Due(job, date(2026, 6, 5), "W1")
        assert run_cycle.kept(asked(), due, {"W1"}) == "left out of this cycle"
