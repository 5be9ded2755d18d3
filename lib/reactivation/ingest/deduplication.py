"""Rows that were there already: equal in all columns but the arrival, or of the same event_id. The earliest stays.

An event_id that several users' events have is no number of an event: all but the first user's are quarantined.

Rows are compared by `row_hash`, 64 bits of their identity: among 68 million rows of a month, two different ones are
taken for one in one month of some 8 000.
"""

from collections.abc import Collection, Mapping

from pyspark.sql import Column, DataFrame, Observation, Window
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.contracts.table import Table
from reactivation.frames import broadcast_if_small, checkpointed, union_all
from reactivation.ingest.arrival_range import ArrivalRange
from reactivation.ingest.counts import DUPLICATE, KEPT, QUARANTINED
from reactivation.ingest.mapping import columns_of
from reactivation.periods import Calendar, month_of

KEY_HASH = "key_hash"
"""Hash of a table's key without the arrival, which admission may change. Only where the key is not the whole row."""
LATE_MONTH = "late_month"
"""Month of the event of a row that arrived after that month; else null."""
DISPOSITION = "disposition"
_FEW = 100_000
"""Rows that one task takes on: what it saves is a shuffle's planning, and small files."""


def has_key_of_its_own(table: Table) -> bool:
    """True where different rows may claim the same key."""
    return bool(table.key) and set(table.key) != set(_content(table))


def tells_apart_by_content(table: Table) -> bool:
    """True where two rows that say the same may be two events: nothing but an `event_id` would tell them apart."""
    return "event_id" in _content(table)


def row_hash(table: Table, calendar: Calendar) -> Column:
    """`row_hash` of typed rows: of the event_id within its event's month where there is one, else of all they say.

    Versions of a user, or of an exclusion, say when they arrived too: it may go back to what was before. The number of
    a consent says nothing: forms that decide on several channels give all of them one.
    """
    content = [column for column in columns_of(table) if column.name in _content(table)]
    optional = [column for column in content if not column.required]
    nulls = sum((F.col(c.name).isNull().cast("int") * (1 << i) for i, c in enumerate(optional)), F.lit(0))
    of_all = F.xxhash64(*[column.name for column in content], nulls)  # Spark's hash leaves nulls out
    if "event_id" not in _content(table):
        return of_all
    has_number = F.col("event_id").isNotNull()
    return F.when(has_number, F.xxhash64(event_month(table, calendar), "event_id")).otherwise(of_all)


def hashed(rows: DataFrame, table: Table, arrivals: ArrivalRange, calendar: Calendar) -> DataFrame:
    """Add `row_hash`, `KEY_HASH` and `LATE_MONTH` to checked rows of a range."""
    happened = canonical.EVENT_TIME[table.name]
    is_late = F.lit(False)
    if happened != "arrived_at":
        is_date = table.column(happened).type == "date"
        is_late = arrivals.is_late(F.col(happened), F.col("arrived_at"), calendar, is_date=is_date)
    late = F.when(is_late, event_month(table, calendar))
    return rows.withColumns(
        {"row_hash": row_hash(table, calendar), KEY_HASH: _key_hash(table), LATE_MONTH: late.cast("string")}
    )


def stored_repeats(
    fine: Mapping[str, DataFrame],
    stored: Mapping[str, DataFrame],
    *,
    since: Mapping[str, str],
    until: str,
    unhashed: Collection[str],
    rows: int,
    calendar: Calendar,
) -> dict[str, DataFrame]:
    """By source, what `deduplicated` needs of stored rows that rows of the range may repeat; only sources with some.

    fine: rows of the range that may repeat a stored one; `rows` in all. since, until: the arrival months in which
    stored rows are looked for, both included. unhashed: sources of which some of these may lack their `row_hash`.
    """
    if not since:
        return {}
    wanted = union_all(
        fine[name].select(F.lit(name).alias("source"), _looked_up(canonical.BY_NAME[name]).alias("wanted"))
        for name in since
    )
    there = union_all(
        _comparable(
            stored[name].where(F.col("arrival_cycle").between(month, until)),
            canonical.BY_NAME[name],
            calendar,
            is_hashed=name not in unhashed,
        )
        for name, month in since.items()
    )
    observed = Observation()
    found = there.join(broadcast_if_small(wanted, rows=rows), ["source", "wanted"], "left_semi").observe(
        observed, *[F.count_if(F.col("source") == name).alias(name) for name in since]
    )
    held = checkpointed(found)
    return {name: held.where(F.col("source") == name) for name in since if observed.get.get(name)}


def deduplicated(fine: DataFrame, table: Table, stored: DataFrame | None, *, rows: int) -> DataFrame:
    """Add `DISPOSITION` to admitted rows that break no rule.

    Of equal rows the earliest stays, and a stored one before all; the others are duplicates. Of different rows with
    the same key one stays, and the others are quarantined; so are those of other users with the same event_id. Ties are
    broken by all columns, so that the outcome never depends on order. rows: about how many there are. stored: see
    `stored_repeats`.
    """
    is_stored = F.coalesce(F.col("is_stored"), F.lit(False))
    candidates = fine.withColumn("is_stored", F.lit(False))
    if stored is not None:
        candidates = candidates.unionByName(
            stored.select("row_hash", KEY_HASH, "arrived_at", "user_id", F.lit(True).alias("is_stored")),
            allowMissingColumns=True,
        )
    has_key = has_key_of_its_own(table)
    group = KEY_HASH if has_key else "row_hash"
    near = candidates.coalesce(1) if rows <= _FEW else candidates.repartition(group)
    values = [F.col(column.name) for column in columns_of(table)]
    earliest = [is_stored.desc(), F.col("arrived_at"), F.col("raw_arrived_at"), *values]
    equal = Window.partitionBy(*dict.fromkeys((group, "row_hash"))).orderBy(*earliest)
    result = near.withColumn("is_duplicate", F.row_number().over(equal) > 1)
    is_second = F.lit(False)
    if tells_apart_by_content(table):
        is_of_another = F.first("user_id").over(equal) != F.col("user_id")
        result = result.withColumn("is_of_another", is_of_another & F.col("event_id").isNotNull())
        is_second = F.col("is_of_another")
        result = result.withColumn("is_duplicate", F.col("is_duplicate") & ~is_second)
    if has_key:
        same_key = [group, "is_duplicate", *(name for name in table.key if name == "arrived_at")]
        latest = [is_stored.desc(), F.col("arrived_at"), F.col("raw_arrived_at").desc(), *values]
        is_second = F.row_number().over(Window.partitionBy(*same_key).orderBy(*latest)) > 1
    disposition = F.when(F.col("is_duplicate"), DUPLICATE).when(is_second, QUARANTINED).otherwise(KEPT)
    return (
        result.withColumn(DISPOSITION, disposition).where(~is_stored).drop("is_stored", "is_duplicate", "is_of_another")
    )


def _comparable(stored: DataFrame, table: Table, calendar: Calendar, *, is_hashed: bool) -> DataFrame:
    own = F.col("row_hash")
    rows = stored.withColumns(
        {"row_hash": own if is_hashed else F.coalesce(own, row_hash(table, calendar)), KEY_HASH: _key_hash(table)}
    )
    source, wanted = F.lit(table.name).alias("source"), _looked_up(table).alias("wanted")
    return rows.select(source, wanted, "row_hash", KEY_HASH, "arrived_at", "user_id")


def _looked_up(table: Table) -> Column:
    """By what a row finds stored ones: by its key, where a row of another arrival may claim the same."""
    return F.col(KEY_HASH if has_key_of_its_own(table) and "arrived_at" not in table.key else "row_hash")


def _key_hash(table: Table) -> Column:
    if not has_key_of_its_own(table):
        return F.lit(None).cast("bigint")
    return F.xxhash64(*[name for name in table.key if name != "arrived_at"])


def event_month(table: Table, calendar: Calendar) -> Column:
    """Month in which a row's event happened, in the region's zone."""
    name = canonical.EVENT_TIME[table.name]
    return month_of(name) if table.column(name).type == "date" else calendar.month(name)


def _content(table: Table) -> list[str]:
    """What a row says: all but when it arrived, which of a version is a part, and but for the number of a consent."""
    excluded = {"users": (), "exclusions": (), "consents": ("arrived_at", "event_id")}.get(table.name, ("arrived_at",))
    return [column.name for column in columns_of(table) if column.name not in excluded]
