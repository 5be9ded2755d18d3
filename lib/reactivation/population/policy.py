"""Contact policy: which users must not be contacted again yet, at all or by one channel."""

from collections.abc import Mapping
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
    sent_until: Mapping[str, date] | None = None,
) -> DataFrame:
    """One row per user with a contact around a day, or a reaction before it. Users without a row have had none.

    recent_contacts, is_over_contact_limit, is_in_quiet_days, is_over_<channel>_limit. day: on which the next contact
    would be sent. recent_contacts counts contacts of any channel at most `window_days` days away from it, those of the
    day itself and reserved later ones among them. The limit is reached at `max_contacts`. A day is quiet where a
    contact lies less than `min_days_between` days away, or less than `cool_off_days` days have passed since a reaction
    arrived. The limits of one channel, its quiet days among them, count what happened by that channel alone. Only what
    was known before 00:00 of `known_before` (default: the day) counts. A contact whose receipts imply a delivery is one
    contact, however many they are. contacts, outside_contacts: None where the region has no such table. sent_until: by
    channel, the last day on which a contact would go out (default: the day). is_over_<channel>_limit is true as well
    where a limit over all would not let it go out on one of its later days.
    """
    policy, nothing = settings.contact_policy, F.lit(None).cast("date")
    last = {channel: max(until, day) for channel, until in (sent_until or {}).items()}
    longest, is_known = timedelta(days=policy.longest_days), calendar.is_before("arrived_at", known_before or day)
    sent_on, reacted_on = calendar.day("sent_at"), calendar.day("arrived_at")
    contact = "user_id", "channel", sent_on.alias("sent_on"), nothing.alias("reacted_on")
    is_near = is_known & sent_on.between(day - longest, max([day, *last.values()]) + longest)
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
    every = F.lit(True)
    is_over, is_quiet = _is_over(policy, every, day, day), _is_quiet(policy, every, day, day)
    of_channels = {channel: F.lit(False) for channel in CONTACT_CHANNELS}
    for channel, until in last.items():
        if until > day:
            later = _is_over(policy, every, day, until) | _is_quiet(policy, every, day, until)
            of_channels[channel] = later & ~(is_over | is_quiet)
    for channel, limits in policy.channels.items():
        counted = F.col("channel") == channel, day, last.get(channel, day)
        of_channels[channel] |= _is_over(limits, *counted) | _is_quiet(limits, *counted)
    return (
        union_all(found)
        .groupBy("user_id")
        .agg(
            F.count_if(_days_away(day, day) <= policy.window_days).alias("recent_contacts"),
            is_over.alias("is_over_contact_limit"),
            is_quiet.alias("is_in_quiet_days"),
            *[over.alias(f"is_over_{channel}_limit") for channel, over in of_channels.items()],
        )
    )


def _days_away(first: date, until: date) -> Column:
    """Days between a contact and the nearest of some days; null for a reaction."""
    before, after = F.datediff(F.lit(first), "sent_on"), F.datediff("sent_on", F.lit(until))
    return F.when(F.col("sent_on").isNotNull(), F.greatest(before, after, F.lit(0)))


def _is_over(limits: ChannelPolicySettings, counts: Column, first: date, until: date) -> Column:
    return F.count_if(counts & (_days_away(first, until) <= limits.window_days)) >= limits.max_contacts


def _is_quiet(limits: ChannelPolicySettings, counts: Column, first: date, until: date) -> Column:
    is_soon = F.coalesce(_days_away(first, until) < limits.min_days_between, F.lit(False))
    if limits.cool_off_days:
        is_soon |= F.coalesce(F.datediff(F.lit(first), "reacted_on") < limits.cool_off_days, F.lit(False))
    return F.count_if(counts & is_soon) > 0
