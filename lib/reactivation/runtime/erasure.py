"""Removes rows for good: those of one person from every table, those of months past their retention from one."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts.table import Table
from reactivation.errors import Busy
from reactivation.frames import RAGGED, of_records, records
from reactivation.runtime.store import Store
from reactivation.runtime.vacuum import vacuum

LEDGER = derived.ERASURE_LEDGER
NO_PART = "-"
_ERASED = "erased_user"
_OUR_CONTACT = r"(^|-)\d{4}-\d{2}-.+-\d+$"
"""A contact of ours: month, wave, version (none in 0.1.0), user. Other senders number differently."""
Scope = tuple[str, str]
"""A region and a scenario."""


class Removed(NamedTuple):
    """Rows of one part of one table, or lines of a file, that are to go, or are gone."""

    table: str
    part: str
    rows: int


def of_user(
    store: Store, tables: Iterable[Table], user: int, *, scope: Scope | None = None
) -> dict[Table, list[Removed]]:
    """What tables hold of a user, by part; one query a table. scope: see `is_of`."""
    found = {}
    for table in tables:
        if "user_id" in table.column_names and store.has(table):
            part = F.col(table.partition_by[0]) if table.partition_by else F.lit(NO_PART)
            rows = store.stored(table).load().where(is_of(table, F.lit(user), scope))
            counts = records(rows.groupBy(part.cast("string").alias("part")).agg(F.count("*").alias("rows")))
            found[table] = [Removed(table.name, row["part"], row["rows"]) for row in counts]
    return found


def is_of(table: Table, user: Column, scope: Scope | None = None) -> Column:
    """Rows that name a user: by `user_id`, or at the end of the number of one of our contacts.

    Of the quarantine also those that do so only in the row as it came, a ragged one under whatever column. scope: of a
    table that scenarios share, the rows of that region and scenario alone; None: all of them.
    """
    is_users = F.col("user_id") == user
    if table.name == derived.QUARANTINE.name:
        row = F.from_json("row_json", "map<string,string>")
        numbers = F.when(F.col("reason") == RAGGED, F.map_values(row)).otherwise(F.array(row["user_id"]))
        is_users |= F.exists(numbers, lambda text: F.trim(text).try_cast("decimal(38,6)") == user)
        return is_users | F.exists(F.map_values(row), lambda text: _is_contact_of(F.trim(text), user))
    if "contact_id" in table.column_names:
        is_users |= _is_contact_of(F.col("contact_id"), user)
    if scope is not None and table.name == derived.CONTACT_LEDGER.name:
        return is_users & is_in(scope)
    return is_users


def _is_contact_of(contact_id: Column, user: Column) -> Column:
    return contact_id.endswith(F.concat(F.lit("-"), user.cast("string"))) & contact_id.rlike(_OUR_CONTACT)


def is_in(scope: Scope) -> Column:
    """Rows of a region and scenario, of a table that scenarios share."""
    return (F.col("region") == scope[0]) & (F.col("scenario") == scope[1])


def forget(
    store: Store,
    held: Mapping[Table, Sequence[Removed]],
    *,
    user: int,
    request: str,
    ledger: Store,
    scope: Scope | None = None,
) -> None:
    """Remove a user's rows, and the files that old versions keep of them. held: see `of_user`. ledger: whose it is.

    What goes is noted before it goes, once per table and version: a run that broke off is taken up by the next, which
    purges tables without rows of the user too. Delta's log of the removal does not name the user.
    """
    named = store.spark.range(user, user + 1).toDF(_ERASED)
    for table, removed in held.items():
        if any(each.rows for each in removed):
            note(
                ledger,
                "forgotten",
                removed,
                request=request,
                once=f"forget {request} {table.name} {store.version(table)}",
            )
            store.stored(table).remove(is_of(table, F.col(_ERASED), scope), named_in=named)
        else:
            store.stored(table).purge()
    vacuum(store, held, keep_hours=0.0, force=True)


def expire(
    store: Store, table: Table, removed: Sequence[Removed], *, before: str, ledger: Store, scope: Scope | None = None
) -> None:
    """Remove the parts of a table whose month lies before another. removed: what they hold. ledger: whose it is.

    scope: of a region and scenario alone.
    """
    note(ledger, "expired", removed, once=f"expire {table.name} {before} {store.version(table)}")
    is_old = F.col(table.partition_by[0]) < before
    store.stored(table).remove(is_old if scope is None else is_old & is_in(scope))


def lines_erased(store: Store, request: str) -> dict[str, int]:
    """By path of each file from which a request took lines: the lines that are gone, by other requests too."""
    if not store.has(LEDGER):
        return {}
    files = store.read(LEDGER).where((F.col("kind") == "forgotten") & F.col("table").endswith(".csv"))
    is_asked = F.bool_or(F.col("request") == request)
    sums = files.groupBy("table").agg(F.sum("rows").alias("rows"), is_asked.alias("is_asked"))
    return {row["table"]: row["rows"] for row in records(sums) if row["is_asked"]}


def note(store: Store, kind: str, removed: Iterable[Removed], *, once: str, request: str | None = None) -> None:
    """Write down what goes, once."""
    common = {"at": datetime.now(UTC), "kind": kind, "request": request}
    rows = of_records(store.spark, [{**common, **each._asdict()} for each in removed], LEDGER.schema)
    with suppress(Busy):  # it was noted before the run broke off
        store.append(LEDGER, rows, once=once)
