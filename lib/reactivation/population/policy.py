"""Contact policy: which users must not be contacted again yet."""

from datetime import date, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.frames import union_all
from reactivation.periods import Calendar, Window
from reactivation.population.settings import PopulationSettings

_COLUMNS = "user_id bigint, recent_contacts bigint, is_over_contact_limit boolean"


def recently_contacted(
    contacts: DataFrame | None,
    outside_contacts: DataFrame | None,
    *,
    day: date,
    calendar: Calendar,
    settings: PopulationSettings,
) -> DataFrame:
    """One row per user with a contact in the policy's windows: recent_contacts, is_over_contact_limit.

    recent_contacts counts contacts of any channel in the `window_days` days before the day. The limit is reached at
    `max_contacts`, or where the last contact lies less than `min_days_between` days before the day. Only contacts that
    were sent and arrived before 00:00 of the day count. Users without a row have had no contact.
    contacts, outside_contacts: None where the region has no such table.
    """
    policy = settings.contact_policy
    sent = []
    if contacts is not None:
        sent.append(contacts.where(F.col("status") == "delivered"))
    if outside_contacts is not None and policy.counts_outside_contacts:
        sent.append(outside_contacts)
    if not sent:
        return SparkSession.active().createDataFrame([], _COLUMNS)

    longest = policy.longest_days
    window = Window(day - timedelta(days=longest), day)
    is_known = calendar.is_within("sent_at", window) & calendar.is_before("arrived_at", day)
    sent_on = [table.where(is_known).select("user_id", calendar.day("sent_at").alias("sent_on")) for table in sent]
    days_ago = F.datediff(F.lit(day), "sent_on")
    counted = (
        union_all(sent_on)
        .groupBy("user_id")
        .agg(
            F.count_if(days_ago <= policy.window_days).alias("recent_contacts"),
            F.min(days_ago).alias("days_since_last"),
        )
    )
    is_too_many = F.col("recent_contacts") >= policy.max_contacts
    is_too_soon = F.col("days_since_last") < policy.min_days_between
    return counted.select("user_id", "recent_contacts", (is_too_many | is_too_soon).alias("is_over_contact_limit"))
