"""Settings of `labels`: what counts as active, and what as an uplift of assets."""

from decimal import Decimal

from pydantic import Field

from reactivation.frozen_model import FrozenModel


class AssetUpliftSettings(FrozenModel):
    """What counts as an uplift: assets grew by more than both.

    min_share: share of the assets at the month's start (0.10: a tenth). min_amount: amount in the region's currency.
    max_age_months: a balance older than so many months at a month's start or end is not known any more.
    """

    min_share: Decimal = Field(ge=0)
    min_amount: Decimal = Field(ge=0)
    max_age_months: int = Field(ge=1, le=96)


class LabelSettings(FrozenModel):
    """What the models learn to foresee.

    is_active: Spark SQL condition over the month's measures as in `activity` (`login_count`, `transaction_own_count`;
    a mask of days such as `login_days` is counted in `login_days_count`); a measure is null where nothing happened.
    transacted: the same kind of condition for the transaction conversion that the campaign is after.
    """

    is_active: str
    transacted: str
    asset_uplift: AssetUpliftSettings
