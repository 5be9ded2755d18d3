"""Transactions; those of own initiative say most, whichever way they are made."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import MONEY_SUM, Measure, count_where, day_bit_where, is_one_of, only_where
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
from reactivation.features.settings import ActivitySettings

SOURCE = "transactions"
_DAYS = "days with a transaction of own initiative"

OWN = "is_self_initiated"
"""The user did it; fees, interest and standing orders post by themselves and wake nobody."""

_ALL = (
    Measure("transaction_count", "bigint", "1L", "sum", "transactions of any kind", "transactions"),
    Measure("transaction_amount", MONEY_SUM, "amount", "sum", "amount of transactions of any kind", "currency"),
    Measure("transaction_last_at", "timestamp", "event_at", "max", "last transaction of any kind"),
    Measure(
        "transaction_own_count", "bigint", count_where(OWN), "sum", "transactions of own initiative", "transactions"
    ),
    Measure(
        "transaction_own_days",
        "bigint",
        day_bit_where(OWN),
        "days",
        "days with a transaction of own initiative",
        "days",
    ),
    Measure(
        "transaction_own_amount",
        MONEY_SUM,
        only_where(OWN, "amount"),
        "sum",
        "amount of transactions of own initiative",
        "currency",
    ),
    Measure(
        "transaction_own_last_at",
        "timestamp",
        only_where(OWN, "event_at"),
        "max",
        "last transaction of own initiative",
    ),
)


def measures(kinds: ActivitySettings) -> tuple[Measure, ...]:
    """Transactions in all, those of own initiative, and of these the ones by each channel."""
    return (*_ALL, *(_by_channel(channel) for channel in kinds.transaction_channels))


def _by_channel(channel: str) -> Measure:
    is_own_by_channel = f"{OWN} and {is_one_of('channel', [channel])}"
    return Measure(
        f"transaction_own_{channel}_count",
        "bigint",
        count_where(is_own_by_channel),
        "sum",
        f"transactions of own initiative by {channel}",
        "transactions",
    )


def features(lookbacks: Sequence[int], kinds: ActivitySettings) -> Iterator[Feature]:
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
    for channel in kinds.transaction_channels:
        by_channel = f"transactions of own initiative by {channel}"
        yield from windowed(f"transaction_own_{channel}_count", by_channel, SOURCE, "transactions", lookbacks[:2])
