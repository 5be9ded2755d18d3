"""Registered looks at a running month: on which days, at which level, and what they cannot know."""

from datetime import date
from typing import Any

import pytest

from experiment.asked import specs_for
from experiment.test_month_rows import BANK, DESIGN, JUNE, ROWS, SETTINGS, SPECS, one
from experiment.test_registration import draft, settings
from reactivation import experiment
from reactivation.contracts import derived, flow
from reactivation.errors import NotReady, PlanError
from reactivation.experiment import registration_changes, registration_check
from reactivation.experiment.groups import total
from reactivation.periods import Calendar, Window
from reactivation.statistics.means import Moments, difference

pytestmark = pytest.mark.numbers

SETTLES = date(2026, 7, 6)
DAYS = (15, 22)


def due(utc: Calendar, day: int, days: tuple[int, ...] = DAYS) -> experiment.Look:
    plan = draft(utc, settings(interim_look_days=days))
    return experiment.due_look(plan, cycle=JUNE, day=date(2026, 6, day), settles_on=SETTLES)


def test_a_look_is_due_on_its_registered_day_and_sees_from_the_first_wave_to_it(utc: Calendar) -> None:
    found = due(utc, 22)
    assert (found.number, found.looks) == (2, 3)
    assert found.window == Window(date(2026, 6, 8), date(2026, 6, 22))
    assert found.title == "Look 2 of 3, on 2026-06-22; the month's answer follows on 2026-07-06"


@pytest.mark.parametrize(
    ("day", "days", "known"),
    [
        (16, DAYS, "2026-06-15, 2026-06-22"),
        (15, (), "none; experiment.interim_look_days names them before a launch"),
    ],
)
def test_on_another_day_nobody_looks_and_the_days_are_named(
    utc: Calendar, day: int, days: tuple[int, ...], known: str
) -> None:
    with pytest.raises(NotReady, match=f"2026-06 cannot be read out on 2026-06-{day}") as error:
        due(utc, day, days)
    text = str(error.value)
    assert f"looks registered for the running month: {known}" in text
    assert "settles on 2026-07-06: run with --as-of 2026-07-06 or later" in text


def test_without_a_plan_there_is_no_look() -> None:
    with pytest.raises(NotReady, match="settles on 2026-07-06"):
        experiment.due_look(None, cycle=JUNE, day=date(2026, 6, 15), settles_on=SETTLES)


def test_a_look_before_anybody_was_touched_is_not_registered(utc: Calendar) -> None:
    now = draft(utc, settings(interim_look_days=[3, 8, 15]))  # the first wave is on 8 June
    with pytest.raises(PlanError, match="before anybody was touched") as error:
        registration_check.renewed(now, registered=None, is_running=False, is_forced=False)
    assert [finding.what for finding in error.value.findings] == [
        "experiment.interim_look_days, 2026-06-03",
        "experiment.interim_look_days, 2026-06-08",
    ]


def look(utc: Calendar, specs: experiment.MetricSpecs = SPECS) -> experiment.Answers:
    asked = SETTINGS.model_copy(update={"interim_look_days": DAYS})
    return experiment.look_answers(
        BANK,
        look=due(utc, 15),
        cycle=JUNE,
        design=DESIGN,
        settings=asked,
        specs=specs,
        known_on=date(2026, 8, 6),
    )


def test_each_look_has_its_part_of_alpha(utc: Calendar) -> None:
    """The same users once as the only look and once as one of three: 2.39 standard errors to either side, not 1.96."""
    row, alone = (
        one(look(utc).readout, "touch_model", "active_days", "all"),
        one(ROWS, "touch_model", "active_days", "all"),
    )
    assert row["difference"] == alone["difference"]
    widths = [r["difference_high"] - r["difference_low"] for r in (row, alone)]
    assert widths[0] / widths[1] == pytest.approx(2.3940 / 1.9600, rel=1e-3)  # z at 1 - 0.05 / 6, and at 1 - 0.05 / 2
    assert "alpha 0.01667 at each of 3 looks" in row["method"]
    members = [g for g in BANK if g.policy == "model" and g.is_selected]
    arms = [total(g for g in members if g.touch == touch) for touch in ("touched", "holdout")]
    sides = [Moments(*(arm.of(part, "active_days") for part in ("known", "total", "squares"))) for arm in arms]
    assert row["difference_low"] == pytest.approx(difference(*sides, alpha=0.05 / 3).low)


def test_a_look_says_what_it_cannot_know(utc: Calendar) -> None:
    with_assets = SETTINGS.model_copy(
        update={
            "metrics": {
                **SETTINGS.metrics,
                "asset_uplift": experiment.Metric(outcome="has_asset_uplift", minimum_effect=0.02),
            }
        }
    )
    rows = experiment.look_answers(
        BANK,
        look=due(utc, 15),
        cycle=JUNE,
        design=DESIGN,
        settings=with_assets,
        specs=specs_for(with_assets, weeks=SPECS.weeks),
        known_on=date(2026, 8, 6),
    ).readout
    found = one(rows, "touch_model", "asset_uplift", "all")
    assert found["verdict"] == "not estimable"
    assert found["reason"] == "a look does not know the balances of the month's end: the read-out of 2026-07-06 tells"
    assert one(rows, "touch_model", "retained", "all")["reason"].startswith("month + 1 settles on 2026-08-06")


def test_its_rows_are_those_of_the_read_out_under_their_day(utc: Calendar) -> None:
    rows: list[dict[str, Any]] = experiment.look_rows(look(utc).readout, due(utc, 15))
    assert {row["look_on"] for row in rows} == {date(2026, 6, 15)}
    assert all(set(row) == set(derived.READOUT_LOOKS.column_names) for row in rows)
    assert set(derived.READOUT_LOOKS.column_names) - {"look_on"} == set(derived.READOUT.column_names)
    assert look(utc).targeting == []


def test_no_other_job_reads_what_a_look_saw() -> None:
    assert [step.job for step in flow.STEPS if "readout_looks" in (*step.reads, *step.writes)] == ["read_out"]


def test_a_look_holds_only_the_waves_before_it_against_the_plan(utc: Calendar) -> None:
    plan = draft(utc)  # W1 on 8 June, W2 on 15 June
    says = registration_changes.told(
        plan, registration_changes.changes(plan, now=plan, waves={"W1": "2026-06-08"}, until=date(2026, 6, 15))
    )
    assert says[0].endswith("what was analysed is what was registered.")
    again = registration_changes.told(
        plan,
        registration_changes.changes(
            plan, now=plan, waves={"W1": "2026-06-08", "W2": "2026-06-17"}, until=date(2026, 6, 15)
        ),
    )
    assert again == says  # the look taken again when the month is over
    late = registration_changes.told(
        plan, registration_changes.changes(plan, now=plan, waves={"W1": "2026-06-08"}, until=date(2026, 6, 16))
    )
    assert late[1:] == ["wave W2: registered for 2026-06-15, nobody was planned in it"]
