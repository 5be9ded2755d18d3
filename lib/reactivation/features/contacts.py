"""What past contacts say of a user: how often reached, by what, and how it was taken. Ours, and other senders'."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.features.feature import Feature, days_since_last, windowed

SOURCE = "contacts"
OUTSIDE = "outside_contacts"


def features(lookbacks: Sequence[int]) -> Iterator[Feature]:
    """Contacts delivered, missed, reacted to and refused, by channel, and recency. All before the observation date."""
    middle = lookbacks[1:3]
    yield from windowed("contact_delivered_count", "contacts delivered", SOURCE, "contacts", lookbacks)
    yield from windowed("contact_missed_count", "contacts failed or not reached", SOURCE, "receipts", middle)
    yield from windowed("contact_reacted_count", "answers, clicks and responses", SOURCE, "receipts", middle)
    yield from windowed("contact_refused_count", "opt-outs and complaints", SOURCE, "receipts", lookbacks[-1:])
    for channel in CONTACT_CHANNELS:
        yield from windowed(f"contact_{channel}_count", f"{channel} delivered", SOURCE, "contacts", lookbacks[1:2])
    yield days_since_last("contact", "the last contact delivered", SOURCE)


def outside_features(lookbacks: Sequence[int]) -> Iterator[Feature]:
    """Contacts by other senders and their recency. All before the observation date."""
    yield from windowed("outside_count", "contacts by other senders", OUTSIDE, "contacts", lookbacks[:2])
    yield days_since_last("outside", "the last contact by another sender", OUTSIDE)
