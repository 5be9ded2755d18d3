"""What is kept of a user's transactions in one month; those of own initiative say that somebody is awake."""

from collections.abc import Sequence

from reactivation.contracts.measure import MONEY_SUM, Measure, count_where, day_bit_where, is_one_of, only_where

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


def measures(channels: Sequence[str]) -> tuple[Measure, ...]:
    """Transactions in all, those of own initiative, and of these the ones by each channel."""
    return (*_ALL, *(_by_channel(channel) for channel in channels))


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
