"""Settings of `campaign.release`: who releases a wave, how long a channel sends, how long a benefit is valid."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from reactivation.frozen_model import FrozenModel
from reactivation.open_days import Channel

Days = Annotated[int, Field(ge=1)]


class CallCentre(FrozenModel):
    """What the call centre can do. attempts_max: dials per user before a call counts as not reached."""

    seats: int = Field(ge=0)
    hours_per_day: Decimal = Field(ge=0)
    dials_per_hour: Decimal = Field(ge=0)
    attempts_max: int = Field(ge=1)

    @property
    def users_per_day(self) -> int:
        """Users who can be called in a day, each as often as it may take.

        >>> CallCentre(seats=10, hours_per_day=8, dials_per_hour=12, attempts_max=3).users_per_day
        320
        """
        return int(self.seats * self.hours_per_day * self.dials_per_hour / self.attempts_max)


class BudgetSettings(FrozenModel):
    """A cycle's money, in the region's currency.

    approved_cny: expected cost of all that is released in the cycle; null: nobody approved any, so nothing is released.
    frozen_on: from that day on nothing is released; null: it is not frozen.
    """

    approved_cny: Decimal | None = Field(ge=0)
    frozen_on: date | None


class ReleaseSettings(FrozenModel):
    """How a planned wave becomes contacts.

    automatic: `run_cycle` releases what it has planned; else somebody runs `release_wave`. four_eyes: the account that
    releases is not the one that planned; always so in env `prod`. send_days: per channel, open days on which a
    released file is sent, the first among them. benefit_days: per code, days in which a benefit is valid, from the
    first day of sending, that day among them. stock_per_month: per code, how many may be granted in a cycle, those that
    expired unredeemed free again; null: without end. call_centre: what it can do in those days.
    """

    automatic: bool
    four_eyes: bool
    send_days: dict[Channel, Days]
    benefit_days: dict[str, Days]
    stock_per_month: dict[str, int | None]
    call_centre: CallCentre
    budget: BudgetSettings

    @property
    def most_contacts(self) -> dict[str, int]:
        """Contacts that a channel can make in a wave's days of sending; channels without such a limit are not named."""
        return {"call": self.call_centre.users_per_day * self.send_days["call"]} if "call" in self.send_days else {}
