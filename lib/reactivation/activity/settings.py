"""Settings of `activity`: which kinds of function, channel and product are kept apart."""

from reactivation.contracts.measure import Kind
from reactivation.frozen_model import FrozenModel


class ActivitySettings(FrozenModel):
    """What the partials keep apart; a kind that is not named here is counted in the totals only.

    function_groups: name of a group: function codes that belong to it.
    transaction_channels: channels whose transactions of own initiative are counted on their own.
    asset_products: products whose balances are followed; assets are their sum.
    """

    function_groups: dict[Kind, tuple[str, ...]]
    transaction_channels: tuple[Kind, ...]
    asset_products: tuple[Kind, ...]
