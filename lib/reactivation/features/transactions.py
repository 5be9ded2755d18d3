"""What transactions say of a user; those of own initiative say most, whichever way they are made."""

from collections.abc import Iterator, Sequence

from reactivation.features.feature import (
    Feature,
    days_since_last,
    lagged,
    last,
    months_active,
    quotient,
    ratios,
    trends,
    windowed,
)

SOURCE = "transactions"
_DAYS = "days with a transaction of own initiative"


def features(lookbacks: Sequence[int], channels: Sequence[str]) -> Iterator[Feature]:
    """Frequency, days, regularity, amounts, recency, trend, ratio and channels. All before the observation date."""
    yield from windowed("transaction_count", "transactions of any kind", SOURCE, "transactions", lookbacks)
    yield from windowed("transaction_amount", "amount of transactions of any kind", SOURCE, "currency", lookbacks[:2])
    yield days_since_last("transaction", "the last transaction of any kind", SOURCE)
    yield from windowed("transaction_own_count", "transactions of own initiative", SOURCE, "transactions", lookbacks)
    yield from windowed("transaction_own_days", _DAYS, SOURCE, "days", lookbacks)
    yield from lagged("transaction_own_days", _DAYS, SOURCE, "days", lookbacks)
    yield from months_active("transaction_own", "a transaction of own initiative", SOURCE, lookbacks)
    yield from ratios("transaction_own_days", _DAYS, SOURCE, lookbacks)
    yield from trends("transaction_own_days", _DAYS, SOURCE, "days", lookbacks)
    yield days_since_last("transaction_own", "the last transaction of own initiative", SOURCE)
    own_amount = "amount of transactions of own initiative"
    yield from windowed("transaction_own_amount", own_amount, SOURCE, "currency", lookbacks)
    for months in lookbacks[1:3]:
        yield Feature(
            f"transaction_own_amount_mean_{months}m",
            quotient(f"transaction_own_amount_{months}m", f"transaction_own_count_{months}m"),
            f"mean amount of a transaction of own initiative, {last(months)}",
            SOURCE,
            "currency",
        )
    for channel in channels:
        by_channel = f"transactions of own initiative by {channel}"
        yield from windowed(f"transaction_own_{channel}_count", by_channel, SOURCE, "transactions", lookbacks[:2])
