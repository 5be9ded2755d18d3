"""Days on which users may be sent something: the region's week, public holidays, make-up workdays, and hours."""

from datetime import date, time, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from reactivation.frozen_model import FrozenModel

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Channel = Literal["sms", "push", "call"]

_WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_LONGEST_HOLIDAY = 31


class Holiday(FrozenModel):
    """A public holiday, both days included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if not 0 <= (self.last - self.first).days < _LONGEST_HOLIDAY:
            raise ValueError(f"ends on {self.last}, must end within {_LONGEST_HOLIDAY} days from {self.first} on")
        return self


class SendHours(FrozenModel):
    """Hours of a day, on the region's clock, in which a channel may send; `until` is the first minute it may not."""

    from_: time = Field(alias="from")
    until: time

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until <= self.from_:
            raise ValueError(f"until {self.until:%H:%M}, must be later than {self.from_:%H:%M} of the same day")
        return self


class OpenDays(FrozenModel):
    """Which days are open, and when on them.

    closed_weekdays: days of the week on which nobody is sent anything. holidays: public holidays, which are closed.
    workdays: make-up workdays, which are open whatever else they are. holidays_known_until: last day for which the
    country has said what is open; null where no day is ever closed. wave_on_closed_day: `next_open_day` moves a wave to
    the first open day after its own, before it is registered; `refuse` does not register it. send_hours: per channel;
    one that is not named may send at all hours.
    """

    closed_weekdays: tuple[Weekday, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    workdays: tuple[date, ...] = ()
    holidays_known_until: date | None = None
    wave_on_closed_day: Literal["next_open_day", "refuse"] = "next_open_day"
    send_hours: dict[Channel, SendHours] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _days_make_sense(self) -> Self:
        problems = []
        listed = [*(holiday.last for holiday in self.holidays), *self.workdays]
        if listed and self.holidays_known_until is None:
            problems.append("holidays_known_until is null: say up to which day holidays and workdays are complete")
        elif self.holidays_known_until is not None and max(listed, default=date.min) > self.holidays_known_until:
            problems.append(f"{max(listed)} lies after holidays_known_until, {self.holidays_known_until}")
        if set(self.closed_weekdays) == set(_WEEKDAYS):
            problems.append("closed_weekdays names all seven: no wave could ever be sent")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def closed(self, day: date) -> str | None:
        """Why nobody is sent anything on a day, in words; None on an open day.

        >>> OpenDays(closed_weekdays=["saturday", "sunday"]).closed(date(2026, 9, 5))
        'a Saturday'
        """
        if day in self.workdays:
            return None
        if any(holiday.first <= day <= holiday.last for holiday in self.holidays):
            return "a public holiday"
        weekday = _WEEKDAYS[day.weekday()]
        return f"a {weekday.capitalize()}" if weekday in self.closed_weekdays else None

    def is_known(self, day: date) -> bool:
        """True where it is known whether a day is open."""
        return self.holidays_known_until is None or day <= self.holidays_known_until

    def next_open(self, day: date) -> date:
        """The day itself where it is open, else the first open day after it."""
        while self.closed(day) is not None:
            day += _DAY
        return day

    def open_days(self, first: date, count: int) -> list[date]:
        """The first open days from a day on.

        >>> [str(day) for day in OpenDays(closed_weekdays=["saturday", "sunday"]).open_days(date(2026, 9, 4), 3)]
        ['2026-09-04', '2026-09-07', '2026-09-08']
        """
        days = [self.next_open(first)]
        while len(days) < count:
            days.append(self.next_open(days[-1] + _DAY))
        return days

    def wave_day(self, day: date) -> date:
        """The day on which a wave of conf's day is sent: by `wave_on_closed_day` another one, or the same."""
        return self.next_open(day) if self.wave_on_closed_day == "next_open_day" else day
