"""A region's raw rows looked at before any is taken: how many, of whom, how full, how many bad, how many equal."""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.contracts import canonical
from reactivation.contracts.table import Table
from reactivation.errors import Finding
from reactivation.frames import union_all
from reactivation.ingest import deduplication, mapping, received
from reactivation.ingest.arrival_range import UNDATED
from reactivation.ingest.received import IngestContext
from reactivation.ingest.rules import CODE, is_fine
from reactivation.ingest.settings import SourcesSettings

__all__ = ["by_source", "canonical_rows", "checked", "months", "never_given", "sampled", "stops", "strangers", "told"]

OWN, OWN_ROWS = "is_self_initiated", "own"
ALL_BAD = "all bad"
_COUNTS = ("rows", "users", "bad", "duplicates")


def checked(
    frame: DataFrame, table: Table, context: IngestContext, expressions: Mapping[str, str] = MappingProxyType({})
) -> DataFrame:
    """All rows of a source, checked: see `received.checked`. expressions: as for `received.typed`."""
    return received.checked(received.typed(frame, table, expressions, context), table, context)


def sampled(rows: DataFrame, *, share: float) -> DataFrame:
    """Checked rows of a share of the users, drawn by hash, and all rows of nobody; see `received.checked`."""
    if share >= 1:
        return rows
    is_drawn = randomization.is_within(randomization.bucket("check_region|sample"), share)
    return rows.where(is_drawn | F.col("user_id").isNull())


def months(rows: Mapping[str, DataFrame], context: IngestContext) -> DataFrame:
    """One row per source and month of the event: rows, users, duplicates, first_arrival, `flag_<n>`; see `by_source`.

    rows: checked ones, by source. duplicates: fine rows that say what another one says. first_arrival: earliest month
    of arrival. One query for all sources, in which all rows of a user are brought together once.
    """
    narrow = union_all(_narrow(frame, canonical.BY_NAME[name], context) for name, frame in rows.items())
    width = max(len(_flags(canonical.BY_NAME[name])) for name in rows)
    counted = [F.sum(F.shiftright("flags", n).bitwiseAND(1)).alias(f"flag_{n}") for n in range(width)]
    summed = [F.sum(f"flag_{n}").alias(f"flag_{n}") for n in range(width)]
    dated = F.when(F.col("arrival_cycle") != UNDATED, F.col("arrival_cycle"))
    of_users = narrow.repartition("user_id")  # all groups of a user then lie together: one exchange, not two
    by_content = of_users.groupBy("source", "month", "user_id", "hash").agg(
        F.count("*").alias("rows"), F.min(dated).alias("first_arrival"), *counted
    )
    is_repeated = F.when(F.col("hash").isNotNull(), F.col("rows") - 1).otherwise(0)
    by_user = by_content.groupBy("source", "month", "user_id").agg(
        F.sum("rows").alias("rows"),
        F.sum(is_repeated).alias("duplicates"),
        F.min("first_arrival").alias("first_arrival"),
        *summed,
    )
    return by_user.groupBy("source", "month").agg(
        F.sum("rows").alias("rows"),
        F.count("user_id").alias("users"),
        F.sum("duplicates").alias("duplicates"),
        F.min("first_arrival").alias("first_arrival"),
        *summed,
    )


def by_source(counts: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of `months` by source and in order, each flag under its name: bad, own, `empty_<optional column>`.

    bad: rows that break a rule. own: rows of the user's own initiative, where the table knows any.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(counts, key=lambda row: str(row["month"])):
        flags = {name: row[f"flag_{n}"] for n, name in enumerate(_flags(canonical.BY_NAME[row["source"]]))}
        plain = {name: value for name, value in row.items() if not name.startswith("flag_")}
        found.setdefault(row["source"], []).append({**plain, **flags})
    return {name: found[name] for name in canonical.BY_NAME if name in found}


def _flags(table: Table) -> list[str]:
    """What is counted of a table's rows beside their number, in the order of the bits."""
    own = [OWN_ROWS] if OWN in table.column_names else []
    return ["bad", *own, *[f"empty_{name}" for name in _optional(table)]]


def _narrow(rows: DataFrame, table: Table, context: IngestContext) -> DataFrame:
    """source, month, user_id, arrival_cycle, hash (null where a rule is broken), and the flags as bits of a number."""
    is_so = {"bad": F.col(CODE) != 0, **({OWN_ROWS: F.col(OWN)} if OWN in table.column_names else {})}
    is_so |= {f"empty_{name}": F.col(name).isNull() for name in _optional(table)}
    bits = [F.when(is_so[name], 1 << n).otherwise(0) for n, name in enumerate(_flags(table))]
    return rows.select(
        F.lit(table.name).alias("source"),
        "user_id",
        F.coalesce(deduplication.event_month(table, context.calendar), F.lit(UNDATED)).alias("month"),
        "arrival_cycle",
        F.when(is_fine(), F.col("row_hash")).alias("hash"),
        reduce(Column.__add__, bits).alias("flags"),
    )


def canonical_rows(rows: DataFrame, table: Table) -> DataFrame:
    """The rows that break no rule, each once, as the canonical table would have them, unless their user is unknown."""
    return table.select(rows.where(is_fine()).dropDuplicates(["row_hash"]))


def strangers(rows: Mapping[str, DataFrame]) -> DataFrame:
    """One row per source with users of whom `users` has no row: source, users. rows: checked ones, by source."""
    known = rows["users"].where(is_fine()).select("user_id").distinct()
    seen = union_all(
        each.where(is_fine()).select(F.lit(name).alias("source"), "user_id") for name, each in rows.items()
    )
    return seen.distinct().join(known, "user_id", "left_anti").groupBy("source").agg(F.count("*").alias("users"))


def stops(counts: Iterable[Mapping[str, Any]], table: Table, settings: SourcesSettings) -> Iterator[Finding]:
    """What would stop an ingest of these rows: see `shares`. counts: of `by_source`."""
    known = list(counts)
    rows, bad, equal = (sum(row[what] for row in known) for what in ("rows", "bad", "duplicates"))
    fine, few = rows - bad, settings.few_bad_rows
    if bad > few and bad > settings.max_bad_share * rows:
        yield Finding("bad rows", table.name, f"{bad} of {rows} break a rule (sources.max_bad_share)")
    if not deduplication.tells_apart_by_content(table) or not fine:
        return
    if equal > few and equal > settings.max_equal_share * fine:
        text = f"{equal} of {fine} are equal in all that is mapped (sources.max_equal_share)"
        missing = ", ".join(never_given(known, table)) or "what tells them apart"
        yield Finding("equal rows", table.name, f"{text}: is {missing} missing?")


def told(counts: Iterable[Mapping[str, Any]], table: Table, *, newest: int) -> list[dict[str, Any]]:
    """The counts of one source as people read them: a row per month, a column per optional column of the source.

    Under such a column stands the share of the month's rows that have no value in it. Columns of which no row has a
    value are left out: see `never_given`. Shown are the newest months that have a fine row; a month whose rows are all
    bad is mostly a mistaken date, and `all bad` sums them up (a user once per month). counts: of `by_source`.
    """
    known = list(counts)
    fine, bad = ([row for row in known if (row["bad"] < row["rows"]) is is_fine] for is_fine in (True, False))
    never = never_given(known, table)
    shown = {name: f"empty_{name}" for name in _optional(table) if name not in never}
    summed = {key: sum(row[key] for row in bad) for key in (*_COUNTS, *shown.values())}
    return [
        {
            "source": table.name,
            **{key: row[key] for key in ("month", *_COUNTS)},
            **{f"{name} null": f"{row[key] / row['rows']:.1%}" for name, key in shown.items()},
        }
        for row in [*fine[-newest:], *([{"month": ALL_BAD, **summed}] if bad else [])]
    ]


def never_given(counts: Iterable[Mapping[str, Any]], table: Table) -> list[str]:
    """Optional columns of which no row has a value. counts: of `by_source`."""
    known = list(counts)
    return [name for name in _optional(table) if all(row[f"empty_{name}"] == row["rows"] for row in known)]


def _optional(table: Table) -> list[str]:
    return [column.name for column in mapping.columns_of(table) if not column.required]
