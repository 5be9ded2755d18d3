"""What happened to waves: which version of a plan is planned, which is released, and which contacts stand.

Every reader of plans goes by this. The read-out and the draws take a wave's newest release; caps, spend and receipts
take every released contact that was not stopped. What release 0.1.0 planned has no version and was sent as planned.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts.canonical import NOT_TRIED
from reactivation.errors import Finding
from reactivation.frames import by_value
from reactivation.periods import Calendar

Event = Mapping[str, Any]
SENT_AS_PLANNED = 1
"""The version that a plan of 0.1.0 counts as."""


def release_id(region: str, scenario: str, cycle: str, wave: str, version: int) -> str:
    """Name of one version of one wave, no other scenario's among them: contact ids begin with it.

    >>> release_id("sandbox", "mobile_activity", "2026-06", "W1", 2)
    'sandbox-mobile_activity-2026-06-W1-v2'
    """
    return "-".join((region, scenario, cycle, wave, f"v{version}"))


def event_id(cycle: str, wave: str, status: str, version: int | None = None) -> str:
    """Name of one row of `wave_releases`.

    >>> event_id("2026-06", "W1", "released", 2), event_id("2026-06", "W2", "skipped")
    ('2026-06-W1-v2-released', '2026-06-W2-skipped')
    """
    return "-".join((cycle, wave, *([] if version is None else [f"v{version}"]), status))


@dataclass(frozen=True)
class Ledger:
    """The rows of `wave_releases` of one region and scenario."""

    events: tuple[Event, ...] = ()

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Ledger":
        """Rows in the order of their versions."""
        return cls(tuple(sorted(events, key=lambda event: event["plan_version"] or 0)))

    def having(self, status: str, *, cycle: str, wave: str | None = None) -> list[Event]:
        """Events of one kind, lowest version first. wave: None for all of the cycle's."""
        return [e for e in self.events if (e["status"], e["cycle"]) == (status, cycle) and wave in (None, e["wave"])]

    def planned(self, *, cycle: str, wave: str) -> Event | None:
        """The newest version of a wave's plan."""
        return next(reversed(self.having("planned", cycle=cycle, wave=wave)), None)

    def released(self, *, cycle: str, wave: str) -> Event | None:
        """The newest release of a wave."""
        return next(reversed(self.having("released", cycle=cycle, wave=wave)), None)

    def skipped(self, *, cycle: str) -> set[str]:
        """The waves of a cycle that were left out."""
        return {event["wave"] for event in self.having("skipped", cycle=cycle)}

    @property
    def sent_since(self) -> date | None:
        """The day on which the first contacts that were released began to be sent; None before any were."""
        days = (e["send_on"] for e in self.events if e["status"] == "released" and e["contacts"])
        return min(days, default=None)

    def is_sent(self, cycle: str) -> bool:
        """True where a wave of the cycle went out; 0.1.0, which noted no event, sent what it planned."""
        return cycle not in {e["cycle"] for e in self.events} or bool(self.having("released", cycle=cycle))

    def open_releases(self, *, cycle: str, wave: str | None = None) -> list[Event]:
        """Releases that were not stopped, lowest version first."""
        ends = {e["release_id"] for e in self.having("stopped", cycle=cycle, wave=wave)}
        return [e for e in self.having("released", cycle=cycle, wave=wave) if e["release_id"] not in ends]

    def is_newest_release(self) -> Column:
        """True for the rows of each wave's newest release, in a table with cycle, wave and plan_version."""
        newest = {(e["cycle"], e["wave"]): e["plan_version"] for e in self.events if e["status"] == "released"}
        is_old = F.col("plan_version").isNull()
        wanted = [f"{cycle} {wave} {version}" for (cycle, wave), version in newest.items()]
        again = F.concat_ws(" ", "cycle", "wave").isin([f"{cycle} {wave}" for cycle, wave in newest])
        return F.concat_ws(" ", "cycle", "wave", "plan_version").isin(wanted) | (is_old & ~again)

    @property
    def cut_short(self) -> set[tuple[str, str]]:
        """Cycle and wave of newest releases of which contacts were stopped: not every user got what was drawn."""
        stopped = {e["release_id"] for e in self.events if e["status"] == "stopped" and e["contacts"]}
        newest = {(e["cycle"], e["wave"]): e["release_id"] for e in self.events if e["status"] == "released"}
        return {wave for wave, release in newest.items() if release in stopped}

    def released_contacts(self, contact_ledger: DataFrame) -> DataFrame:
        """Own contacts that were released and not stopped, of all versions; not what a broken-off release reserved."""
        ids = [e["release_id"] for e in self.events if e["status"] == "released"]
        return not_stopped(contact_ledger).where(F.col("release_id").isin(ids))


_SENT = ("contact_id", "user_id", "cycle", "wave", "channel", "benefit", "cost", "send_on")
CONTACT = (*_SENT, "send_from", "benefit_valid_until")
"""Columns of a contact that stands, whichever release made it."""


def not_stopped(contact_ledger: DataFrame) -> DataFrame:
    """Contacts of all scenarios that were not stopped; what a broken-off release reserved is among them."""
    return contact_ledger.where(F.col("stopped_on").isNull())


def of_others(
    contact_ledger: DataFrame, *, wave: Event, scope: tuple[str, str], until: date | None, near: date
) -> DataFrame:
    """Contacts that stand or are reserved, of all regions and scenarios, but the own wave's: for caps.

    wave: cycle and wave. scope: the own region and scenario. until: of these, only contacts sent by that day. send_on:
    of the days on which a contact may go out (calls are made for some days), the one nearest to `near`.
    """
    is_ours = (F.col("region") == scope[0]) & (F.col("scenario") == scope[1])
    others = not_stopped(contact_ledger).where(~(is_ours & _is_not_others(wave, until)))
    return others.withColumn("send_on", F.greatest("send_from", F.least("send_until", F.lit(near))))


def counted_in_plan(contact_ledger: DataFrame, plan: Event, *, scope: tuple[str, str]) -> DataFrame:
    """Contacts that stand or are reserved and take of the month's money and stock when a wave is planned.

    plan: cycle, wave, plan_version and send_on. scope: the own region and scenario. Of these, what other waves send by
    the plan's day and what earlier versions of the wave sent, so that a plan made again, once it or a later wave is
    released, counts the same; of other scenarios everything.
    """
    is_ours = (F.col("region") == scope[0]) & (F.col("scenario") == scope[1])
    is_wave = (F.col("cycle") == plan["cycle"]) & (F.col("wave") == plan["wave"])
    is_earlier = F.when(is_wave, F.col("plan_version") < plan["plan_version"]).otherwise(
        F.col("send_on") <= F.lit(plan["send_on"])
    )
    return not_stopped(contact_ledger).where(~is_ours | is_earlier)


def may_be_sent(reserved: DataFrame, receipts: DataFrame | None, *, day: date, calendar: Calendar) -> DataFrame:
    """Contacts of a release that a channel may still send on a day, by what was known at 00:00 of it.

    Neither stopped, nor past their last day, nor with a receipt that says the channel tried to reach that user.
    """
    waiting = not_stopped(reserved).where(F.col("send_until") >= F.lit(day))
    if receipts is None:
        return waiting
    known = receipts.where(calendar.is_before("arrived_at", day))
    return waiting.join(_tried(known, "contact_id", "user_id"), ["contact_id", "user_id"], "left_anti")


def _tried(receipts: DataFrame, *columns: str) -> DataFrame:
    """Contacts of which a receipt says that the channel tried, each once."""
    return receipts.where(~F.col("status").isin(*NOT_TRIED)).select(*columns).distinct()


def _is_not_others(wave: Event, until: date | None) -> Column:
    is_wave: Column = (F.col("cycle") == F.lit(wave["cycle"])) & (F.col("wave") == F.lit(wave["wave"]))
    return is_wave | (F.col("send_on") > (until or date.max))


def stopped(reserved: DataFrame, after: Mapping[str, int], receipts: DataFrame | None, *, day: date) -> DataFrame:
    """Rows of a release in `contact_ledger`, the unsent ones stopped. after: by channel the send_order sent last.

    The order is a hash, so the stop cuts all cells alike. A contact that a receipt calls tried stands, whatever was
    said to be sent last: else its user could be contacted again.
    """
    last, known = by_value(F.col("channel"), after, 0), reserved.withColumn("was_tried", F.lit(None).cast("boolean"))
    if receipts is not None:
        known = reserved.join(_tried(receipts, "contact_id").withColumn("was_tried", F.lit(True)), "contact_id", "left")
    is_unsent = F.col("stopped_on").isNull() & (F.col("send_order") > last) & F.col("was_tried").isNull()
    found = F.when(is_unsent, F.lit(day)).otherwise(F.col("stopped_on"))
    return derived.CONTACT_LEDGER.select(known.withColumn("stopped_on", found))


def perhaps_sent(reserved: DataFrame, after: Mapping[str, int], receipts: DataFrame | None, *, day: date) -> DataFrame:
    """Contacts that a stop on a day would free though they may have gone out by then. Grain: channel; contacts.

    Their first day of sending has come, and no receipt tells of them. after: as for `stopped`.
    """
    last = by_value(F.col("channel"), after, 0)
    due = not_stopped(reserved).where((F.col("send_from") <= F.lit(day)) & (F.col("send_order") > last))
    if receipts is not None:
        known = receipts.select("contact_id", "user_id").distinct()
        due = due.join(known, ["contact_id", "user_id"], "left_anti")
    return due.groupBy("channel").agg(F.count("*").alias("contacts"))


def still_sending(reserved: DataFrame, *, day: date) -> DataFrame:
    """The last day of each channel of a release that may still send on a day. Grain: channel; last."""
    last = not_stopped(reserved).groupBy("channel").agg(F.max("send_until").alias("last"))
    return last.where(F.col("last") >= F.lit(day))


def sent_until(reserved: DataFrame, receipts: DataFrame) -> DataFrame:
    """The highest send_order of each channel that has a receipt: it and all before it were sent. Grain: channel."""
    known = reserved.join(receipts.select("contact_id").distinct(), "contact_id", "left_semi")
    return known.groupBy("channel").agg(F.max("send_order").alias("last"))


def sent_as_planned(wave_plan: DataFrame, *, wave: Event | None = None, until: date | None = None) -> DataFrame:
    """Contacts that 0.1.0 planned, and thereby sent. wave, until: as for `of_others`; None: all of them."""
    sent = wave_plan.where(F.col("plan_version").isNull() & F.col("contact_id").isNotNull())
    return sent if wave is None else sent.where(~_is_not_others(wave, until))


def standing(released: DataFrame | None, sent_as_planned: DataFrame) -> DataFrame:
    """Contacts that stand, as `CONTACT`: of `contact_ledger`, and of plans of 0.1.0, whose last day is not known."""
    old = sent_as_planned.selectExpr(*_SENT, "send_on as send_from", "cast(null as date) as benefit_valid_until")
    return old if released is None else released.select(*CONTACT).unionByName(old)


def numbered(plan: DataFrame, *, version: int, release: str, registered_on: date) -> DataFrame:
    """A plan as a version of its wave: plan_version, the registered day, and contact ids that no other release has."""
    contact_id = F.concat_ws("-", F.lit(release), F.col("user_id").cast("string"))
    named = plan.withColumns(
        {
            "plan_version": F.lit(version),
            "registered_on": F.lit(registered_on),
            "contact_id": F.when(F.col("channel") != "none", contact_id),
        }
    )
    return derived.WAVE_PLAN.select(named)


def kept_beside(stored: DataFrame, versions: Iterable[int]) -> DataFrame:
    """Rows of a wave's earlier versions, those of 0.1.0 among them; what a broken-off plan left is not kept."""
    return stored.where(F.col("plan_version").isNull() | F.col("plan_version").isin(list(versions)))


def days_that_forbid(planned: Event, *, day: date) -> Iterator[Finding]:
    """Why a version may not be released on a day: it was planned later, or its day to be sent has passed."""
    if day < planned["as_of"]:
        yield Finding("too early", str(day), f"it was planned as of {planned['as_of']}")
    if day > planned["send_on"]:
        yield Finding("too late", str(day), f"it was to be sent on {planned['send_on']}: skip it, or plan it anew")


def stopped_sums(marked: DataFrame) -> DataFrame:
    """One row: contacts that are stopped, their expected cost, and that if every benefit is redeemed."""
    is_stopped = F.col("stopped_on").isNotNull()
    sums = (F.sum(F.when(is_stopped, F.col(name))).alias(name) for name in ("cost", "worst_cost"))
    return marked.agg(F.count_if(is_stopped).alias("contacts"), *sums)
