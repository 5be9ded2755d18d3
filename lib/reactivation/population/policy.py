"""Contact policy: which users must not be contacted again yet, at all or by one channel."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS, REACHED
from reactivation.frames import union_all
from reactivation.periods import Calendar
from reactivation.population.settings import ChannelPolicySettings, PopulationSettings

_COLUMNS = ", ".join(
    (
        "user_id bigint, recent_contacts bigint, is_over_contact_limit boolean",
        *(f"is_over_{channel}_limit boolean" for channel in CONTACT_CHANNELS),
    )
)


def recently_contacted(
    contacts: DataFrame | None,
    outside_contacts: DataFrame | None,
    *,
    day: date,
    calendar: Calendar,
    settings: PopulationSettings,
    known_before: date | None = None,
) -> DataFrame:
    """One row per user with a contact around a day: recent_contacts, is_over_contact_limit, is_over_<channel>_limit.

    day: on which the next contact would be sent. recent_contacts counts contacts of any channel at most `window_days`
    days away from it, those of the day itself and reserved later ones among them. The limit is reached at
    `max_contacts`, or where a contact lies less than `min_days_between` days away; the limits of one channel count
    contacts by that channel alone. Only what was known before 00:00 of `known_before` (default: the day) counts. A
    contact whose receipts imply a delivery is one contact, however many they are. Users without a row have had none.
    contacts, outside_contacts: None where the region has no such table.
    """
    policy = settings.contact_policy
    longest, is_known = timedelta(days=policy.longest_days), calendar.is_before("arrived_at", known_before or day)
    sent_on = calendar.day("sent_at")
    is_near = sent_on.between(day - longest, day + longest)
    sent = []
    if contacts is not None:
        reached = contacts.where(F.col("status").isin(*REACHED) & is_known & is_near)
        sent.append(reached.dropDuplicates(["contact_id"]))
    if outside_contacts is not None and policy.counts_outside_contacts:
        sent.append(outside_contacts.where(is_known & is_near))
    if not sent:
        return SparkSession.active().createDataFrame([], _COLUMNS)
    together = union_all([table.select("user_id", "channel", sent_on.alias("sent_on")) for table in sent])
    days_away = F.abs(F.datediff(F.lit(day), "sent_on"))
    is_over = _is_over(policy, days_away, F.lit(True))
    of_channels = {
        f"is_over_{channel}_limit": _is_over(policy.channels[channel], days_away, F.col("channel") == channel)
        if channel in policy.channels
        else F.lit(False)
        for channel in CONTACT_CHANNELS
    }
    return together.groupBy("user_id").agg(
        F.count_if(days_away <= policy.window_days).alias("recent_contacts"),
        is_over.alias("is_over_contact_limit"),
        *[over.alias(name) for name, over in of_channels.items()],
    )


def _is_over(policy: ChannelPolicySettings, days_away: Column, counts: Column) -> Column:
    """True where a user has too many contacts that count, or one too near. An aggregate."""
    is_too_many = F.count_if(counts & (days_away <= policy.window_days)) >= policy.max_contacts
    is_too_soon = F.count_if(counts & (days_away < policy.min_days_between)) > 0
    return is_too_many | is_too_soon
