"""What becomes of each row of one source: kept, quarantined or a duplicate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Observation, Row
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts.table import Table
from reactivation.frames import checkpointed, counted_by, union_all
from reactivation.ingest import mapping
from reactivation.ingest.counts import DUPLICATE, KEPT, QUARANTINED, Counted
from reactivation.ingest.deduplication import (
    DISPOSITION,
    LATE_MONTH,
    deduplicated,
    has_key_of_its_own,
    tells_apart_by_content,
)
from reactivation.ingest.rules import CODE, REPEATED_KEY, Rule, code_of, explained, is_fine

ByMonth = Mapping[tuple[str, str], int]
"""Rows by (arrival month, disposition)."""


@dataclass(frozen=True)
class Decided:
    """The rows of one source after all rules.

    bad: admitted rows that break a rule. fine: the others, each with its `DISPOSITION`, observed by month when they are
    first read. months: the arrival months of fine rows. has_repeated_keys: fine rows may be quarantined yet; they are
    held then, and were observed.
    """

    table: Table
    rules: Sequence[Rule]
    bad: DataFrame
    fine: DataFrame
    months: Sequence[str]
    observed: Observation
    has_repeated_keys: bool = False

    def kept(self) -> DataFrame:
        """The canonical rows, in files of about equal size and of one month each."""
        kept = self.table.select(self.fine.where(F.col(DISPOSITION) == KEPT))
        return kept.hint("rebalance", "arrival_cycle") if len(self.months) > 1 else kept

    def rejected(self) -> DataFrame:
        """The rows for quarantine, under their own arrival."""
        text = [mapping.as_text(c).alias(c.name) for c in mapping.columns_of(self.table)]
        bad = self.bad
        if self.has_repeated_keys:
            code = F.lit(code_of(self.rules, REPEATED_KEY)).alias(CODE)
            again = self.fine.where(F.col(DISPOSITION) == QUARANTINED)
            bad = bad.unionByName(again.drop(CODE).select("*", code), allowMissingColumns=True)
        bad = bad.withColumn("arrived_at", F.col("raw_arrived_at"))
        bad = bad.withColumn("row_json", F.coalesce("row_json", F.to_json(F.struct(*text))))
        named = explained(bad, self.rules).withColumns(
            {"source": F.lit(self.table.name), "cycle": F.col("arrival_cycle")}
        )
        return derived.QUARANTINE.select(named)

    def counted(self, written: int | None = None) -> ByMonth:
        """What was observed in the stage that wrote the fine rows, or held them.

        written: rows that the commit itself counted. Where they differ, a stage was repeated and observed twice, and a
        query counts. AssertionError where that differs as well.
        """
        if not self.months:
            return {}
        found = {} if written == 0 else self._observed()  # without a row there may have been no write to observe
        if not found or (written is not None and _kept(found) != written):
            rows = counted_by(self.fine.select("arrival_cycle", DISPOSITION)).collect()
            found = {(row.arrival_cycle, row[DISPOSITION]): row.rows for row in rows}
        if written is not None and _kept(found) != written:
            raise AssertionError(
                f"`{self.table.name}`: {_kept(found)} rows were to be written, the commit counts {written}; "
                "run the ingest again"
            )
        return found

    def _observed(self) -> ByMonth:
        found = self.observed.get
        return {pair: found.get(_name(*pair), 0) for pair in _pairs(self.months)}


def decided(
    admitted: DataFrame,
    table: Table,
    rules: Sequence[Rule],
    *,
    stored: DataFrame | None,
    months: Sequence[str],
    rows: int,
    numbered: int,
) -> Decided:
    """What becomes of admitted rows. months: of fine rows; `rows` in all, of which `numbered` have an event_id.

    stored: see `stored_repeats`.
    """
    fine = admitted.where(is_fine()).drop("row_json", LATE_MONTH, "is_readmitted")
    observed = Observation()
    each = [F.count_if(_is(*pair)).alias(_name(*pair)) for pair in _pairs(months)]
    unique = deduplicated(fine, table, stored, rows=rows).observe(observed, F.count("*").alias("rows"), *each)
    may_clash = has_key_of_its_own(table) or (tells_apart_by_content(table) and numbered > 0)
    held = checkpointed(unique) if months and may_clash else unique
    return Decided(table, rules, admitted.where(~is_fine()), held, months, observed, may_clash)


def counted(admitted: Mapping[str, DataFrame], keys: Mapping[str, Column]) -> list[Row]:
    """Admitted rows of all sources by source, arrival_cycle, `CODE`, is_readmitted and `LATE_MONTH`: `rows`.

    keys: source: what two rows that say the same have in common, null for rows that are not compared. `numbered`: rows
    with an event_id. `compared`: rows with a key. `equal`: those of them that say what another one of the same group
    says.
    """
    groups = ("source", "arrival_cycle", CODE, "is_readmitted", LATE_MONTH)
    named = [
        rows.withColumn("source", F.lit(name)).select(*groups, keys[name].alias("key"), _has_number(rows))
        for name, rows in admitted.items()
    ]
    has_key = F.col("key").isNotNull()
    return (
        counted_by(union_all(named))
        .groupBy(*groups)
        .agg(
            F.sum("rows").alias("rows"),
            F.sum(F.when(F.col("has_number"), F.col("rows")).otherwise(0)).alias("numbered"),
            F.sum(F.when(has_key, F.col("rows")).otherwise(0)).alias("compared"),
            F.sum(F.when(has_key, F.col("rows") - 1).otherwise(0)).alias("equal"),
        )
        .collect()
    )


def _has_number(rows: DataFrame) -> Column:
    has_number = F.col("event_id").isNotNull() if "event_id" in rows.columns else F.lit(False)
    return has_number.alias("has_number")


def as_counted(row: Row, rules: Sequence[Rule]) -> Counted:
    """A row of `counted` before it is known which fine rows are duplicates: they count as kept."""
    reason = rules[row.rule_code - 1].label if row.rule_code else None
    what = QUARANTINED if reason else KEPT
    return Counted(row.source, row.arrival_cycle, row.rows, row.is_readmitted, what, reason)


def _pairs(months: Iterable[str]) -> list[tuple[str, str]]:
    return [(month, what) for month in months for what in (KEPT, QUARANTINED, DUPLICATE)]


def _name(month: str, what: str) -> str:
    return f"{month} {what}"


def _is(month: str, what: str) -> Column:
    return (F.col("arrival_cycle") == month) & (F.col(DISPOSITION) == what)


def _kept(found: ByMonth) -> int:
    return sum(n for (_, what), n in found.items() if what == KEPT)
