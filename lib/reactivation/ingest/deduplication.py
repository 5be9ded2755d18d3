"""Rows that were there already: equal in all columns but the arrival, or of the same event_id. The earliest stays."""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.contracts.table import Table
from reactivation.ingest.mapping import columns_of
from reactivation.ingest.rules import broken, is_fine
from reactivation.periods import Calendar, Month, month_of

REPEATED_KEY = "repeated_key"
EVENT_MONTH = "event_month"
ALIKE = "alike"
"""Hash of what any two rows share of which one may be a duplicate, or claim the other's key."""


def event_month(table: Table, calendar: Calendar) -> Column:
    """Month in which a row's event happened, in the region's zone."""
    name = canonical.EVENT_TIME[table.name]
    return month_of(name) if table.column(name).type == "date" else calendar.month(name)


def alike(table: Table) -> Column:
    """`ALIKE` of a row with the month of its event: of its key but for the arrival, which an admission may change;
    without a key, of its identity. Rows that are not alike have nothing to do with each other."""
    of_key = [F.col(name) for name in table.key if name != "arrived_at"]
    return F.xxhash64(*(of_key or _identity(table, _content(table))))


def comparable(rows: DataFrame, table: Table, calendar: Calendar) -> DataFrame:
    """The rows with the month of their event and `ALIKE`."""
    return rows.withColumn(EVENT_MONTH, event_month(table, calendar)).withColumn(ALIKE, alike(table))


def repeated(fine: DataFrame, stored: DataFrame | None = None) -> DataFrame:
    """source, `ALIKE` of what a source's row shares with another one, or with one that is stored.

    fine: rows of `fates.fine`. stored: source and `ALIKE` of rows of the same months that were taken before.
    """
    rows = fine.select("source", ALIKE, F.lit(1).alias("came"))
    if stored is not None:
        rows = rows.unionByName(stored.select("source", ALIKE, F.lit(0).alias("came")))
    counted = rows.groupBy("source", ALIKE).agg(F.count("*").alias("rows"), F.max("came").alias("came"))
    return counted.where((F.col("rows") > 1) & (F.col("came") == 1)).select("source", ALIKE)


def is_late() -> Column:
    """True for fine checked rows of an event of an earlier month than the one in which they arrived; else false."""
    return is_fine() & (F.col(EVENT_MONTH) < F.col("arrival_cycle"))


def there_already(
    stored: DataFrame,
    table: Table,
    *,
    late: DataFrame,
    months: Collection[str],
    before: Month,
    calendar: Calendar,
) -> DataFrame:
    """Canonical rows that late rows may repeat: alike, of their event months, arrived from then until `before`.

    late: `ALIKE` of the late rows. months: of their events. A row cannot arrive before it happens, so only rows whose
    event month lies before their arrival month can repeat one of an earlier arrival month; of the history only those
    event months are read, and few of their rows are left.
    """
    is_in_time = F.col("arrival_cycle").between(min(months), str(before - 1))
    dated = comparable(stored.where(is_in_time), table, calendar)
    return dated.where(F.col(EVENT_MONTH).isin(*months)).join(late, ALIKE, "left_semi")


def marked(rows: DataFrame, table: Table, stored: DataFrame | None) -> DataFrame:
    """Add `is_duplicate`, and the broken rule `repeated_key` where a second, different row claims the same key.

    rows: checked rows with `came_at`, their arrival before admission; one that breaks a rule is no duplicate of any.
    stored: see `there_already`; both have the month of their event. Ties are broken by all columns, so that the outcome
    never depends on order.
    Versions of a user are duplicates only where their arrival is equal too: a user may go back to what was before.
    """
    names, content = [column.name for column in columns_of(table)], _content(table)
    has_key = bool(table.key) and set(table.key) != set(content)
    identity = _identity(table, content)
    together = rows.withColumn("is_stored", F.lit(False))
    if stored is not None:
        past = stored.withColumns({"is_stored": F.lit(True), "came_at": F.col("arrived_at")})
        together = together.unionByName(past.drop("arrival_cycle"), allowMissingColumns=True)
    earliest = [F.col("is_stored").desc(), F.col("arrived_at"), F.col("came_at"), *[F.col(name) for name in names]]
    apart = [is_fine(), F.when(~is_fine(), F.xxhash64("row_json"))]
    same = Window.partitionBy(*_hash_first(apart + identity)).orderBy(*earliest)
    result = together.withColumn("is_duplicate", is_fine() & (F.row_number().over(same) > 1))
    if has_key:
        latest = [F.col("is_stored").desc(), F.col("arrived_at"), F.col("came_at").desc(), *earliest[3:]]
        key = [F.col("is_duplicate"), *apart, *[F.col(name) for name in table.key]]
        alike = Window.partitionBy(*_hash_first(key)).orderBy(*latest)
        is_second = is_fine() & ~F.col("is_duplicate") & (F.row_number().over(alike) > 1)
        rule = broken(is_second, REPEATED_KEY, f"another row has the same {', '.join(table.key)}")
        result = result.withColumn("rule", F.coalesce("rule", rule))
    return result.where(~F.col("is_stored")).drop("is_stored")


def _hash_first(columns: list[Column]) -> list[Column]:
    """The same groups with their hash in front: a sort compares one number instead of whole rows."""
    return [F.xxhash64(*columns), *columns]


def _content(table: Table) -> list[str]:
    """What a row says: all but when it arrived, which of a user's versions is a part."""
    names = [column.name for column in columns_of(table)]
    return names if table.name == "users" else [name for name in names if name != "arrived_at"]


def _identity(table: Table, content: list[str]) -> list[Column]:
    """What makes two rows one: the event_id within an event month where there is one, else all they say."""
    if "event_id" not in table.column_names:
        return [F.col(name) for name in content]
    has_number = F.col("event_id").isNotNull()
    return [F.col(EVENT_MONTH), F.col("event_id"), F.when(~has_number, F.struct(*content))]
