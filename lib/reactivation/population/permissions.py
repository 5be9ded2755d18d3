"""What says who may be contacted and profiled: the bank's rows on it, those that cannot be read among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.canonical import ALL_CHANNELS, CONTACT_CHANNELS, CONTACT_STATUSES, REFUSING_STATUSES
from reactivation.periods import Calendar
from reactivation.population.settings import KINDS

UNKNOWN_USER = "unknown_user"
"""Reason of quarantined rows that can be read: each counts in its canonical table once its user is known."""
_AS_READ = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?Z$"
"""An instant that the ingest could read, as it writes it into `row_json`; what it could not stays as it came."""
_FURTHEST_AHEAD = timedelta(days=366)
_ROW = "channel string, event_at string, sent_at string, status string, reason string"


@dataclass(frozen=True)
class Permissions:
    """The tables that say it; None where the region has no such table.

    words: further words for channels, in lower case, as the ingest takes them. earliest: the first day that an event of
    the bank can lie on.
    """

    earliest: date
    consents: DataFrame | None = None
    contacts: DataFrame | None = None
    exclusions: DataFrame | None = None
    quarantine: DataFrame | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    def unread(self, source: str, *, day: date, calendar: Calendar) -> DataFrame | None:
        """Rows of a source that broke a rule and arrived before 00:00 of the day; None where there is no quarantine.

        One row each: user_id (null: cannot be read), channels (those that it may concern), reason (of an exclusion;
        null: cannot be read), happened_at, arrived_at, neither of them null. Of receipts, those that may be an opt-out
        or a complaint; of master data all, as any may be a closing. Where the time of
        the event cannot be read, lies before `earliest` or after the arrival, it is the arrival; where that cannot be
        read either, an event more than a year ahead is a slip, and the row counts as of the day itself, so that nothing
        known is later.
        """
        if self.quarantine is None:
            return None
        rows = self.quarantine.where((F.col("source") == source) & (F.col("reason") != UNKNOWN_USER))
        rows = rows.select("user_id", "arrived_at", F.from_json("row_json", _ROW).alias("row"))
        if source == "contacts":
            status = F.lower(F.trim("row.status"))
            may_refuse = status.isin(*REFUSING_STATUSES) | ~status.isin(*CONTACT_STATUSES)
            rows = rows.where(F.coalesce(may_refuse, F.lit(True)))
        event_at = _instant(F.col("row.event_at"))
        latest = F.coalesce("arrived_at", calendar.starts(day + _FURTHEST_AHEAD))
        is_possible = event_at.between(calendar.starts(self.earliest), latest)
        happened_at = F.coalesce(F.when(is_possible, event_at), "arrived_at")
        known = rows.where(F.coalesce(calendar.is_before(F.coalesce("arrived_at", happened_at), day), F.lit(True)))
        return known.select(
            "user_id",
            self._concerned(source).alias("channels"),
            "row.reason",
            F.coalesce(happened_at, calendar.starts(day)).alias("happened_at"),
            F.coalesce("arrived_at", calendar.starts(day)).alias("arrived_at"),
        )

    def _concerned(self, source: str) -> Column:
        """Channels that an unreadable row may concern: the one it names where that is known, else all."""
        kinds: Sequence[str] = KINDS if source == "consents" else CONTACT_CHANNELS
        known = {**{kind: kind for kind in kinds}, **self.words}
        pairs = [F.lit(text) for word, kind in known.items() if kind in kinds for text in (word, kind)]
        named = F.try_element_at(F.create_map(*pairs), F.lower(F.trim("row.channel")))
        return F.when(named.isNotNull(), F.array(named)).otherwise(F.array(*[F.lit(kind) for kind in kinds]))


def _instant(text: Column) -> Column:
    return F.when(text.rlike(_AS_READ), text.try_cast("timestamp"))


def each_channel(channel: Column) -> Column:
    """The channels that a readable exclusion bars, as an array."""
    every = F.array(*[F.lit(name) for name in CONTACT_CHANNELS])
    return F.when(channel == ALL_CHANNELS, every).otherwise(F.array(channel))
