"""Bands: what the settings of the simulated world come to."""

from typing import Self

from pydantic import model_validator

from reactivation.frozen_model import FrozenModel

Band = tuple[float, float]


class Bands(FrozenModel):
    """Figures of the world, each between two numbers: what its other settings come to, for who changes them.

    Of all users: shares, or means per user and month; lifts are rises of the mean probability of a login in the outcome
    window by one contact, arrived or not, on its first day. Nothing of the bank is made from them.
    """

    sleepers_share: Band
    active_share: Band
    logins_per_user: Band
    function_uses_per_user: Band
    transactions_per_user: Band
    late_share: Band
    sms_lift: Band
    push_lift: Band
    call_lift: Band

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Self:
        odd = [name for name, (low, high) in self.model_dump().items() if low >= high]
        if odd:
            raise ValueError(f"bands {', '.join(odd)}: the lower end comes first")
        return self
