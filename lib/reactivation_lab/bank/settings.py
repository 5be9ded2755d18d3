"""Settings of `sandbox`: the simulated bank's size, its kinds of users, seasons, dirt and what a contact does there."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from reactivation.errors import Finding, SettingsError
from reactivation.frozen_model import FrozenModel
from reactivation.settings import validated
from reactivation_lab.bank.bands import Bands

Share = Annotated[float, Field(ge=0, le=1)]


KINDS = ("comes_anyway", "can_be_moved", "cannot_be_moved", "put_off")


class Kind(FrozenModel):
    """One of the four kinds of users.

    share: of all users. log_rate: natural logarithm of expected login days per day, spread: its standard deviation over
    users. response: factor on what a delivered contact adds to the rates; below 0 the contact keeps the user away.
    leaves: factor on the probabilities of opting out and of complaining.
    """

    share: Share
    log_rate: float
    spread: float
    response: float
    leaves: float


class Habits(FrozenModel):
    """How habits differ and drift, on the scale of log_rate.

    branch_spread: standard deviation over branches. drift_spread: of a user's slow drift, which four months share, so
    that the past predicts, but not perfectly. age_slope: per year of age below 40.
    """

    branch_spread: float
    drift_spread: float
    age_slope: float


class Holiday(FrozenModel):
    """Days, both included, on which all rates are multiplied by a factor."""

    first: date
    last: date
    factor: float


class Season(FrozenModel):
    """Factors on the rates of logins and card payments.

    weekday: Monday to Sunday. month: January to December. pay_days: days of the month, each user has one of them;
    pay_day_factor holds on that day and the two after it, month_end_factor on a month's last two days.
    """

    weekday: tuple[float, ...]
    month: tuple[float, ...]
    pay_days: tuple[int, ...]
    pay_day_factor: float
    month_end_factor: float
    holidays: tuple[Holiday, ...]

    @model_validator(mode="after")
    def _are_a_week_and_a_year(self) -> Self:
        if (len(self.weekday), len(self.month)) != (7, 12):
            raise ValueError(f"season has {len(self.weekday)} weekdays and {len(self.month)} months, must be 7 and 12")
        return self


class Flows(FrozenModel):
    """Money that comes in beside pay: at most one inflow a month, at a hazard of the user's own.

    log_rate, spread: natural logarithm of expected inflows per month, and its standard deviation over users.
    smallest_share: smallest inflow, as a share of the user's usual assets; log_size, size_spread: natural logarithm of
    what comes on top, and its standard deviation over inflows. kept_share: share of an inflow that is still there a
    month later. noise_share: largest other change of a balance within a month.
    """

    log_rate: float
    spread: float
    smallest_share: float
    log_size: float
    size_spread: float
    kept_share: Share
    noise_share: Share


class Arrival(FrozenModel):
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


class Reach(FrozenModel):
    """Probabilities of what becomes of a contact; the last four apply to delivered ones.

    opted_out, complained: of a user's first contact; every other one within the memory adds as much again.
    """

    sms_fails: Share
    push_fails: Share
    call_answered: Share
    clicked: Share
    responded: Share
    opted_out: Share
    complained: Share


class Effects(FrozenModel):
    """What a delivered contact does to a user's next days.

    channels: login rate added on the first day after the contact, per unit of response. benefits: factor on it by the
    benefit offered (`none` is none at all); other_benefit: factor of benefits that are not named. What lies above 1 is
    multiplied by the user's price sensitivity.
    spread, channel_spread, price_spread, fatigue_spread: standard deviations over users of the logarithms of the
    response, of the response by channel, of price sensitivity and of fatigue.
    fatigue: what each earlier delivered contact within memory_days takes off, so that the first touch is the strongest:
    the n-th works with (1 - fatigue)^(n-1).
    decay_days: days until the added rate has fallen to 1/e; horizon_days: days after which nothing is left.
    least_rate_share: share of the rate that is left at least to a user who is put off.
    mobile_transaction: added rate of a mobile transaction on a login day, per added login rate.
    asset_flow: inflows added to the month, per unit of login rate added on the first day.
    claim_share: probability that a login under an offer claims the benefit.
    """

    channels: dict[str, float]
    benefits: dict[str, float]
    other_benefit: float
    spread: float
    channel_spread: float
    price_spread: float
    fatigue: Share
    fatigue_spread: float
    memory_days: int
    decay_days: float
    horizon_days: int
    least_rate_share: Share
    mobile_transaction: float
    asset_flow: float
    claim_share: Share

    @property
    def longest_days(self) -> int:
        """Days after which a contact does nothing any more: an inflow is moved in the contact's own month."""
        return max(self.horizon_days, 31)


class PastCampaigns(FrozenModel):
    """Campaigns of the bank's own rule before the programme: without holdout, recorded in `contacts`.

    months: when they were run, day: of the month. Contacted is a share of the users who pay by card at card_rate_from
    per day or more and come to the app at most login_rate_to per day.
    """

    months: tuple[str, ...]
    day: int = Field(ge=1, le=28)
    channel: str
    benefit: str
    share: Share
    card_rate_from: float
    login_rate_to: float


class Outside(FrozenModel):
    """Other senders of the bank. compliance: probability that one of them obeys the suppression list, each time."""

    compliance: Share


class SandboxSettings(FrozenModel):
    """The simulated bank.

    seed: another seed is another bank. users: users signed up by `counted_on`; later sign-ups are a share of them per
    month. history_months: whole months simulated before the first cycle. closures begin a year before `counted_on`.
    change_share: users whose master data change once within two years around `counted_on`.
    refusals: share of users who refuse a channel, or profiling. kinds: the four kinds, their shares add up to 1.
    options_share: share of the users for whom the truth of each channel and benefit alone is written. bands: between
    which the figures of this world lie.
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
    kinds: dict[str, Kind]
    habits: Habits
    season: Season
    flows: Flows
    arrival: Arrival
    reach: Reach
    effects: Effects
    past_campaigns: PastCampaigns
    outside: Outside
    options_share: Share
    bands: Bands

    @model_validator(mode="after")
    def _has_the_four_kinds(self) -> Self:
        if tuple(self.kinds) != KINDS:
            raise ValueError(f"kinds are {', '.join(self.kinds)}, must be {', '.join(KINDS)}")
        whole = sum(kind.share for kind in self.kinds.values())
        if abs(whole - 1) > 1e-9:
            raise ValueError(f"shares of kinds add up to {whole:g}, must be 1")
        return self


def required(section: Mapping[str, Any] | None, *, region: str) -> SandboxSettings:
    """The region's simulated bank from conf's `sandbox`; SettingsError where the region is a real one."""
    if section is None:
        advice = "see conf/regions/sandbox.yml; conf/envs/prod.yml allows none"
        raise SettingsError(f"region {region} is no sandbox", [Finding("missing key", "sandbox", advice)])
    return validated(section, SandboxSettings, of="sandbox")
