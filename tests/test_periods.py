"""Months, windows and settling, by hand."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from reactivation.errors import SettingsError
from reactivation.periods import Calendar, Month, Window

pytestmark = pytest.mark.numbers


@pytest.mark.parametrize(
    ("start", "months", "end"), [("2026-01", -1, "2025-12"), ("2026-11", 2, "2027-01"), ("2026-06", 0, "2026-06")]
)
def test_months_are_counted_across_years(start: str, months: int, end: str) -> None:
    assert str(Month.parse(start) + months) == end
    assert Month.parse(end).months_since(Month.parse(start)) == months


@pytest.mark.parametrize("text", ["2026-13", "2026-6", "06-2026", "2026-06-01", ""])
def test_anything_but_a_month_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="YYYY-MM"):
        Month.parse(text)


@pytest.mark.parametrize(
    ("settle_days", "day", "newest"),
    [
        (5, date(2026, 6, 1), "2026-04"),  # May settles on 6 June: April is the newest on 1 June
        (5, date(2026, 6, 6), "2026-05"),  # the settle date itself is late enough
        (5, date(2026, 6, 5), "2026-04"),
        (0, date(2026, 6, 1), "2026-05"),  # nothing to wait for
        (35, date(2026, 6, 1), "2026-03"),
    ],
)
def test_a_month_is_used_from_its_settle_date_on(settle_days: int, day: date, newest: str) -> None:
    assert str(Calendar(zone="UTC", settle_days=settle_days).newest_settled(day)) == newest


def test_a_day_begins_when_it_begins_in_the_region() -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    assert shanghai.instant(date(2026, 6, 1)).astimezone(UTC) == datetime(2026, 5, 31, 16, tzinfo=UTC)


def test_an_unknown_zone_and_an_endless_settling_are_refused() -> None:
    with pytest.raises(ValidationError, match="no time zone"):
        Calendar(zone="Mars/Olympus", settle_days=5)
    with pytest.raises(ValidationError, match="between 0 and 62"):
        Calendar(zone="UTC", settle_days=90)


def test_a_window_is_half_open() -> None:
    assert Month.parse("2026-02").window.days == 28
    with pytest.raises(ValueError, match="must end after"):
        Window(date(2026, 6, 1), date(2026, 6, 1))
