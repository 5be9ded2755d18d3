"""Settings of `population`: who has low activity, who may be contacted and profiled, and how often."""

from datetime import date, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.frozen_model import FrozenModel

Channel = Literal["sms", "push", "call"]
ConsentKind = Literal["sms", "push", "call", "profiling"]

PROFILING = "profiling"
KINDS = (*CONTACT_CHANNELS, PROFILING)
"""What a user decides on: being contacted by a channel, and being profiled."""

ASSUMED = "assumed"
"""Name of a legal basis that nobody has looked at: for simulated banks."""


class Basis(FrozenModel):
    """What the bank relies on where a user has never decided. It is registered with the plan.

    legal_basis: its name (`legitimate_interest`, `contract`); `assumed` is refused in `prod`. document: where it is
    written down. valid_until: last day on which it counts; afterwards who never decided is not allowed.
    """

    legal_basis: str = Field(min_length=1)
    document: str = Field(min_length=1)
    valid_until: date

    @property
    def is_assumed(self) -> bool:
        return self.legal_basis.strip().lower() == ASSUMED


Undecided = Basis | Literal["not_allowed"]


class DayLimit(FrozenModel):
    """How many days old something may be; null, where there is no limit, needs a reason."""

    days: int | None = Field(ge=0, le=36_500)
    reason: str | None = None

    @model_validator(mode="after")
    def _no_limit_has_a_reason(self) -> Self:
        if self.days is None and not (self.reason or "").strip():
            raise ValueError("`days: null` is no limit: say why under `reason`")
        return self

    def oldest(self, day: date) -> date | None:
        """The oldest day that is not too old on `day`; None: none is."""
        return None if self.days is None else day - timedelta(days=self.days)


class ConsentSettings(FrozenModel):
    """What makes a consent count, and what must be known of the feeds before anything is planned by them.

    purposes: purposes whose consents count here; a consent that names none counts, a refusal whatever it names.
    oldest_consent: an older consent is none. oldest_feed: how long ago the newest delivery of consents, of exclusions,
    and once own contacts went out as long ago, of receipts may have come when a wave is planned.
    max_share_without_user: share of the rows of a feed whose user cannot be read, above which no wave is planned.
    """

    purposes: tuple[str, ...]
    oldest_consent: DayLimit
    oldest_feed: DayLimit
    max_share_without_user: float = Field(ge=0, le=1)


class ChannelPolicySettings(FrozenModel):
    """How often one user may be contacted.

    Cap: at most max_contacts in window_days, counted back and ahead. Quiet days: min_days_between, days that must lie
    between two contacts (1: not twice on one day). Cool-off: cool_off_days, days that must lie between a user's
    reaction (a call answered, a message clicked or responded to) and the next contact (0: none).
    """

    window_days: int = Field(ge=1)
    max_contacts: int = Field(ge=1)
    min_days_between: int = Field(ge=0)
    cool_off_days: int = Field(ge=0)


class ContactPolicySettings(ChannelPolicySettings):
    """How often one user may be contacted, whatever the channel.

    counts_outside_contacts: contacts by other senders of the bank count as well. channels: what holds beside that for
    contacts by one channel; a channel that is not named has no limit of its own.
    """

    counts_outside_contacts: bool
    channels: dict[Channel, ChannelPolicySettings]

    @property
    def longest_days(self) -> int:
        """How far away a contact can still count."""
        return max(max(policy.window_days, policy.min_days_between) for policy in self._each)

    @property
    def longest_cool_off_days(self) -> int:
        """How far back a reaction can still count; 0: none does."""
        return max(policy.cool_off_days for policy in self._each)

    @property
    def _each(self) -> tuple[ChannelPolicySettings, ...]:
        return (self, *self.channels.values())


class PopulationSettings(FrozenModel):
    """Who is in the programme.

    low_activity: Spark SQL condition over the columns of `features`, true for the users the programme is about.
    undecided: per channel, and for profiling, what counts where the user has never decided: a basis, or `not_allowed`.
    A job that needs a kind which is not named, or null, asks for it (`pipelines.permissions`); until then nobody who
    never decided is allowed.
    """

    low_activity: str
    undecided: dict[ConsentKind, Undecided | None] = Field(default_factory=dict)
    consent: ConsentSettings
    contact_policy: ContactPolicySettings

    def allows_undecided(self, kind: str, day: date) -> bool:
        """True where who never decided on a kind is allowed on a day."""
        basis = self.undecided.get(kind)  # type: ignore[call-overload]
        return isinstance(basis, Basis) and day <= basis.valid_until
