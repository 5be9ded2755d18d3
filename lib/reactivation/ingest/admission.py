"""When a row counts as arrived: when the warehouse had it, but never before its user was known.

A row of an unknown user waits in quarantine. Once the user's first master row is there, the row is admitted and counts
as arrived at that moment: `greatest(arrived_at, first arrival of the user)`, which depends on the data alone, so that a
rebuild gives the same. An earlier month in which it came keeps it as quarantined, the month that admits it counts it
again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from reactivation.contracts.table import Table
from reactivation.frames import broadcast_if_small, checkpointed, counted_by, records, union_all
from reactivation.ingest import mapping
from reactivation.ingest.arrival_range import month_of
from reactivation.ingest.batch import EarlierIngests
from reactivation.ingest.received import IngestContext, ReceivedRows, checked, typed
from reactivation.ingest.rules import CODE, UNKNOWN_USER, code_of, is_fine

_WAITING = 1 << 62
"""Bit of a user who has rows in quarantine; the sources have the lower bits, in their order."""


@dataclass(frozen=True)
class LateUsers:
    """Late-arriving users: whose first master row arrived after a row of theirs had come, or never; mostly few.

    frame: user_id, first_at, first_month, both null for the unknown. sources: those in which they have rows.
    are_awaited: True where rows of theirs wait in quarantine and can leave it.
    """

    frame: DataFrame
    sources: frozenset[str]
    are_awaited: bool


@dataclass(frozen=True)
class Waiting:
    """Quarantined rows of users who became known in the range.

    frame: rows of `quarantine` with `first_at` and `first_month`, held. taken_back: source: rows whose user became
    known in the month in which they came; they leave the quarantine. readmitted: sources of the other rows.
    """

    frame: DataFrame
    taken_back: Mapping[str, int]
    readmitted: frozenset[str]

    def rows_of(self, table: Table, context: IngestContext, *, taken_back: bool) -> DataFrame:
        """The rows of a source, checked like any other."""
        is_it = (F.col("source") == table.name) & (_is_taken_back() == taken_back)
        unpacked, earlier = mapping.from_json(self.frame.where(is_it), table), context.during(context.arrivals.before)
        return checked(typed(unpacked, table, {}, earlier), table, earlier)

    def still_out(self, quarantine: DataFrame) -> DataFrame:
        """Quarantined rows without those that are taken back."""
        back = self.frame.where(_is_taken_back()).select("user_id", "reason").distinct()
        return quarantine.join(back, ["user_id", "reason"], "left_anti").select(*quarantine.columns)


def late_users(received: Mapping[str, ReceivedRows], earlier: EarlierIngests, context: IngestContext) -> LateUsers:
    """Compare when users became known with when their rows came, those that wait in quarantine among them."""
    arrivals, calendar = context.arrivals, context.calendar
    bits = {name: 1 << i for i, name in enumerate(received) if name != "users"}
    seen = [_seen(received[name].rows.where(is_fine()), bit) for name, bit in bits.items()]
    known = [received["users"].rows.where(is_fine())]
    can_be_awaited = F.lit(False)
    if arrivals.first is not None:
        if "users" in earlier.stored:
            known.append(earlier.stored["users"].where(F.col("arrival_cycle") <= str(arrivals.before.last)))
        if earlier.quarantine is not None:
            seen.append(_seen(earlier.quarantine.where(_waits(context)), _WAITING))
        can_be_awaited = F.col("first_at") >= calendar.starts(arrivals.before.end)
    arrived = F.when(F.col("sources") != _WAITING, F.col("arrived_at"))
    users = (
        union_all(seen).groupBy("user_id").agg(F.min(arrived).alias("earliest"), F.bit_or("sources").alias("sources"))
    )
    first_at = union_all(rows.select("user_id", "arrived_at") for rows in known)
    first_at = first_at.groupBy("user_id").agg(F.min("arrived_at").alias("first_at"))
    first_at = first_at.withColumn("first_month", month_of(F.col("first_at"), calendar))
    came_early = F.col("earliest").isNotNull() & F.coalesce(F.col("earliest") < F.col("first_at"), F.lit(True))
    is_awaited = F.coalesce(can_be_awaited & (F.col("sources") >= _WAITING), F.lit(False))
    observed = Observation()
    late = (
        users.join(first_at, "user_id", "left")
        .where(came_early | is_awaited)
        .observe(
            observed,
            F.count("*").alias("users"),
            F.bit_or(F.when(came_early, F.col("sources"))).alias("sources"),
            F.count_if(is_awaited).alias("awaited"),
        )
        .select("user_id", "first_at", "first_month")
    )
    frame, found = checkpointed(late), observed.get
    sources = frozenset(name for name, bit in bits.items() if (found.get("sources") or 0) & bit)
    return LateUsers(broadcast_if_small(frame, rows=found.get("users", 0)), sources, bool(found.get("awaited")))


def waiting(earlier: EarlierIngests, late: LateUsers, context: IngestContext) -> Waiting | None:
    """The quarantined rows that can leave; None without any."""
    if earlier.quarantine is None or not late.are_awaited:
        return None
    new = late.frame.where(F.col("first_at") >= context.calendar.starts(context.arrivals.before.end))
    frame = checkpointed(earlier.quarantine.where(_waits(context)).join(new, "user_id"))
    found = records(counted_by(frame.select("source", _is_taken_back().alias("is_taken_back"))))
    back = {row["source"]: row["rows"] for row in found if row["is_taken_back"]}
    return Waiting(frame, back, frozenset(row["source"] for row in found if not row["is_taken_back"]))


def admitted(received: ReceivedRows, late: LateUsers, waiting: Waiting | None, context: IngestContext) -> DataFrame:
    """Each row in the month in which it counts, with `raw_arrived_at`, its own arrival, and `is_readmitted`.

    Grain: checked rows; one that breaks a rule already stays as it is. A row whose user became known in a later month
    of the range stands there twice: as unknown in the month it came, and as admitted later. A row that waited in an
    earlier month's quarantine stands there once: its first entry was counted then.
    """
    table, rows = received.table, received.rows
    if waiting is not None and table.name in waiting.taken_back:
        rows = rows.unionByName(waiting.rows_of(table, context, taken_back=True))
    is_plain = table.name not in late.sources and not (waiting and table.name in waiting.taken_back)
    unchanged = {"raw_arrived_at": F.col("arrived_at"), "is_readmitted": F.lit(False)}
    found = [rows.withColumns(unchanged)] if is_plain else [_admitted_at_once(rows, late, received)]
    if not is_plain and context.arrivals.has_several_months:
        found.append(_admitted_later(rows.join(late.frame, "user_id")))
    if waiting is not None and table.name in waiting.readmitted:
        found.append(_admitted_later(waiting.rows_of(table, context, taken_back=False).join(late.frame, "user_id")))
    return union_all(found)


def _seen(rows: DataFrame, bit: int) -> DataFrame:
    return rows.select("user_id", "arrived_at", F.lit(bit).cast("bigint").alias("sources"))


def _waits(context: IngestContext) -> Column:
    """True for quarantined rows of unknown users that came before the range."""
    return (F.col("reason") == UNKNOWN_USER) & (F.col("cycle") <= str(context.arrivals.before.last))


def _is_taken_back() -> Column:
    return F.col("first_month") == F.col("cycle")


def _is_known_later() -> Column:
    return F.coalesce(is_fine() & (F.col("first_month") > F.col("arrival_cycle")), F.lit(False))


def _admitted_at_once(rows: DataFrame, late: LateUsers, received: ReceivedRows) -> DataFrame:
    """The rows in the month in which they came: of a user who was not known by its end they break a rule."""
    seen = rows.join(late.frame.withColumn("is_late_user", F.lit(True)), "user_id", "left")
    is_unknown = F.col("is_late_user").isNotNull() & (F.col("first_at").isNull() | _is_known_later())
    code = F.when(is_fine() & is_unknown, code_of(received.rules, UNKNOWN_USER)).otherwise(F.col(CODE))
    is_moved = is_fine() & ~is_unknown
    counts_at = F.when(is_moved, F.greatest("arrived_at", "first_at")).otherwise(F.col("arrived_at"))
    return seen.select(
        *[F.col(name) for name in rows.columns if name not in ("arrived_at", CODE)],
        code.alias(CODE),
        counts_at.alias("arrived_at"),
        F.col("arrived_at").alias("raw_arrived_at"),
        F.lit(False).alias("is_readmitted"),
    )


def _admitted_later(rows: DataFrame) -> DataFrame:
    """Fine rows whose user became known in a later month: admitted then."""
    known = rows.where(_is_known_later()).withColumn("raw_arrived_at", F.col("arrived_at"))
    moved = {"arrived_at": F.col("first_at"), "arrival_cycle": F.col("first_month"), "is_readmitted": F.lit(True)}
    return known.withColumns(moved).drop("first_at", "first_month")
