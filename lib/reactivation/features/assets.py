"""Balances: how much, in what, whether it grows, how steadily, and how old the news is."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import ORDER_IN_MONTH, Measure, is_one_of, only_where
from reactivation.contracts.table import MONEY
from reactivation.features.feature import Feature, last, quotient
from reactivation.features.settings import ActivitySettings

SOURCE = "asset_snapshots"


def measures(kinds: ActivitySettings) -> tuple[Measure, ...]:
    """The last balance of each product; a balance is a state, carried forward, never summed over time."""
    return tuple(measure for product in kinds.asset_products for measure in _product(product))


def _product(product: str) -> Iterator[Measure]:
    name, is_product = f"balance_{product}_last", is_one_of("product", [product])
    balance, order = only_where(is_product, "balance"), only_where(is_product, ORDER_IN_MONTH)
    yield Measure(name, MONEY, balance, "last", f"last balance of {product}", "currency", order=order)
    yield Measure(f"{name}_order", "bigint", order, "max", f"day and arrival of the last balance of {product}")


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
    age = f"datediff(observation_on, {_of_all('greatest', [f'balance_{product}_last_on' for product in products])})"
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
    ends = [f"cast({_total(products, back)} as double)" for back in range(1, months + 1)]
    total = " + ".join(f"coalesce({end}, 0D)" for end in ends)
    known = " + ".join(f"if({end} is null, 0, 1)" for end in ends)
    mean = f"({total}) / nullif({known}, 0)"
    yield Feature(
        f"asset_total_mean_{months}m", mean, f"mean of assets at month ends, {last(months)}", SOURCE, "currency"
    )
    span = f"{_of_all('greatest', ends)} - {_of_all('least', ends)}"
    text = f"greatest less least assets at month ends, {last(months)}"
    yield Feature(f"asset_total_range_{months}m", span, text, SOURCE, "currency")


def _balance(product: str, back: int) -> str:
    return f"balance_{product}_last_end_{back}m"


def _of_all(function: str, values: Sequence[str]) -> str:
    """`greatest` or `least` of the values known; Spark's take two at least."""
    return f"{function}({', '.join(values)})" if len(values) > 1 else values[0]


def _total(products: Sequence[str], back: int) -> str:
    """Assets at the end of the month `back` months back; null where no product is known."""
    balances = [_balance(product, back) for product in products]
    if len(balances) == 1:
        return balances[0]
    total = " + ".join(f"coalesce({balance}, 0)" for balance in balances)
    return f"if(coalesce({', '.join(balances)}) is null, null, {total})"
