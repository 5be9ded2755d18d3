"""Settings of `activity`: the kinds kept apart; of `features`: the look-backs, and the history that training needs."""

from typing import Self

from pydantic import Field, model_validator

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


class FeatureSettings(FrozenModel):
    """How far features look back.

    lookback_months: whole calendar months before the observation date; increasing, and the first is 1. The longest is
    also how far back recency and balances are followed.
    min_history_months: months of arrivals that must lie before a cycle for its features to be worth training on.
    profile_numbers, profile_texts: names of the region's own attributes; `settings` takes them from `sources.users`.
    """

    lookback_months: tuple[int, ...]
    min_history_months: int = Field(ge=1)
    profile_numbers: tuple[Kind, ...] = ()
    profile_texts: tuple[Kind, ...] = ()

    @model_validator(mode="after")
    def _look_backs_increase(self) -> Self:
        months = self.lookback_months
        if not months or months[0] != 1 or list(months) != sorted(set(months)):
            raise ValueError(f"lookback_months {list(months)}, must increase and begin with 1")
        return self

    @property
    def longest(self) -> int:
        return self.lookback_months[-1]
