"""Contactable users: at least one channel reaches the user and is allowed, and profiling is not refused."""

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.frames import union_all
from reactivation.periods import Calendar
from reactivation.population.settings import PopulationSettings

_REACHES = {"sms": "has_phone", "push": "has_push", "call": "has_phone"}


def contactable(
    spine: DataFrame,
    *,
    consents: DataFrame | None,
    contacts: DataFrame | None,
    day: date,
    calendar: Calendar,
    settings: PopulationSettings,
) -> DataFrame:
    """One row per user of the spine: can_sms, can_push, can_call, is_profiling_allowed, is_contactable. Never null.

    Only rows that happened and arrived before 00:00 of the day count. A user's latest decision on a channel decides. An
    `opted_out` receipt is a refusal of its channel at its arrival. Conf's default decides where there is no decision.
    consents, contacts: None where the region has no such table.
    """
    decided = _latest_decisions(consents, contacts, day=day, calendar=calendar)
    known = spine.join(decided, "user_id", "left") if decided is not None else spine
    defaults = settings.allowed_by_default

    def is_allowed(kind: str) -> Column:
        by_default = F.lit(defaults.get(kind, False))  # type: ignore[call-overload]
        return F.coalesce(F.col(f"decision_{kind}"), by_default) if decided is not None else by_default

    can = {
        f"can_{channel}": F.coalesce(F.col(_REACHES[channel]), F.lit(False)) & is_allowed(channel)
        for channel in CONTACT_CHANNELS
    }
    marked = known.withColumns({**can, "is_profiling_allowed": is_allowed("profiling")})
    has_a_channel = reduce(Column.__or__, [F.col(name) for name in can])
    return marked.select(
        "user_id",
        *can,
        "is_profiling_allowed",
        (has_a_channel & F.col("is_profiling_allowed")).alias("is_contactable"),
    )


def _latest_decisions(
    consents: DataFrame | None, contacts: DataFrame | None, *, day: date, calendar: Calendar
) -> DataFrame | None:
    """One row per user who has decided on anything: decision_<channel>, decision_profiling; null: not decided."""
    decisions: list[DataFrame] = []
    if consents is not None:
        is_known = calendar.is_before("event_at", day) & calendar.is_before("arrived_at", day)
        made_at = F.struct(F.col("event_at").alias("decided_at"), "arrived_at")
        decisions.append(consents.where(is_known).select("user_id", "channel", made_at.alias("made_at"), "is_allowed"))
    if contacts is not None:
        is_known = calendar.is_before("sent_at", day) & calendar.is_before("arrived_at", day)
        has_opted_out = F.col("status") == "opted_out"
        made_at = F.struct(F.col("arrived_at").alias("decided_at"), "arrived_at")
        refusals = contacts.where(is_known & has_opted_out)
        decisions.append(
            refusals.select("user_id", "channel", made_at.alias("made_at"), F.lit(False).alias("is_allowed"))
        )
    return _by_user(decisions) if decisions else None


def _by_user(decisions: Sequence[DataFrame]) -> DataFrame:
    # Of two decisions made and known at the same instant the refusal wins: false is less than true, so it comes last.
    order = F.struct("made_at", ~F.col("is_allowed"))
    latest = [
        F.max_by(F.when(F.col("channel") == kind, F.col("is_allowed")), F.when(F.col("channel") == kind, order)).alias(
            f"decision_{kind}"
        )
        for kind in (*CONTACT_CHANNELS, "profiling")
    ]
    return union_all(decisions).groupBy("user_id").agg(*latest)
