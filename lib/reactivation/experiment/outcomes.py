"""What each user of the month's arms did in the outcome window, and which contacts the user received."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts.canonical import REACHED, REFUSING_STATUSES
from reactivation.contracts.table import MONEY
from reactivation.frames import by_value
from reactivation.periods import Calendar, Month, Window

_NOTHING = {
    "contacts_delivered": "bigint",
    "outside_contacts": "bigint",
    "spend": MONEY,
    "contact_cost": MONEY,
}
"""Columns that are 0, not null, for a user without a row, even where the region has no such table."""

_DID = ("logged_in", "transacted", "is_active", "active_days", "active_weeks", "first_login_day")


def outcomes(
    behaviour: DataFrame,
    *,
    assets: DataFrame,
    later: DataFrame | None,
    released: DataFrame,
    sources: Mapping[str, DataFrame],
    benefits: Collection[str],
    channel_cost: Mapping[str, Decimal],
    cycle: Month,
    window: Window,
    known_before: date,
    calendar: Calendar,
) -> DataFrame:
    """One row per user of `arms`, reached or not, in a cell or not: intention to treat.

    Grain and key: cycle, user_id. Both clocks hold: what happened in the outcome window (assets: in the month; contacts
    of ours: of the cycle) and arrived before 00:00 of `known_before`: the settle date, when the month is frozen, or the
    day of a look.
    behaviour: one row per user of `arms` with logged_in, transacted, is_active, active_days, active_weeks,
    first_login_day over the window, by both clocks.
    assets: user_id, has_asset_uplift, asset_change over the month; a user without a row has no known
    balance. later: user_id, retained, active_after; None until month + 1 has settled. released: contacts of the
    cycle that were released and not stopped; those sent on `known_before` or later are left out. Contacts of ours are
    those of the cycle, and whatever cycle they name those sent in the window; a receipt that nobody could give without
    the contact implies its delivery. What contacts and benefits cost is null, not 0, where no source tells of them.
    sources: canonical tables by name, those that the region has. benefits: codes that the campaign offers.
    """
    was_known = calendar.is_before("arrived_at", known_before)
    in_window = {
        name: table.where(calendar.is_within(at, window) & was_known)
        for name, at in (("outside_contacts", "sent_at"), ("consents", "event_at"), ("benefit_events", "event_at"))
        if (table := sources.get(name)) is not None
    }
    sent = released.where(F.col("send_on") < F.lit(known_before))
    parts = [assets.select("user_id", "has_asset_uplift", "asset_change"), _released(sent, channel_cost)]
    if later is not None:
        parts.append(later.select("user_id", "active_after", "retained"))
    if (contacts := sources.get("contacts")) is not None:
        is_ours = F.coalesce(F.col("cycle") == str(cycle), F.lit(False)) | calendar.is_within("sent_at", window)
        parts.append(_delivered(contacts.where(is_ours & was_known), channel_cost))
    parts += [_AGGREGATES[name](table, benefits) for name, table in in_window.items()]
    table = behaviour.select("user_id", *_DID)
    for part in parts:
        table = table.join(part, "user_id", "left")
    nothing = F.lit(0).cast(MONEY)
    objections: dict[str, list[str]] = {
        "refused": [name for name in ("opted_out", "objected") if name in table.columns],
        "complained": [name for name in ("complained",) if name in table.columns],
    }
    filled = {
        **{name: _or_nothing(table, name, data_type) for name, data_type in _NOTHING.items()},
        "opted_out": _if_known(table, "opted_out", F.lit(False)),
        "delivered_cost": _if_known(table, "delivered_cost", nothing),
        "benefits_redeemed": _if_known(table, "benefits_redeemed", nothing) if benefits else nothing,
        **{name: _any_of(columns) for name, columns in objections.items()},
        **({} if later is not None else dict.fromkeys(("active_after", "retained"), F.lit(None).cast("boolean"))),
    }
    return derived.OUTCOMES.select(table.withColumns({"cycle": F.lit(str(cycle)), **filled}))


def _released(contacts: DataFrame, channel_cost: Mapping[str, Decimal]) -> DataFrame:
    """What was allotted to a user: expected cost of the contacts released, and what these alone cost."""
    contact = _price(channel_cost)
    return contacts.groupBy("user_id").agg(F.sum("cost").alias("spend"), F.sum(contact).alias("contact_cost"))


def _delivered(receipts: DataFrame, channel_cost: Mapping[str, Decimal]) -> DataFrame:
    """Contacts that reached a user and what they cost, and whether the user objected to one of them."""
    by_contact = receipts.groupBy("user_id", "contact_id", "channel").agg(
        *[
            F.bool_or(F.col("status").isin(*statuses)).alias(name)
            for name, statuses in {
                "is_delivered": REACHED,
                "is_objected": REFUSING_STATUSES,
                "is_complained": ("complained",),
            }.items()
        ]
    )
    return by_contact.groupBy("user_id").agg(
        F.count_if("is_delivered").alias("contacts_delivered"),
        F.sum(F.when(F.col("is_delivered"), _price(channel_cost))).alias("delivered_cost"),
        F.bool_or("is_objected").alias("objected"),
        F.bool_or("is_complained").alias("complained"),
    )


def _price(channel_cost: Mapping[str, Decimal]) -> Column:
    return by_value(F.col("channel"), channel_cost, 0).cast(MONEY)


def _by_others(outside_contacts: DataFrame, _: Collection[str]) -> DataFrame:
    return outside_contacts.groupBy("user_id").agg(F.count("*").alias("outside_contacts"))


def _opted_out(consents: DataFrame, _: Collection[str]) -> DataFrame:
    """Who took a consent back. Receipts, of which only the contacted have any, count in `refused`."""
    return consents.where(~F.col("is_allowed")).groupBy("user_id").agg(F.lit(True).alias("opted_out"))


def _redeemed(benefit_events: DataFrame, benefits: Collection[str]) -> DataFrame:
    """Face value of the campaign's benefits redeemed, whoever offered them to the user."""
    is_ours = (F.col("action") == "redeemed") & F.col("benefit_code").isin(*benefits)
    return benefit_events.where(is_ours).groupBy("user_id").agg(F.sum("value").alias("benefits_redeemed"))


_AGGREGATES = {"outside_contacts": _by_others, "consents": _opted_out, "benefit_events": _redeemed}


def _any_of(columns: Collection[str]) -> Column:
    """True where one of some flags is; null where the region has none of their tables."""
    flags = [F.coalesce(name, F.lit(False)) for name in columns]
    return reduce(or_, flags) if flags else F.lit(None).cast("boolean")


def _or_nothing(table: DataFrame, name: str, data_type: str) -> Column:
    nothing = F.lit(0).cast(data_type)
    return F.coalesce(F.col(name).cast(data_type), nothing) if name in table.columns else nothing


def _if_known(table: DataFrame, name: str, nothing: Column) -> Column:
    """Nothing for a user without a row; null for everybody where the region has no such table."""
    data_type = "boolean" if name == "opted_out" else MONEY
    return F.coalesce(name, nothing) if name in table.columns else F.lit(None).cast(data_type)
