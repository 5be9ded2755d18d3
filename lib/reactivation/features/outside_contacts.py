"""Contacts by other senders of the bank: how many, and how lately."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import Measure
from reactivation.features.feature import Feature, days_since_last, windowed
from reactivation.features.settings import ActivitySettings

SOURCE = "outside_contacts"

_MEASURES = (
    Measure("outside_count", "bigint", "1L", "sum", "contacts by other senders", "contacts"),
    Measure("outside_last_at", "timestamp", "sent_at", "max", "last contact by another sender"),
)


def measures(_: ActivitySettings) -> tuple[Measure, ...]:
    """Contacts by other senders in one month."""
    return _MEASURES


def features(lookbacks: Sequence[int], _: ActivitySettings) -> Iterator[Feature]:
    """Contacts by other senders and their recency. All before the observation date."""
    yield from windowed("outside_count", "contacts by other senders", SOURCE, "contacts", lookbacks[:2])
    yield days_since_last("outside", "the last contact by another sender", SOURCE)
