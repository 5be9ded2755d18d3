"""What is kept of the contacts of ours that a user had in one month, by the time they were sent.

A contact has several receipts, at most one of each status; counting the `delivered` ones counts contacts.
"""

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.contracts.measure import Measure, count_where, is_one_of, only_where

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


MEASURES = (
    *(_by_status(name) for name in _STATUSES),
    *(_by_channel(channel) for channel in CONTACT_CHANNELS),
    Measure("contact_last_at", "timestamp", only_where(_DELIVERED, "sent_at"), "max", "last contact delivered"),
)
