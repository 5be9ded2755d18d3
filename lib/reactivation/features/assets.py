"""Balances: how much, in what, whether it grows, how steadily, and how old the news is."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import Measure, is_one_of, only_where
from reactivation.contracts.table import MONEY
from reactivation.features.feature import Feature, last, quotient
from reactivation.features.settings import ActivitySettings

SOURCE = "asset_snapshots"

STATE = f"struct<snapshot_on:date,arrived_at:timestamp,balance:{MONEY}>"
"""A balance with its day and arrival, in this order: of two the later day is greater, then the later arrival, so that a
correction wins over what it corrects."""

_SNAPSHOT = "named_struct('snapshot_on', snapshot_on, 'arrived_at', arrived_at, 'balance', balance)"


def measures(kinds: ActivitySettings) -> tuple[Measure, ...]:
    """The last balance of each product; a balance is a state, carried forward, never summed over time."""
    return tuple(_product(product) for product in kinds.asset_products)


def _product(product: str) -> Measure:
    snapshot = only_where(is_one_of("product", [product]), _SNAPSHOT)
    return Measure(f"balance_{product}", STATE, snapshot, "state", f"last balance of {product}", "currency")


def features(lookbacks: Sequence[int], kinds: ActivitySettings) -> Iterator[Feature]:
    """Level, change, growth, mean and range of assets at month ends, carried forward, and the age of the last balance.

    A product's balance stays what it was last known to be, within the longest look-back; before the first one it is
    null, not 0. The total is over the products known. All before the observation date.
    """
    products = kinds.asset_products
    if not products:
        return
    yield Feature("asset_total", _total(products, 1), "assets, all products", SOURCE, "currency")
    for product in products:
        yield Feature(f"asset_{product}", _balance(product, 1), f"balance of {product}", SOURCE, "currency")
    is_held = [f"if({_balance(product, 1)} > 0, 1, 0)" for product in products]
    yield Feature("asset_products_held", " + ".join(is_held), "products with a balance", SOURCE, "products")
    days = ", ".join(f"balance_{product}_end_1m.snapshot_on" for product in products)
    age = f"datediff(observation_on, array_max(array({days})))"
    yield Feature("asset_days_since_last", age, "days since the last balance known", SOURCE, "days")
    for months in lookbacks[:-1]:
        yield from _since(products, months)
    for months in lookbacks[1:3]:
        yield from _over(products, months)


def _since(products: Sequence[str], months: int) -> Iterator[Feature]:
    then = _total(products, 1 + months)
    change = f"{_total(products, 1)} - {then}"
    when = f"over the {last(months)}"
    yield Feature(f"asset_total_change_{months}m", change, f"change of assets {when}", SOURCE, "currency")
    growth = quotient(f"({change})", f"abs({then})")
    yield Feature(
        f"asset_total_growth_{months}m", growth, f"change of assets over what they were, {when}", SOURCE, "share"
    )


def _over(products: Sequence[str], months: int) -> Iterator[Feature]:
    ends = f"array({', '.join(f'cast({_total(products, back)} as double)' for back in range(1, months + 1))})"
    known = f"array_compact({ends})"
    mean = f"aggregate({known}, 0D, (sum, x) -> sum + x) / nullif(size({known}), 0)"
    yield Feature(
        f"asset_total_mean_{months}m", mean, f"mean of assets at month ends, {last(months)}", SOURCE, "currency"
    )
    span = f"array_max({ends}) - array_min({ends})"
    text = f"greatest less least assets at month ends, {last(months)}"
    yield Feature(f"asset_total_range_{months}m", span, text, SOURCE, "currency")


def _balance(product: str, back: int) -> str:
    return f"balance_{product}_end_{back}m.balance"


def _total(products: Sequence[str], back: int) -> str:
    """Assets at the end of the month `back` months back; null where no product is known."""
    balances = [_balance(product, back) for product in products]
    if len(balances) == 1:
        return balances[0]
    total = " + ".join(f"coalesce({balance}, 0)" for balance in balances)
    return f"if(coalesce({', '.join(balances)}) is null, null, {total})"
