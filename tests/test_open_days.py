"""On which days and in which hours users may be sent something."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import wave_days
from reactivation.errors import PlanError
from reactivation.open_days import OpenDays
from reactivation.periods import Calendar, Month
from reactivation.settings import load

pytestmark = pytest.mark.numbers

CONF = Path(__file__).parents[1] / "conf"


def sandbox(*overrides: str) -> tuple[CampaignSettings, Calendar]:
    found = load(CONF, env="local", region="sandbox", scenario="mobile_activity", overrides=overrides).settings
    return found.campaign, found.calendar


@pytest.mark.parametrize(
    ("cycle", "days"),
    [
        ("2026-05", ["05-06", "05-12", "05-19", "05-26"]),  # the 5th is the last of the May Day holidays
        ("2026-06", ["06-05", "06-12", "06-22", "06-26"]),  # Dragon Boat Festival: 19 to 21 June
        ("2026-09", ["09-07", "09-14", "09-20", "09-28"]),  # four Saturdays; Sunday the 20th is a make-up workday
        ("2026-10", ["10-08", "10-12", "10-19", "10-26"]),  # National Day: 1 to 7 October
    ],
)
def test_a_wave_on_a_closed_day_moves_to_the_next_open_one(cycle: str, days: list[str]) -> None:
    campaign, calendar = sandbox()
    month = Month.parse(cycle)
    wave_days.require_open(campaign, cycle=month, calendar=calendar)
    assert [str(day) for day in campaign.days_of(month, calendar).values()] == [f"2026-{day}" for day in days]


def test_the_registered_plan_says_which_waves_were_moved_and_why() -> None:
    campaign, calendar = sandbox()
    october = wave_days.as_plain(campaign, Month.parse("2026-10"), calendar)
    assert october[0]["as_of"] == "2026-10-08"
    assert october[0]["moved"] == "2026-10-05 is a public holiday: sent on the next open day, 2026-10-08"
    assert [wave["wave"] for wave in october if "moved" in wave] == ["W1"]


def test_where_no_wave_may_be_moved_all_on_closed_days_are_refused() -> None:
    campaign, calendar = sandbox("calendar.wave_on_closed_day=refuse")
    with pytest.raises(PlanError) as refused:
        wave_days.require_open(campaign, cycle=Month.parse("2026-09"), calendar=calendar)
    assert [(f.what, f.advice.split(":")[0]) for f in refused.value.findings] == [
        ("W1 on 2026-09-05", "a Saturday"),
        ("W2 on 2026-09-12", "a Saturday"),
        ("W3 on 2026-09-19", "a Saturday"),
        ("W4 on 2026-09-26", "a public holiday"),
    ]


@pytest.mark.parametrize(
    ("override", "cycle", "finding"),
    [
        ("campaign.waves.W2.day=6", "2026-06", ("out of order", "W2, W3")),  # W3 named below: both move to the 8th
        ("calendar.holidays_known_until=2026-10-10", "2026-11", ("not known", "W1 on 2026-11-05")),
        ("campaign.waves.W4.day=28", "2026-02", ("moved out", "W4")),
    ],
)
def test_a_wave_that_the_calendar_cannot_place_is_refused(override: str, cycle: str, finding: tuple[str, str]) -> None:
    more = ["campaign.waves.W3.day=7"] if "W2" in override else []
    closed = ["calendar.workdays=[]"] if "W4" in override else []
    campaign, calendar = sandbox(override, *more, *closed)
    with pytest.raises(PlanError) as refused:
        wave_days.require_open(campaign, cycle=Month.parse(cycle), calendar=calendar)
    assert finding in [(f.kind, f.what) for f in refused.value.findings]


def test_a_day_named_by_hand_must_be_open_as_well() -> None:
    campaign, calendar = sandbox()
    with pytest.raises(PlanError, match="is a Saturday; the next open day is 2026-06-08"):
        wave_days.day_of(campaign, cycle=Month.parse("2026-06"), calendar=calendar, wave="W1", as_of=date(2026, 6, 6))


def test_a_wave_that_is_planned_late_still_goes_out_in_its_cycle() -> None:
    campaign, calendar = sandbox("campaign.lead_days=3")
    of_june: dict[str, Any] = {"cycle": Month.parse("2026-06"), "calendar": calendar, "wave": "W4"}
    assert wave_days.day_of(campaign, **of_june, as_of=date(2026, 6, 27)) == date(2026, 6, 27)  # sent on the 30th
    with pytest.raises(PlanError, match="W4 of cycle 2026-06 cannot be sent on 2026-07-01"):
        wave_days.day_of(campaign, **of_june, as_of=date(2026, 6, 28))


def test_a_missed_wave_is_refused_with_the_two_choices() -> None:
    _, calendar = sandbox()
    june = Month.parse("2026-06")
    late = {"W1": date(2026, 6, 5), "W2": date(2026, 6, 12)}
    error = wave_days.missed(late, cycle=june, calendar=calendar, today=date(2026, 6, 13))
    assert [(f.kind, f.what) for f in error.findings] == [
        ("missed", "W1 on 2026-06-05"),
        ("missed", "W2 on 2026-06-12"),
        ("leave it out", "W1"),
        ("or plan it late", "W1"),
        ("leave it out", "W2"),
        ("or plan it late", "W2"),
    ]
    assert "--wave W1 --skip" in str(error)
    assert "--wave W1 --as-of 2026-06-15 --force" in str(error)  # the 13th is a Saturday
    over = wave_days.missed({"W4": date(2026, 6, 26)}, cycle=june, calendar=calendar, today=date(2026, 7, 2))
    assert [f.kind for f in over.findings] == ["missed", "leave it out"]  # the month is over


def test_a_channel_sends_in_its_hours_on_the_regions_clock() -> None:
    _, calendar = sandbox()
    window = calendar.send_window("sms", date(2026, 6, 5))
    assert [at.isoformat() for at in window] == ["2026-06-05T09:00:00+08:00", "2026-06-05T20:00:00+08:00"]
    all_day = Calendar(zone="UTC", settle_days=4).send_window("sms", date(2026, 6, 5))
    assert [at.isoformat() for at in all_day] == ["2026-06-05T00:00:00+00:00", "2026-06-06T00:00:00+00:00"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"holidays": [{"first": "2026-10-07", "last": "2026-10-01"}]}, "must end within"),
        ({"workdays": ["2026-10-10"]}, "holidays_known_until is null"),
        ({"workdays": ["2026-10-10"], "holidays_known_until": "2026-10-01"}, "lies after holidays_known_until"),
        ({"send_hours": {"sms": {"from": "20:00", "until": "09:00"}}}, "must be later than 20:00"),
        ({"send_hours": {"fax": {"from": "09:00", "until": "20:00"}}}, "fax"),
        ({"closed_weekdays": ["someday"]}, "someday"),
    ],
)
def test_days_and_hours_that_make_no_sense_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        OpenDays.model_validate(wrong)
