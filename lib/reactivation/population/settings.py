"""Settings of `population`: who has low activity, who may be contacted, and how often."""

from typing import Literal

from pydantic import Field

from reactivation.frozen_model import FrozenModel

ConsentKind = Literal["sms", "push", "call", "profiling"]


class ContactPolicySettings(FrozenModel):
    """How often one user may be contacted, whatever the channel.

    window_days: how far back contacts are counted. max_contacts: at most so many in the window.
    min_days_between: days that must lie between two contacts (1: not twice on one day).
    counts_outside_contacts: contacts by other senders of the bank count as well.
    """

    window_days: int = Field(ge=1)
    max_contacts: int = Field(ge=0)
    min_days_between: int = Field(ge=0)
    counts_outside_contacts: bool

    @property
    def longest_days(self) -> int:
        """How far back a contact can still count."""
        return max(self.window_days, self.min_days_between)


class PopulationSettings(FrozenModel):
    """Who is in the programme.

    low_activity: Spark SQL condition over the columns of `features`, true for the users the programme is about.
    allowed_by_default: per channel, and for profiling, what counts where the user has never decided.
    """

    low_activity: str
    allowed_by_default: dict[ConsentKind, bool]
    contact_policy: ContactPolicySettings
