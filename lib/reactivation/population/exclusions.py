"""Excluded users: the bank lets nobody contact them by a channel, whatever they have decided themselves."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.frames import by_value, union_all
from reactivation.periods import Calendar
from reactivation.population.permissions import Permissions, each_channel


def excluded(
    permissions: Permissions, *, day: date, calendar: Calendar, last: Mapping[str, date] | None = None
) -> DataFrame | None:
    """One row per user with an exclusion: excluded_<channel>, excluded_unread_<channel>; None where there is no table.

    Of the versions of an exclusion (user, reason, channel, from_on) the latest that arrived before 00:00 of the day
    counts; it bars from `from_on` to `until_on`, both included. A row that cannot be read bars from its arrival until a
    readable one of that channel, or of all, arrives later, of the same reason, or where that cannot be read of any.
    last: by channel a later day; one that begins by then bars.
    """
    found: list[DataFrame] = []
    never = F.lit(None).cast("timestamp")
    if permissions.exclusions is not None:
        known = permissions.exclusions.where(calendar.is_before("arrived_at", day))
        versions = known.groupBy("user_id", "reason", "channel", "from_on").agg(
            F.max_by("until_on", "arrived_at").alias("until_on"), F.max("arrived_at").alias("read_at")
        )
        days = {**dict.fromkeys(CONTACT_CHANNELS, day), **(last or {})}
        each = versions.withColumn("channel", F.explode(each_channel(F.col("channel"))))
        has_ended = F.coalesce(F.col("until_on") < F.lit(day), F.lit(False))
        has_begun = F.col("from_on") <= by_value(F.col("channel"), days)
        is_in_force = (has_begun & ~has_ended).alias("is_in_force")
        found.append(each.select("user_id", "reason", "channel", is_in_force, "read_at", never.alias("unread_at")))
    unread = permissions.unread("exclusions", day=day, calendar=calendar)
    if unread is not None:
        named, is_none = unread.where("user_id is not null"), F.lit(False).alias("is_in_force")
        unread_at = F.col("arrived_at").alias("unread_at")
        channel = F.explode("channels").alias("channel")
        found.append(named.select("user_id", "reason", channel, is_none, never.alias("read_at"), unread_at))
    if not found:
        return None
    by_reason = (
        union_all(found)
        .groupBy("user_id", "channel", "reason")
        .agg(
            F.bool_or("is_in_force").alias("is_in_force"),
            *[F.max(name).alias(name) for name in ("read_at", "unread_at")],
        )
    )
    marks, unread_at, read_at = {}, F.col("unread_at"), F.col("read_at")
    for name in CONTACT_CHANNELS:
        is_it = F.col("channel") == name
        of_a_reason = F.bool_or(is_it & F.col("reason").isNotNull() & _is_unread(unread_at, read_at))
        of_none = F.max(F.when(is_it & F.col("reason").isNull(), unread_at))
        is_unread = of_a_reason | _is_unread(of_none, F.max(F.when(is_it, read_at)))
        in_force = F.coalesce(F.bool_or(is_it & F.col("is_in_force")), F.lit(False))
        marks[f"excluded_{name}"] = in_force | is_unread
        marks[f"excluded_unread_{name}"] = is_unread & ~in_force
    return by_reason.groupBy("user_id").agg(*[mark.alias(name) for name, mark in marks.items()])


def _is_unread(unread_at: Column, read_at: Column) -> Column:
    return F.coalesce(unread_at >= read_at, unread_at.isNotNull())
