"""What becomes of each row of one source: kept, quarantined or a duplicate, and in which month it counts."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Calendar
from reactivation.sources import arrivals, checks, counts, duplicates, mapping
from reactivation.sources.checks import Allowed
from reactivation.sources.span import Span, month_of
from reactivation.tables import derived
from reactivation.tables.contract import Table


def checked(
    frame: DataFrame,
    table: Table,
    expressions: Mapping[str, str],
    *,
    span: Span,
    calendar: Calendar,
    allowed: Allowed,
) -> DataFrame:
    """Typed rows that arrived in the span, with the rule they break and, where they do, the row as it came."""
    rows = mapping.typed(frame, table, expressions)
    if table.name == "users":
        rows = arrivals.since_sign_up(rows, calendar)
    arrived_at = F.col("arrived_at")
    return (
        rows.where(span.covers(arrived_at, calendar))
        .withColumn("rule", checks.broken_rule(table, calendar=calendar, allowed=allowed))
        .withColumn("row_json", F.when(F.col("rule").isNotNull(), mapping.as_it_came(table)))
        .withColumn("arrival_cycle", month_of(arrived_at, calendar))
        .drop(mapping.CAME_AS)
    )


def came(rows: DataFrame, table: Table, calendar: Calendar) -> DataFrame:
    """Checked rows counted per arrival month, and for fine rows that came late, per month they speak of."""
    happened = duplicates.event_month(table, calendar)
    is_late = _breaks_no_rule() & (happened < F.col("arrival_cycle"))
    named = rows.select(F.lit(table.name).alias("source"), "arrival_cycle", F.when(is_late, happened).alias("late"))
    return named.groupBy("source", "arrival_cycle", "late").agg(F.count("*").alias("rows"))


def decided(
    rows: DataFrame,
    table: Table,
    *,
    first_at: DataFrame,
    waited: DataFrame | None,
    stored: DataFrame | None,
    span: Span,
    calendar: Calendar,
) -> DataFrame:
    """Every checked row in the month in which it counts, with its `fate`.

    first_at: when each user became known. waited: checked rows from the quarantine of months before the span, whose
    user became known within it. stored: canonical rows of earlier arrival months that late rows may repeat.
    """
    fine = rows.where(_breaks_no_rule())
    if table.name == "users":
        known = fine.withColumns({"came_at": F.col("arrived_at"), "is_readmitted": F.lit(False)})
    else:
        known = arrivals.admitted(fine, first_at, span, calendar, waited=False)
    if waited is not None:
        again = waited.where(_breaks_no_rule())
        known = known.unionByName(arrivals.admitted(again, first_at, span, calendar, waited=True))
    unique = duplicates.marked(known.where(_breaks_no_rule()), table, stored, calendar)
    unknown = known.where(~_breaks_no_rule()).withColumn("is_duplicate", F.lit(False))
    as_it_came = {"came_at": F.col("arrived_at"), "is_readmitted": F.lit(False), "is_duplicate": F.lit(False)}
    bad = rows.where(~_breaks_no_rule()).withColumns(as_it_came)
    fate = (
        F.when(F.col("is_duplicate"), counts.DUPLICATE)
        .when(_breaks_no_rule(), counts.KEPT)
        .otherwise(counts.QUARANTINED)
    )
    return unique.unionByName(unknown).unionByName(bad).withColumn("fate", fate)


def counted(rows: DataFrame, table: Table) -> DataFrame:
    """Decided rows counted by month, fate and reason."""
    named = rows.select(
        F.lit(table.name).alias("source"), "arrival_cycle", "is_readmitted", "fate", F.col("rule.reason")
    )
    return named.groupBy(*named.columns).agg(F.count("*").alias("rows"))


def kept(rows: DataFrame, table: Table) -> DataFrame:
    """The canonical rows; files of about equal size, each of one month."""
    return table.select(rows.where(F.col("fate") == counts.KEPT)).hint("rebalance", "arrival_cycle")


def rejected(rows: DataFrame, table: Table) -> DataFrame:
    """The rows for quarantine, each with its own arrival."""
    own = {"arrived_at": F.col("came_at"), "source": F.lit(table.name), "cycle": F.col("arrival_cycle")}
    text = F.to_json(F.struct(*[F.col(c.name).cast("string").alias(c.name) for c in mapping.columns_of(table)]))
    rejected = rows.where(F.col("fate") == counts.QUARANTINED).withColumn("arrived_at", own["arrived_at"])
    row_json = F.coalesce("row_json", text)
    parts = {"row_json": row_json, "reason": F.col("rule.reason"), "detail": F.col("rule.detail")}
    return derived.QUARANTINE.select(rejected.withColumns(parts).withColumns({k: own[k] for k in ("source", "cycle")}))


def _breaks_no_rule() -> Column:
    return F.col("rule").isNull()
