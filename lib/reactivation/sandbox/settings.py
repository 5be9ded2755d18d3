"""Settings of `sandbox`: the simulated bank's size, habits, seasons, dirt and what a contact does there."""

from datetime import date
from typing import Self

from pydantic import model_validator

from reactivation.parts import Part


class Habit(Part):
    """How often users log in: two kinds of people, a drift from month to month.

    Rates are natural logarithms of expected login days per day. asleep_*: the share of those who hardly ever come, and
    their rates; awake_*: the others. spread: standard deviation over users. drift_spread: standard deviation of a
    user's slow drift, which four months share, so that the past predicts, but not perfectly.
    """

    asleep_share: float
    asleep_log_rate: float
    asleep_spread: float
    awake_log_rate: float
    awake_spread: float
    drift_spread: float


class Season(Part):
    """Factors on the rates of logins and card payments.

    weekday: Monday to Sunday. month: January to December. pay_days: days of the month, each user has one of them;
    pay_day_factor holds on that day and the two after it.
    """

    weekday: tuple[float, ...]
    month: tuple[float, ...]
    pay_days: tuple[int, ...]
    pay_day_factor: float

    @model_validator(mode="after")
    def _are_a_week_and_a_year(self) -> Self:
        if (len(self.weekday), len(self.month)) != (7, 12):
            raise ValueError(f"season has {len(self.weekday)} weekdays and {len(self.month)} months, must be 7 and 12")
        return self


class Arrival(Part):
    """When rows reach the warehouse, and what is wrong with some of them.

    usual_lag_hours: longest usual lag; most rows need far less, so few cross a month's end by it. late_share: events
    held back until after their month's end. far_late_share: of those, the ones that miss the settling too.
    duplicate_share: events delivered twice; next_cycle_share: of those, the ones delivered again a month later.
    bad_share: rows per event that break the contract, each beside the good one.
    """

    usual_lag_hours: float
    late_share: float
    far_late_share: float
    duplicate_share: float
    next_cycle_share: float
    bad_share: float


class Reach(Part):
    """Probabilities of what becomes of a contact; the last four apply to delivered ones."""

    sms_fails: float
    push_fails: float
    call_answered: float
    clicked: float
    responded: float
    opted_out: float
    complained: float


class Effects(Part):
    """What a delivered contact does to a user's next days.

    channels: login rate added on the first day after the contact, per unit of responsiveness. benefits: factor on it
    by the benefit offered (`none` is none at all); other_benefit: factor of benefits that are not named.
    decay_days: days until the added rate has fallen to 1/e; horizon_days: days after which nothing is left.
    mobile_transaction: added rate of a mobile transaction on a login day, per added login rate.
    asset_growth: relative rise of the deposit per unit of added login rate on the first day; asset_days: days it lasts.
    claim_share: probability that a login under an offer claims the benefit.
    """

    channels: dict[str, float]
    benefits: dict[str, float]
    other_benefit: float
    decay_days: float
    horizon_days: int
    mobile_transaction: float
    asset_growth: float
    asset_days: int
    claim_share: float

    @property
    def longest_days(self) -> int:
        """Days after which a contact does nothing any more."""
        return max(self.horizon_days, self.asset_days)


class SandboxSettings(Part):
    """The simulated bank.

    seed: another seed is another bank. users: users signed up by `counted_on`; later sign-ups are a share of them per
    month. history_months: whole months simulated before the first cycle. closures begin a year before `counted_on`.
    change_share: users whose master data change once within two years around `counted_on`.
    refusals: share of users who refuse a channel, or profiling.
    """

    seed: int
    users: int
    history_months: int
    counted_on: date
    oldest_sign_up_on: date
    monthly_sign_up_share: float
    monthly_closure_share: float
    change_share: float
    refusals: dict[str, float]
    habit: Habit
    season: Season
    arrival: Arrival
    reach: Reach
    effects: Effects
