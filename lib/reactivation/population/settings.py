"""Settings of `population`: who has low activity, who may be contacted, and how often."""

from typing import Literal

from pydantic import Field

from reactivation.frozen_model import FrozenModel

Channel = Literal["sms", "push", "call"]
ConsentKind = Literal["sms", "push", "call", "profiling"]


class ChannelPolicySettings(FrozenModel):
    """How often one user may be contacted.

    window_days: how far back contacts are counted. max_contacts: at most so many in the window.
    min_days_between: days that must lie between two contacts (1: not twice on one day).
    """

    window_days: int = Field(ge=1)
    max_contacts: int = Field(ge=0)
    min_days_between: int = Field(ge=0)


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
        each = (self, *self.channels.values())
        return max(max(policy.window_days, policy.min_days_between) for policy in each)


class PopulationSettings(FrozenModel):
    """Who is in the programme.

    low_activity: Spark SQL condition over the columns of `features`, true for the users the programme is about.
    allowed_by_default: per channel, and for profiling, what counts where the user has never decided.
    """

    low_activity: str
    allowed_by_default: dict[ConsentKind, bool]
    contact_policy: ContactPolicySettings
