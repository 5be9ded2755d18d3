"""A synthetic month to read out: its tables for any number of users, made from hashes of the user's number."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Column as Declared
from reactivation.contracts.table import Table

SLEEPING_SHARE = 3.37 / 7
BRANCHES = 40
NOT_CONTACTABLE = 0.05
COST, REDEEMED = 0.15, 5.0
SUMS, TENTHS, ANSWERS, WHOLE, PEER = (
    "of it: sums of all contrasts, metrics and segments",
    "of it: tenths of all rankings",
    "of it: the answers, without Spark",
    "the whole read-out",
    "peer: Spark, one query per contrast, unadjusted sums alone",
)
"""What is measured, as records name it."""
PARTS = {"arrival_cycle": "2020-01", "cycle": None}
"""Value of each partition column; None: the cycle."""
FEATURES = derived.FEATURES.extended(
    [
        Declared("login_days_1m", "double", "days with a login"),
        Declared("transaction_own_count_1m", "double", "transactions of own initiative"),
        Declared("transaction_own_count_3m", "double", "transactions of own initiative"),
    ]
)

_NOT_THERE = (
    "reasons_active",
    "reasons_asset_uplift",
    "lift_active",
    "active_uplift_version",
    "reasons_active_uplift",
    "first_login_day",
    "picked_by_challenger",
)


def tables(
    spark: SparkSession,
    *,
    users: int,
    cycle: str,
    shares: Mapping[str, Any],
    picked: float,
) -> list[tuple[Table, DataFrame]]:
    """`arms`, `tiers`, `scores` and `outcomes` of so many sleepers, `features` and `users` of all the bank's.

    The bank has 7 users for 3.37 sleepers. shares: of the cells, of holdout and of long_holdout, as registered. picked:
    share that each policy picks. Contacts have no effect: the read-out should find none.
    """
    everybody = spark.range(round(users / SLEEPING_SHARE)).select(
        F.lit(cycle).alias("cycle"),
        F.col("id").alias("user_id"),
        (F.col("id") < users).alias("is_low_activity"),
    )
    sleepers = everybody.where("is_low_activity").withColumns(_facts(picked, **shares))
    master = everybody.withColumns(
        {
            **{column.name: F.lit(None) for column in canonical.USERS.columns if column.name not in everybody.columns},
            "signed_up_on": F.lit("2020-01-01"),
            "arrived_at": F.lit("2020-01-02"),
            "arrival_cycle": F.lit(PARTS["arrival_cycle"]),
            "branch": F.concat(F.lit("B"), _number("branch", BRANCHES)),
        }
    )
    known = everybody.withColumns(
        {
            "login_days_1m": _number("login_days_1m", 3),
            "transaction_own_count_1m": _number("transactions_1m", 6),
            "transaction_own_count_3m": _number("transactions_3m", 15),
        }
    )
    return [
        (canonical.USERS, canonical.USERS.select(master)),
        (FEATURES, FEATURES.select(known)),
        *((table, table.select(sleepers)) for table in (derived.SCORES, derived.TIERS_TABLE, derived.ARMS)),
        (derived.OUTCOMES, derived.OUTCOMES.select(sleepers)),
    ]


def _facts(picked: float, *, cells: Mapping[str, float], holdout: float, long_holdout: float) -> dict[str, Column]:
    is_contactable = ~_is("no channel", NOT_CONTACTABLE)
    policy = F.when(is_contactable, _drawn("cell", cells)).otherwise("none")
    touches = {"touched": 1 - holdout - long_holdout, "holdout": holdout, "long_holdout": long_holdout}
    picks = {name: is_contactable & _is(f"picked by {name}", picked) for name in derived.POLICIES}
    is_selected = F.lit(False)
    for name, is_picked in picks.items():
        is_selected = F.when(policy == name, is_picked).otherwise(is_selected)
    touch = F.when(is_contactable, _drawn("touch", touches))
    is_reached = is_selected & (touch == "touched") & _is("reached", 0.9)
    days = F.when(_is("comes", 0.3), 1 + _number("days", 20)).otherwise(0)
    change = F.when(~_is("no balance", 0.1), (_number("change", randomization.BUCKETS) - 4_500) * 3)
    return {
        **{f"picked_by_{name}": is_picked for name, is_picked in picks.items()},
        "policy": policy,
        "policy_rank": F.when(is_selected, _number("rank", randomization.BUCKETS)),
        "is_selected": is_selected,
        "touch": touch,
        "tier": _drawn("tier", {"natural_converter": 0.1, "high_potential": 0.4, "low_potential": 0.5}),
        "band": 1 + _number("band", 11),
        **{
            f"p_{name}": _number(name, randomization.BUCKETS) / randomization.BUCKETS
            for name in ("active", "asset_uplift")
        },
        **{f"raw_{name}": _number(name, randomization.BUCKETS) / 1000 - 5 for name in ("active", "asset_uplift")},
        "active_version": F.lit("1"),
        "asset_uplift_version": F.lit("1"),
        **dict.fromkeys(_NOT_THERE, F.lit(None)),
        "logged_in": (days > 0) & _is("by login", 0.9),
        "transacted": (days > 0) & _is("transacts", 0.3),
        "is_active": days > 0,
        "has_asset_uplift": change > 12_000,
        "asset_change": change,
        "contacts_delivered": is_reached.cast("bigint"),
        "outside_contacts": _is("outside", 0.05).cast("bigint"),
        "spend": F.when(is_selected & (touch == "touched"), COST).otherwise(0),
        "active_days": days,
        "active_weeks": F.when(days > 0, 1 + _number("weeks", 15)).otherwise(0),
        "opted_out": _is("opts out", 0.002),
        "benefits_redeemed": F.when(is_reached & _is("redeems", 0.05), REDEEMED).otherwise(0),
        "contact_cost": F.when(is_selected & (touch == "touched"), COST).otherwise(0),
        "delivered_cost": F.when(is_reached, COST).otherwise(0),
        "refused": _is("opts out", 0.002),
        "complained": F.lit(False),
        "active_after": (days > 0) & _is("after", 0.5),
        "retained": (days > 0) & _is("retained", 0.6),
    }


def _number(purpose: str, below: int) -> Column:
    """A whole number from 0 to below - 1."""
    return F.pmod(randomization.hashed(f"benchmark|{purpose}"), F.lit(below))


def _is(purpose: str, share: float) -> Column:
    return randomization.is_within(randomization.bucket(f"benchmark|{purpose}"), share)


def _drawn(purpose: str, shares: Mapping[str, float]) -> Column:
    return randomization.draw(randomization.bucket(f"benchmark|{purpose}"), shares)
