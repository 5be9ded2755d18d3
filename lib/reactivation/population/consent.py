"""Consent fails closed: who may be contacted by which channel, and profiled, as of a day."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS, REFUSING_STATUSES
from reactivation.frames import by_value, union_all
from reactivation.periods import Calendar
from reactivation.population.exclusions import excluded
from reactivation.population.permissions import Permissions
from reactivation.population.settings import KINDS, PROFILING, PopulationSettings

_REACHES = {"sms": "has_phone", "push": "has_push", "call": "has_phone"}


def contactable(
    spine: DataFrame,
    permissions: Permissions,
    *,
    day: date,
    calendar: Calendar,
    settings: PopulationSettings,
    keep: Sequence[str] = (),
    sent_until: Mapping[str, date] | None = None,
) -> DataFrame:
    """One row per user of the spine: can_<channel>, is_profiling_allowed, is_contactable, is_barred_unread. Never null.

    Only rows that happened and arrived before 00:00 of the day count. A channel may be used where it reaches the user,
    no exclusion bars it, and the latest decision allows it; the same holds for profiling. None may where a row of
    `users` that broke a rule came with the version of the spine or later, as it may be a closing. An `opted_out` or
    `complained` receipt is a refusal of its channel at its arrival; so is a row that broke a rule of the ingest, of
    each channel that it may concern, at its own time: see `Permissions.unread`. A consent is none once it has ended, is
    older than conf allows, or was given for other purposes; a refusal before it then stands. Who never decided is
    allowed by a basis of conf alone. is_contactable: some channel may be used, and profiling is allowed.
    is_barred_unread: a row that could not be read is what bars a channel or profiling. keep: columns of the spine that
    stay beside these. sent_until: by channel, the last day on which a contact would go out (default: the day). What is
    known to end by then, or an exclusion to begin, bars already.
    """
    last = {channel: max(until, day) for channel, until in (sent_until or {}).items()}
    decided = _by_user(decisions(permissions, day=day, calendar=calendar, settings=settings, last=last), KINDS)
    barred = excluded(permissions, day=day, calendar=calendar, last=last)
    known = spine if decided is None else spine.join(decided, "user_id", "left")
    known = known if barred is None else known.join(barred, "user_id", "left")
    versions = permissions.unread("users", day=day, calendar=calendar)
    if versions is not None:
        newest = versions.groupBy("user_id").agg(F.max("arrived_at").alias("unread_at"))
        is_newer = F.coalesce(F.col("unread_at") >= F.col("arrived_at"), F.col("unread_at").isNotNull())
        known = known.join(newest, "user_id", "left").withColumn("unread_user", is_newer)

    def mark(name: str) -> Column:
        return F.coalesce(name, F.lit(False)) if name in known.columns else F.lit(False)

    def is_allowed(kind: str) -> Column:
        by_default = F.lit(settings.allows_undecided(kind, last.get(kind, day)))
        return by_default if decided is None else F.coalesce(f"decision_{kind}", by_default)

    can = {
        f"can_{channel}": F.coalesce(_REACHES[channel], F.lit(False))
        & is_allowed(channel)
        & ~mark(f"excluded_{channel}")
        & ~mark("unread_user")
        for channel in CONTACT_CHANNELS
    }
    unread = [mark(f"unread_{kind}") for kind in (*KINDS, "user")]
    unread += [mark(f"excluded_unread_{channel}") for channel in CONTACT_CHANNELS]
    marked = known.withColumns({**can, "is_profiling_allowed": is_allowed(PROFILING)})
    has_a_channel = reduce(Column.__or__, [F.col(name) for name in can])
    return marked.select(
        "user_id",
        *can,
        "is_profiling_allowed",
        (has_a_channel & F.col("is_profiling_allowed")).alias("is_contactable"),
        reduce(Column.__or__, unread).alias("is_barred_unread"),
        *keep,
    )


def may_be_profiled(
    rows: DataFrame,
    permissions: Permissions,
    *,
    day: date,
    calendar: Calendar,
    settings: PopulationSettings,
    is_undecided_allowed: bool | None = None,
) -> DataFrame:
    """The rows of users who may be profiled as of a day; grain and columns as given.

    is_undecided_allowed: what counts where a user has never decided; None: what conf's basis says on the day.
    """
    allowed = settings.allows_undecided(PROFILING, day) if is_undecided_allowed is None else is_undecided_allowed
    decided = decisions(permissions, day=day, calendar=calendar, settings=settings, sources=["consents"])
    found = _by_user([each.where(F.col("channel") == PROFILING) for each in decided], [PROFILING])
    if found is None:
        return rows if allowed else rows.where(F.lit(False))
    decision = F.col(f"decision_{PROFILING}")
    if allowed:
        return rows.join(found.where(~decision).select("user_id"), "user_id", "left_anti").select(*rows.columns)
    return rows.join(found.where(decision).select("user_id"), "user_id", "left_semi").select(*rows.columns)


def decisions(
    permissions: Permissions,
    *,
    day: date,
    calendar: Calendar,
    settings: PopulationSettings,
    sources: Sequence[str] = ("consents", "contacts"),
    last: Mapping[str, date] | None = None,
) -> list[DataFrame]:
    """What is known of users' decisions: user_id, channel, decided_at, arrived_at, is_allowed, is_live, is_unread.

    is_live: false for an allowance that is none any more on the day, or on a later one of its channel in `last`.
    sources: the tables to look at.
    """
    found: list[DataFrame] = []
    read, unread = F.lit(False).alias("is_unread"), F.lit(True).alias("is_unread")
    refused, live = F.lit(False).alias("is_allowed"), F.lit(True).alias("is_live")
    if permissions.consents is not None and "consents" in sources:
        is_known = calendar.is_before("event_at", day) & calendar.is_before("arrived_at", day)
        purposes = [purpose.lower() for purpose in settings.consent.purposes]
        is_for_us = F.col("purpose").isNull() | F.lower(F.trim("purpose")).isin(purposes)
        days = {**dict.fromkeys(KINDS, day), **(last or {})}
        is_live = F.coalesce(F.col("valid_until") >= by_value(F.col("channel"), days, day), F.lit(True))
        oldest = {kind: settings.consent.oldest_consent.oldest(until) for kind, until in days.items()}
        begins = {kind: calendar.starts(first) for kind, first in oldest.items() if first is not None}
        if begins:
            is_live &= F.col("event_at") >= by_value(F.col("channel"), begins)
        given = permissions.consents.where(is_known & (~F.col("is_allowed") | is_for_us))
        at = F.col("event_at").alias("decided_at")
        lives = (~F.col("is_allowed") | is_live).alias("is_live")
        found.append(given.select("user_id", "channel", at, "arrived_at", "is_allowed", lives, read))
    if permissions.contacts is not None and "contacts" in sources:
        is_known = calendar.is_before("sent_at", day) & calendar.is_before("arrived_at", day)
        refusals = permissions.contacts.where(is_known & F.col("status").isin(*REFUSING_STATUSES))
        at = F.col("arrived_at").alias("decided_at")
        found.append(refusals.select("user_id", "channel", at, "arrived_at", refused, live, read))
    for source in sources:
        rows = permissions.unread(source, day=day, calendar=calendar)
        if rows is not None:
            at = F.col("happened_at").alias("decided_at")
            named = rows.where("user_id is not null")
            channel = F.explode("channels").alias("channel")
            found.append(named.select("user_id", channel, at, "arrived_at", refused, live, unread))
    return found


def _by_user(found: Sequence[DataFrame], kinds: Sequence[str]) -> DataFrame | None:
    """One row per user who has decided on anything: decision_<kind> (null: not decided), unread_<kind>."""
    if not found:
        return None
    # Of decisions of one instant (in many feeds: of one day) nobody knows which came last: the refusal wins, however
    # late the others arrived; then the allowance that arrived last, or is none any more.
    order = F.struct("decided_at", ~F.col("is_allowed"), "arrived_at", ~F.col("is_live"), ~F.col("is_unread"))
    columns = {}
    for kind in kinds:
        is_it = F.col("channel") == kind
        is_refusal = is_it & ~F.col("is_allowed")
        allows = F.max_by(F.when(is_it, F.col("is_allowed") & F.col("is_live")), F.when(is_it, order))
        is_unread = F.max_by(F.when(is_refusal, F.col("is_unread")), F.when(is_refusal, order))
        columns[f"decision_{kind}"] = F.when(allows, True).when(is_unread.isNotNull(), False)
        columns[f"unread_{kind}"] = F.coalesce(~F.coalesce(allows, F.lit(False)) & is_unread, F.lit(False))
    return union_all(found).groupBy("user_id").agg(*[column.alias(name) for name, column in columns.items()])
