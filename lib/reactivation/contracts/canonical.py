"""Contracts of the canonical tables: the bank's facts under one set of names, whatever the region calls them.

Every row carries two times: when it happened (`event_at`, `snapshot_on`, `sent_at`) and when the bank's warehouse had
it (`arrived_at`). `arrival_cycle`, the month of arrival in the region's zone, is the partition that an ingest replaces.
"""

from reactivation.contracts.table import MONEY, Column, Table

USER_ID = Column("user_id", "bigint", "pseudonymous number of the user; never a name or a phone number", required=True)
ARRIVED_AT = Column("arrived_at", "timestamp", "when the row reached the bank's warehouse", required=True)
EVENT_AT = Column("event_at", "timestamp", "when it happened", required=True)
EVENT_ID = Column(
    "event_id", "string", "the source's own number of the event, where it has one; equal numbers are one event"
)
ROW_HASH = Column(
    "row_hash", "bigint", "hash of what makes two rows one: see ingest.deduplication; null in rows that 0.1.0 wrote"
)
ARRIVAL_CYCLE = Column("arrival_cycle", "string", "month of arrived_at in the region's zone, YYYY-MM", required=True)

ADDED = ("row_hash", "arrival_cycle")
"""Names of the columns that the ingest adds to what a source gives."""

CONTACT_CHANNELS = ("sms", "push", "call")
ALL_CHANNELS = "all"
"""Every channel of `CONTACT_CHANNELS`, in an exclusion."""


def _canonical(name: str, grain: str, key: tuple[str, ...], *columns: Column) -> Table:
    return Table(name, grain, key, (*columns, ROW_HASH, ARRIVAL_CYCLE), partition_by=("arrival_cycle",))


def _events(name: str, grain: str, *columns: Column) -> Table:
    return _canonical(name, grain, (), USER_ID, EVENT_AT, ARRIVED_AT, *columns, EVENT_ID)


USERS = _canonical(
    "users",
    "one version of a user's master data; the latest that arrived before the clock counts",
    ("user_id", "arrived_at"),
    USER_ID,
    Column("signed_up_on", "date", "day of sign-up for mobile banking", required=True),
    Column("closed_on", "date", "day the mobile account was closed; null while open"),
    ARRIVED_AT,
    Column("birth_year", "int", "year of birth", unit="year", minimum=1900),
    Column("gender", "string", "gender as the bank records it"),
    Column("branch", "string", "code of the branch that keeps the user"),
    Column("segment", "string", "the bank's own customer segment"),
    Column("has_phone", "boolean", "a phone number for SMS and calls is on file"),
    Column("has_push", "boolean", "the app can receive push messages"),
    Column("profile_numbers", "string", "the region's own numbers of the user, as JSON; conf names them"),
    Column("profile_texts", "string", "the region's own texts of the user, as JSON; conf names them"),
)
ATTRIBUTES = ("profile_numbers", "profile_texts")
"""Columns of `users` that hold a region's own attributes: features of their own, and facts that a wave may read."""

LOGINS = _events(
    "logins",
    "one login to the app",
    Column("session_seconds", "bigint", "length of the session", unit="seconds", minimum=0),
    Column("channel", "string", "how the user came in (app, mini_program, web, …)"),
)

FUNCTION_USES = _events(
    "function_uses",
    "one use of a function of the app",
    Column("function_code", "string", "code of the function", required=True),
)

TRANSACTIONS = _events(
    "transactions",
    "one transaction of the user's accounts",
    Column("transaction_type", "string", "kind of transaction (transfer, payment, withdrawal, …)"),
    Column("channel", "string", "where it was made (mobile, card, counter, …)"),
    Column("amount", MONEY, "amount moved, never negative", unit="currency", minimum=0),
    Column("is_self_initiated", "boolean", "the user did it; false for fees, interest and standing orders"),
)

ASSET_SNAPSHOTS = _canonical(
    "asset_snapshots",
    "balance of one user and product at the end of one day, as known at one arrival",
    ("user_id", "product", "snapshot_on", "arrived_at"),
    USER_ID,
    Column("snapshot_on", "date", "day at whose end the balance stood", required=True),
    ARRIVED_AT,
    Column("product", "string", "product that holds the assets (deposit, wealth, fund, …)", required=True),
    Column(
        "balance",
        MONEY,
        "balance at the day's end; may be negative where the account may be overdrawn",
        unit="currency",
        required=True,
    ),
)

BENEFIT_EVENTS = _events(
    "benefit_events",
    "one benefit claimed or redeemed",
    Column("benefit_code", "string", "code of the benefit"),
    Column("action", "string", "what the user did with it", required=True, allowed=("claimed", "redeemed")),
    Column("value", MONEY, "face value of the benefit", unit="currency", minimum=0),
)

REACHED = ("delivered", "answered", "clicked", "responded", "opted_out", "complained")
"""Statuses that imply a delivery: nobody clicks on what was not delivered."""
NOT_TRIED = ("stopped", "withdrawn", "rejected", "not_attempted")
"""Statuses that say that the channel sent nothing, so that nothing is owed for it."""
NOT_REACHED = ("failed", "not_reached", *NOT_TRIED)
"""Statuses that say that nobody was reached, unless another receipt of the contact implies that somebody was."""
CONTACT_STATUSES = (*REACHED, *NOT_REACHED)
REACTIONS = ("answered", "clicked", "responded")
"""By these a user reacts to a contact without refusing the next one."""
REFUSING_STATUSES = ("opted_out", "complained")
"""By these a user bars the channel of the contact."""

CONTACTS = _canonical(
    "contacts",
    "one receipt of one contact of ours; a contact may have several, each with its status",
    ("contact_id", "status"),
    Column("contact_id", "string", "number of the contact as in the channel file", required=True),
    USER_ID,
    Column("sent_at", "timestamp", "when the contact was sent", required=True),
    ARRIVED_AT,
    Column("cycle", "string", "cycle that planned it, YYYY-MM", required=True),
    Column("wave", "string", "wave that planned it", required=True),
    Column("channel", "string", "channel it went out by", required=True, allowed=CONTACT_CHANNELS),
    Column("benefit", "string", "benefit offered with it"),
    Column("status", "string", "what became of it", required=True, allowed=CONTACT_STATUSES),
)

OUTSIDE_CONTACTS = _canonical(
    "outside_contacts",
    "one contact by another sender of the bank",
    ("user_id", "sent_at", "channel"),
    USER_ID,
    Column("sent_at", "timestamp", "when it was sent", required=True),
    ARRIVED_AT,
    Column("channel", "string", "channel it went out by", required=True),
)

CONSENTS = _events(
    "consents",
    "one decision of a user on being contacted by a channel, or on profiling; user, channel, flag and time name it",
    Column("channel", "string", "what is decided on", required=True, allowed=(*CONTACT_CHANNELS, "profiling")),
    Column("is_allowed", "boolean", "the user allows it", required=True),
    Column("purpose", "string", "what is allowed, where the form says so; conf says which purposes count"),
    Column("notice_version", "string", "version of the notice that the user was shown"),
    Column("valid_until", "date", "last day on which an allowance counts; null: it has no end"),
)

EXCLUSIONS = _canonical(
    "exclusions",
    "what the bank knows at one arrival of one user's being on a list of those who must not be contacted",
    ("user_id", "reason", "channel", "from_on", "arrived_at"),
    USER_ID,
    Column("reason", "string", "why: do_not_call, minor, deceased, dispute, …", required=True),
    Column(
        "channel", "string", "channel that is barred, or all", required=True, allowed=(*CONTACT_CHANNELS, ALL_CHANNELS)
    ),
    Column("from_on", "date", "first day of it", required=True),
    Column("until_on", "date", "last day of it; null while no end is known"),
    ARRIVED_AT,
)

ALL = (
    USERS,
    LOGINS,
    FUNCTION_USES,
    TRANSACTIONS,
    ASSET_SNAPSHOTS,
    BENEFIT_EVENTS,
    CONTACTS,
    OUTSIDE_CONTACTS,
    CONSENTS,
    EXCLUSIONS,
)
BY_NAME = {table.name: table for table in ALL}

PERMISSIONS = (CONSENTS, CONTACTS, EXCLUSIONS)
"""The tables in which somebody may refuse."""

ACTIVITY_SOURCES = ("logins", "function_uses", "transactions")
"""At least one of these must be there: without a trace of activity there is nothing to wake and nothing to measure."""

EVENT_TIME = {
    table.name: next(c for c in ("event_at", "snapshot_on", "sent_at", "arrived_at") if c in table.column_names)
    for table in ALL
}
"""Name of the column that says when a row's event happened; for `users` and `exclusions` it is the arrival itself."""
