"""Which days are simulated when."""

from datetime import date

import pytest

from reactivation.periods import Month, Window
from reactivation_lab.bank import due

pytestmark = pytest.mark.numbers

MAY = Month.parse("2026-05")
WAVES = [date(2026, 5, 5), date(2026, 5, 12)]
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
TO_W1 = Window(date(2026, 5, 1), date(2026, 5, 5))
TO_W2 = Window(date(2026, 5, 5), date(2026, 5, 12))
TO_THE_END = Window(date(2026, 5, 12), date(2026, 6, 1))


def days(as_of: date, done: list[Window], cycle: Month = MAY, months: int = 1) -> list[Window]:
    waves = WAVES if cycle == MAY else []
    return due(cycle, boundaries=waves, history_months=months, as_of=as_of, done=done)


def test_before_the_month_only_history_is_simulated_month_by_month() -> None:
    march = Window(date(2026, 3, 1), date(2026, 4, 1))
    assert days(date(2026, 5, 1), [], months=2) == [march, APRIL]


def test_within_the_month_the_bank_lives_from_wave_to_wave_and_only_to_the_day_asked_for() -> None:
    assert days(date(2026, 5, 5), [APRIL]) == [TO_W1]
    assert days(date(2026, 5, 11), [APRIL, TO_W1]) == []  # the stretch to the second wave ends a day later
    assert days(date(2026, 6, 1), [APRIL, TO_W1]) == [TO_W2, TO_THE_END]


def test_the_next_cycle_lives_what_the_last_one_left_of_its_month() -> None:
    june = Month.parse("2026-06")
    assert days(date(2026, 6, 1), [APRIL, TO_W1, TO_W2], june, months=2) == [TO_THE_END]


def test_nothing_is_added_before_the_bank_was_opened() -> None:
    assert days(date(2026, 5, 1), [APRIL], months=8) == []


def test_the_bank_lives_past_the_months_end_up_to_the_day_on_which_the_month_settles() -> None:
    """Else an ingest up to that day would count as having taken rows that do not exist yet."""
    fifth, june = date(2026, 6, 5), Window(date(2026, 6, 1), date(2026, 6, 5))
    may = [APRIL, TO_W1, TO_W2]
    alone = due(MAY, boundaries=[*WAVES, fifth], history_months=1, as_of=fifth, done=may)
    assert alone == [TO_THE_END, june]
    in_a_row = due(MAY + 1, boundaries=[fifth], history_months=1, as_of=date(2026, 6, 1), done=may)
    assert in_a_row == [TO_THE_END]
    assert due(MAY, boundaries=[*WAVES, fifth], history_months=1, as_of=fifth, done=[*may, TO_THE_END]) == [june]
