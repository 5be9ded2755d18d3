"""Contracts of what is known of each user: monthly activity, features, labels."""

from reactivation.contracts.canonical import USER_ID
from reactivation.contracts.derived.shared import flag, per_user
from reactivation.contracts.table import MONEY, Column, Table

ACTIVITY = Table(
    "activity",
    "measures of one user's events of one month that arrived in one month; measures merge without loss",
    ("arrival_cycle", "event_month", "user_id"),
    (
        Column("arrival_cycle", "string", "month the rows arrived in, YYYY-MM", required=True),
        Column("event_month", "string", "month the events happened in, YYYY-MM", required=True),
        USER_ID,
    ),
    partition_by=("arrival_cycle",),
    is_open=True,
)

FEATURES = per_user(
    "features",
    "what is known of one signed-up user at the observation date of one cycle",
    flag("is_low_activity", "the user has low activity and is a target of the programme"),
    is_open=True,
)

LABELS = per_user(
    "labels",
    "what one signed-up user did in one settled month",
    flag("is_active", "active in the month, as conf defines it"),
    flag(
        "has_asset_uplift",
        "assets grew over the month by more than the stated share and amount; null: no balance known",
        False,
    ),
    Column("transaction_count", "bigint", "transactions of own initiative in the month", required=True),
    Column(
        "asset_change",
        MONEY,
        "assets at the month's end less those at its start; null: no balance known",
        unit="currency",
    ),
)
