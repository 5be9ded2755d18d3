"""What a source gave: typed rows that arrived in the range, each with its month, its rule code and its hashes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.contracts.table import Table
from reactivation.frames import checkpointed
from reactivation.ingest import deduplication, mapping
from reactivation.ingest.arrival_range import ArrivalRange
from reactivation.ingest.casting import Plausible
from reactivation.ingest.rules import CODE, Allowed, Rule, first_broken, is_fine, rules_of
from reactivation.periods import Calendar

Made = TypeVar("Made")
PLANNERS = 4
WORDED = ("contacts", "consents", "exclusions")
"""Sources whose channels may come in words of the bank's own."""


@dataclass(frozen=True)
class IngestContext:
    """What all rules of one ingest go by: the range of arrivals, the region's clock, and what conf allows.

    channel_words: further words for channels, in lower case, with the channel that each is for.
    """

    arrivals: ArrivalRange
    calendar: Calendar
    allowed: Mapping[str, Allowed]
    plausible: Plausible
    channel_words: Mapping[str, str] = field(default_factory=dict)

    def during(self, arrivals: ArrivalRange) -> "IngestContext":
        """The same context for other arrivals."""
        return replace(self, arrivals=arrivals)

    def rules_of(self, table: Table) -> list[Rule]:
        """The rules of a table; their codes are their places."""
        allowed = self.allowed.get(table.name, {})
        return rules_of(table, calendar=self.calendar, allowed=allowed, plausible=self.plausible)


@dataclass(frozen=True)
class ReceivedRows:
    """The rows of one source that arrived in the range, checked and kept beside the executors.

    rows: see `checked`. count: rows. taken: raw rows of the range's first month that arrived before `since`.
    not_yet_arrived: raw rows that arrive after the range. empty: optional column: rows without a value there.
    """

    table: Table
    rules: Sequence[Rule]
    rows: DataFrame
    count: int
    taken: int
    not_yet_arrived: int
    empty: Mapping[str, int] = field(default_factory=dict)

    @property
    def always_empty(self) -> list[str]:
        """Optional columns in which no row has a value; none where there is no row."""
        return [name for name, share in self.empty_shares.items() if share == 1]

    @property
    def empty_shares(self) -> dict[str, float]:
        """Optional column: share of the rows without a value, where there are such rows."""
        return {name: rows / self.count for name, rows in self.empty.items() if rows}


def receive(frame: DataFrame, table: Table, expressions: Mapping[str, str], context: IngestContext) -> ReceivedRows:
    """Read a source once. expressions: canonical column: Spark SQL over the raw columns."""
    arrivals, calendar, arrived_at = context.arrivals, context.calendar, F.col("arrived_at")
    is_not_yet = arrivals.is_not_yet(arrived_at, calendar)
    was_taken = arrivals.was_taken(arrived_at, calendar)
    optional = [column.name for column in mapping.columns_of(table) if not column.required]
    is_of_range = ~(is_not_yet | was_taken)
    observed = Observation()
    rows = (
        typed(frame, table, expressions, context)
        .where(arrivals.is_not_before(arrived_at, calendar))
        .observe(
            observed,
            F.count("*").alias("count"),
            F.count_if(was_taken).alias("taken"),
            F.count_if(is_not_yet).alias("not_yet_arrived"),
            *[F.count_if(is_of_range & F.col(name).isNull()).alias(f"empty_{name}") for name in optional],
        )
        .where(is_of_range)
    )
    held = checkpointed(checked(rows, table, context))
    found = observed.get
    taken, not_yet = found.get("taken", 0), found.get("not_yet_arrived", 0)
    count = found.get("count", 0) - taken - not_yet
    empty = {name: found.get(f"empty_{name}", 0) for name in optional}
    return ReceivedRows(table, context.rules_of(table), held, count, taken, not_yet, empty)


def each(names: Iterable[str], made: Callable[[str], Made]) -> dict[str, Made]:
    """Something per source, several at a time: with ten small sources, planning is what takes long."""
    with ThreadPoolExecutor(PLANNERS) as pool:
        return dict(zip(names, pool.map(made, names), strict=True))


def typed(frame: DataFrame, table: Table, expressions: Mapping[str, str], context: IngestContext) -> DataFrame:
    """All rows of a source under canonical names and types, channels by the contract's words.

    expressions: canonical column: SQL over the raw columns; none: the rows have canonical names already.
    """
    rows = mapping.typed(frame, table, expressions, context.calendar, context.plausible)
    if table is canonical.USERS:
        rows = rows.withColumn("arrived_at", _since_sign_up(context.calendar))
    if table.name in WORDED:
        rows = rows.withColumn("channel", _in_our_words(F.col("channel"), table, context.channel_words))
    return rows


def checked(rows: DataFrame, table: Table, context: IngestContext) -> DataFrame:
    """Check rows of `typed`, all of which arrived in the range.

    Adds the month of arrival, `CODE`, the row as JSON where it breaks a rule, and what `deduplication.hashed` adds.
    """
    month = context.arrivals.month_of(F.col("arrived_at"), context.calendar)
    rows = (
        rows.withColumn("arrival_cycle", month)
        .withColumn(CODE, first_broken(context.rules_of(table)))
        .withColumn("row_json", F.when(~is_fine(), mapping.as_it_came(table)))
        .drop(mapping.RAW_VALUES)
    )
    return deduplication.hashed(rows, table, context.arrivals, context.calendar)


def _in_our_words(channel: Column, table: Table, words: Mapping[str, str]) -> Column:
    """A channel as the contract names it, case aside, or by a word of conf; any other text stays as it is."""
    known = {**{name: name for name in table.column("channel").allowed}, **words}
    pairs = [F.lit(text) for pair in known.items() for text in pair]
    return F.coalesce(F.try_element_at(F.create_map(*pairs), F.lower(F.trim(channel))), channel)


def _since_sign_up(calendar: Calendar) -> Column:
    """Master rows without an arrival are known since the day of sign-up; one that cannot be read stays a bad type."""
    is_empty = F.col(f"{mapping.RAW_VALUES}.arrived_at").isNull()
    day, zero = F.col("signed_up_on"), F.lit(0)
    began = F.make_timestamp_ltz(F.year(day), F.month(day), F.day(day), zero, zero, zero, F.lit(calendar.zone))
    return F.when(is_empty, began).otherwise(F.col("arrived_at"))
