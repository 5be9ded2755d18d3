"""Are the feeds of permissions fit to plan by: did they come lately, and can it be read whom their rows are about?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.canonical import REFUSING_STATUSES
from reactivation.errors import Finding
from reactivation.frames import union_all
from reactivation.periods import Calendar
from reactivation.population.permissions import Permissions
from reactivation.population.settings import PopulationSettings

FEEDS = ("consents", "exclusions", "contacts")
_FEED_OF = {"consents": "consents", "contacts": "consents", "exclusions": "exclusions"}
"""Receipts that refuse are counted with the consents."""
RECENT = timedelta(days=31)
"""Before the day: rows that came since are judged by themselves, so that a long history hides no broken delivery."""


def feed_rows(permissions: Permissions, *, day: date, calendar: Calendar) -> DataFrame | None:
    """What arrived of each feed before 00:00 of the day, one row per feed.

    feed, rows, without_user (those whose user cannot be read), recent_rows, recent_without_user (of the same, those of
    the last `RECENT`), newest_on (day of the newest readable arrival; null where there is none). Rows that broke a rule
    are counted as well. None where the region has none of the tables. Receipts that refuse stand with the consents, of
    which they are none; `contacts` has all that can be read.
    """
    receipts, never = permissions.contacts, F.lit(None).cast("timestamp")
    refusals = None if receipts is None else receipts.where(F.col("status").isin(*REFUSING_STATUSES))
    told = {"consents": permissions.consents, "exclusions": permissions.exclusions, "contacts": receipts}
    read = [*((feed, rows, F.col("arrived_at")) for feed, rows in told.items()), ("consents", refusals, never)]
    found: list[DataFrame] = []
    for feed, rows, told_at in read:
        if rows is not None:
            known = rows.where(calendar.is_before("arrived_at", day))
            found.append(known.select(F.lit(feed).alias("feed"), "user_id", "arrived_at", told_at.alias("told_at")))
    for source, feed in _FEED_OF.items():
        unread = permissions.unread(source, day=day, calendar=calendar)
        if unread is not None:
            found.append(unread.select(F.lit(feed).alias("feed"), "user_id", "arrived_at", never.alias("told_at")))
    if not found:
        return None
    is_unknown, is_recent = F.col("user_id").isNull(), F.col("arrived_at") >= calendar.starts(day - RECENT)
    return (
        union_all(found)
        .groupBy("feed")
        .agg(
            F.count("*").alias("rows"),
            F.count_if(is_unknown).alias("without_user"),
            F.count_if(is_recent).alias("recent_rows"),
            F.count_if(is_recent & is_unknown).alias("recent_without_user"),
            calendar.day(F.max("told_at")).alias("newest_on"),
        )
    )


def newest_deliveries(counts: DataFrame) -> DataFrame:
    """The newest delivery of each source that an ingest saw: source, delivered_on. counts: `ingest_counts`."""
    return counts.groupBy("source").agg(F.max("delivered_on").alias("delivered_on"))


def feed_problems(
    rows: Iterable[Mapping[str, Any]],
    delivered_on: Mapping[str, date | None],
    *,
    feeds: Iterable[str],
    sent_since: date | None,
    day: date,
    settings: PopulationSettings,
    few: int,
) -> Iterator[Finding]:
    """Why no wave can be planned on the day; nothing where the feeds are fit.

    rows: of `feed_rows`. delivered_on: by feed, the day of its newest delivery that an ingest saw, even if empty.
    feeds: those that the region has by its conf. sent_since: the day on which the first of the own contacts were sent;
    None: none were. Receipts must have come lately once contacts went out so long ago that some must be there. few:
    recent rows without a user that are never too many.
    """
    found, consent = {row["feed"]: row for row in rows}, settings.consent
    oldest = consent.oldest_feed.oldest(day)
    for feed in feeds:
        if feed == "contacts" and (oldest is None or sent_since is None or sent_since > oldest):
            continue
        newest_on = found[feed]["newest_on"] if feed in found else None
        days = [known for known in (newest_on, delivered_on.get(feed)) if known is not None]
        if oldest is not None and max(days, default=date.min) < oldest:
            last = f"the newest delivery is of {max(days)}" if days else "no delivery is known"
            limit = f"older than the {consent.oldest_feed.days} days of population.consent.oldest_feed"
            advice = f"{last}, {limit}; bring the feed in (an empty file will do), then run jobs/ingest_sources.py"
            yield Finding("feed too old", feed, advice)
    for feed, row in sorted(found.items()):
        limit = f"above {consent.max_share_without_user:g} (population.consent.max_share_without_user)"
        for kind, when, never_too_many in (("", "", 0), ("recent_", f" of the last {RECENT.days} days", few)):
            rows_in, unknown = row[f"{kind}rows"], row[f"{kind}without_user"]
            if unknown > never_too_many and unknown > consent.max_share_without_user * rows_in:
                told = f"{unknown} of {rows_in} rows{when} ({unknown / rows_in:.2%}), {limit}"
                yield Finding("user unreadable", feed, f"{told}; mend them: see `quarantine`")
                break
