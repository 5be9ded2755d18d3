"""What each user of the month's arms did in the outcome window, and what was done to them."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Calendar, Month, Window
from reactivation.tables import derived
from reactivation.tables.contract import MONEY

_RECEIVED = ("contacts_delivered", "outside_contacts")


def outcomes(
    behaviour: DataFrame,
    *,
    assets: DataFrame,
    wave_plan: DataFrame,
    contacts: DataFrame | None,
    outside_contacts: DataFrame | None,
    cycle: Month,
    window: Window,
    calendar: Calendar,
) -> DataFrame:
    """One row per user of `arms`, reached or not, in a cell or not: intention to treat.

    Grain and key: cycle, user_id. Both clocks hold: what happened in the outcome window (assets: in the month; contacts
    of ours: of the cycle) and arrived before the settle date. The month is frozen then.
    behaviour: one row per user of `arms` with logged_in, transacted, is_active over the window, by both clocks.
    assets: user_id, has_asset_uplift, asset_change over the month; a user without a row has no known balance.
    wave_plan: the cycle's. contacts, outside_contacts: canonical, None where the region has none.
    """
    was_known = calendar.is_before("arrived_at", calendar.settle_on(cycle))
    planned = wave_plan.groupBy("user_id").agg(F.sum("cost").alias("spend"))
    table = (
        behaviour.select("user_id", "logged_in", "transacted", "is_active")
        .join(assets.select("user_id", "has_asset_uplift", "asset_change"), "user_id", "left")
        .join(planned, "user_id", "left")
    )
    if contacts is not None:
        is_delivered = (F.col("cycle") == str(cycle)) & (F.col("status") == "delivered")
        delivered = contacts.where(is_delivered & was_known).groupBy("user_id")
        table = table.join(delivered.agg(F.count_distinct("contact_id").alias("contacts_delivered")), "user_id", "left")
    if outside_contacts is not None:
        by_others = outside_contacts.where(calendar.is_within("sent_at", window) & was_known).groupBy("user_id")
        table = table.join(by_others.agg(F.count("*").alias("outside_contacts")), "user_id", "left")
    received = {name: F.coalesce(name, F.lit(0)) if name in table.columns else F.lit(0) for name in _RECEIVED}
    spend = F.coalesce("spend", F.lit(0)).cast(MONEY)
    return derived.OUTCOMES.select(table.withColumns({"cycle": F.lit(str(cycle)), "spend": spend, **received}))
