"""What is kept of the contacts that other senders of the bank made in one month."""

from reactivation.contracts.measure import Measure

MEASURES = (
    Measure("outside_count", "bigint", "1L", "sum", "contacts by other senders", "contacts"),
    Measure("outside_last_at", "timestamp", "sent_at", "max", "last contact by another sender"),
)
