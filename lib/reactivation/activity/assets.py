"""What is kept of a user's balances in one month: per product the last one known, with its day."""

from collections.abc import Sequence

from reactivation.contracts.measure import Measure, is_one_of, only_where
from reactivation.contracts.table import MONEY

STATE = f"struct<snapshot_on:date,arrived_at:timestamp,balance:{MONEY}>"
"""A balance with its day and arrival, in this order: of two the later day is greater, then the later arrival, so that a
correction wins over what it corrects."""

_SNAPSHOT = "named_struct('snapshot_on', snapshot_on, 'arrived_at', arrived_at, 'balance', balance)"


def measures(products: Sequence[str]) -> tuple[Measure, ...]:
    """The last balance of each product; a balance is a state, carried forward, never summed over time."""
    return tuple(_product(product) for product in products)


def _product(product: str) -> Measure:
    snapshot = only_where(is_one_of("product", [product]), _SNAPSHOT)
    return Measure(f"balance_{product}", STATE, snapshot, "state", f"last balance of {product}", "currency")
