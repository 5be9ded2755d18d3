"""Contact policy: which users must not be contacted again yet, at all or by one channel."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS, REACHED, REACTIONS
from reactivation.frames import union_all
from reactivation.periods import Calendar
from reactivation.population.settings import ChannelPolicySettings, PopulationSettings

_COLUMNS = ", ".join(
    (
        "user_id bigint, recent_contacts bigint, is_over_contact_limit boolean, is_in_quiet_days boolean",
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
    """One row per user with a contact around a day, or a reaction before it. Users without a row have had none.

    recent_contacts, is_over_contact_limit, is_in_quiet_days, is_over_<channel>_limit. day: on which the next contact
    would be sent. recent_contacts counts contacts of any channel at most `window_days` days away from it, those of the
    day itself and reserved later ones among them. The limit is reached at `max_contacts`. A day is quiet where a
    contact lies less than `min_days_between` days away, or less than `cool_off_days` days have passed since a reaction
    arrived. The limits of one channel, its quiet days among them, count what happened by that channel alone. Only what
    was known before 00:00 of `known_before` (default: the day) counts. A contact whose receipts imply a delivery is one
    contact, however many they are. contacts, outside_contacts: None where the region has no such table.
    """
    policy, nothing = settings.contact_policy, F.lit(None).cast("date")
    longest, is_known = timedelta(days=policy.longest_days), calendar.is_before("arrived_at", known_before or day)
    sent_on, reacted_on = calendar.day("sent_at"), calendar.day("arrived_at")
    contact = "user_id", "channel", sent_on.alias("sent_on"), nothing.alias("reacted_on")
    is_near = is_known & sent_on.between(day - longest, day + longest)
    found = []
    if contacts is not None:
        reached = contacts.where(F.col("status").isin(*REACHED) & is_near)
        found.append(reached.dropDuplicates(["contact_id"]).select(*contact))
        if policy.longest_cool_off_days:
            is_recent = reacted_on > day - timedelta(days=policy.longest_cool_off_days)
            reacted = contacts.where(F.col("status").isin(*REACTIONS) & is_known & is_recent)
            found.append(reacted.select(*contact[:2], nothing.alias("sent_on"), reacted_on.alias("reacted_on")))
    if outside_contacts is not None and policy.counts_outside_contacts:
        found.append(outside_contacts.where(is_near).select(*contact))
    if not found:
        return SparkSession.active().createDataFrame([], _COLUMNS)
    days_away, days_since = F.abs(F.datediff(F.lit(day), "sent_on")), F.datediff(F.lit(day), "reacted_on")

    def is_full(limits: ChannelPolicySettings, counts: Column) -> Column:
        return F.count_if(counts & (days_away <= limits.window_days)) >= limits.max_contacts

    def is_quiet(limits: ChannelPolicySettings, counts: Column) -> Column:
        is_soon = F.coalesce(days_away < limits.min_days_between, F.lit(False))
        if limits.cool_off_days:
            is_soon |= F.coalesce(days_since < limits.cool_off_days, F.lit(False))
        return F.count_if(counts & is_soon) > 0

    of_channels = {channel: F.lit(False) for channel in CONTACT_CHANNELS}
    for channel, limits in policy.channels.items():
        is_own = F.col("channel") == channel
        of_channels[channel] = is_full(limits, is_own) | is_quiet(limits, is_own)
    return (
        union_all(found)
        .groupBy("user_id")
        .agg(
            F.count_if(days_away <= policy.window_days).alias("recent_contacts"),
            is_full(policy, F.lit(True)).alias("is_over_contact_limit"),
            is_quiet(policy, F.lit(True)).alias("is_in_quiet_days"),
            *[over.alias(f"is_over_{channel}_limit") for channel, over in of_channels.items()],
        )
    )
