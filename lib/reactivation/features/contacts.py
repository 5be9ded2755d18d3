"""Contacts of ours, by the time they were sent: how often a user was reached, by what, and how it was taken.

A contact has several receipts, at most one of each status; counting the `delivered` ones counts contacts.
"""

from collections.abc import Iterator, Sequence

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.contracts.measure import Measure, count_where, is_one_of, only_where
from reactivation.features.feature import Feature, days_since_last, windowed
from reactivation.features.settings import ActivitySettings

SOURCE = "contacts"

_DELIVERED = "status = 'delivered'"

_STATUSES = {
    "delivered": ("delivered",),
    "missed": ("failed", "not_reached"),
    "reacted": ("answered", "clicked", "responded"),
    "refused": ("opted_out", "complained"),
}
_MEANINGS = {
    "delivered": "contacts delivered",
    "missed": "receipts that a contact failed or did not reach the user",
    "reacted": "receipts that the user answered, clicked or responded",
    "refused": "receipts that the user opted out or complained",
}


def _by_status(name: str) -> Measure:
    has_status = is_one_of("status", _STATUSES[name])
    return Measure(f"contact_{name}_count", "bigint", count_where(has_status), "sum", _MEANINGS[name], "receipts")


def _by_channel(channel: str) -> Measure:
    is_delivered = f"{_DELIVERED} and {is_one_of('channel', [channel])}"
    return Measure(
        f"contact_{channel}_count", "bigint", count_where(is_delivered), "sum", f"{channel} delivered", "contacts"
    )


_MEASURES = (
    *(_by_status(name) for name in _STATUSES),
    *(_by_channel(channel) for channel in CONTACT_CHANNELS),
    Measure("contact_last_at", "timestamp", only_where(_DELIVERED, "sent_at"), "max", "last contact delivered"),
)


def measures(_: ActivitySettings) -> tuple[Measure, ...]:
    """Receipts of one month."""
    return _MEASURES


def features(lookbacks: Sequence[int], _: ActivitySettings) -> Iterator[Feature]:
    """Contacts delivered, missed, reacted to and refused, by channel, and recency. All before the observation date."""
    middle = lookbacks[1:3]
    yield from windowed("contact_delivered_count", "contacts delivered", SOURCE, "contacts", lookbacks)
    yield from windowed("contact_missed_count", "contacts failed or not reached", SOURCE, "receipts", middle)
    yield from windowed("contact_reacted_count", "answers, clicks and responses", SOURCE, "receipts", middle)
    yield from windowed("contact_refused_count", "opt-outs and complaints", SOURCE, "receipts", lookbacks[-1:])
    for channel in CONTACT_CHANNELS:
        yield from windowed(f"contact_{channel}_count", f"{channel} delivered", SOURCE, "contacts", lookbacks[1:2])
    yield days_since_last("contact", "the last contact delivered", SOURCE)
