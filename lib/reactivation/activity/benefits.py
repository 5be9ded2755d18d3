"""What is kept of the benefits a user claimed and redeemed in one month."""

from reactivation.contracts.measure import MONEY_SUM, Measure, count_where, only_where

_CLAIMED = "action = 'claimed'"
_REDEEMED = "action = 'redeemed'"

MEASURES = (
    Measure("benefit_claimed_count", "bigint", count_where(_CLAIMED), "sum", "benefits claimed", "benefits"),
    Measure("benefit_redeemed_count", "bigint", count_where(_REDEEMED), "sum", "benefits redeemed", "benefits"),
    Measure(
        "benefit_redeemed_value",
        MONEY_SUM,
        only_where(_REDEEMED, "value"),
        "sum",
        "face value of benefits redeemed",
        "currency",
    ),
    Measure("benefit_claimed_last_at", "timestamp", only_where(_CLAIMED, "event_at"), "max", "last benefit claimed"),
    Measure("benefit_redeemed_last_at", "timestamp", only_where(_REDEEMED, "event_at"), "max", "last benefit redeemed"),
)
