"""Settings of `activity`: which kinds of function, channel and product are kept apart."""

from reactivation.parts import Part


class ActivitySettings(Part):
    """What the partials keep apart; a kind that is not named here is counted in the totals only.

    function_groups: name of a group: function codes that belong to it.
    transaction_channels: channels whose transactions are counted on their own.
    asset_products: products whose balances are followed; a snapshot of any other product breaks the contract.
    """

    function_groups: dict[str, tuple[str, ...]]
    transaction_channels: tuple[str, ...]
    asset_products: tuple[str, ...]
