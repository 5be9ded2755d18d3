"""What an ingest starts from and what it hands back: plain values and frames, nothing opened and nothing written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame

from reactivation.contracts import derived
from reactivation.ingest.arrival_range import UNDATED, Span
from reactivation.ingest.counts import KEPT, QUARANTINED, Tallies


@dataclass(frozen=True)
class Past:
    """What earlier ingests left behind.

    stored: canonical tables by name, those that exist. quarantine: the table, or None before the first ingest.
    counts: rows of `ingest_counts`, one per source and month.
    """

    stored: Mapping[str, DataFrame]
    quarantine: DataFrame | None
    counts: Sequence[Mapping[str, Any]]

    @property
    def taken_before(self) -> dict[str, date]:
        """Per source, the day up to which its rows were taken."""
        dated = [row for row in self.counts if row["cycle"] != UNDATED]
        return {row["source"]: row["arrived_before"] for row in sorted(dated, key=lambda row: row["arrived_before"])}

    @property
    def undated(self) -> dict[str, int]:
        """Per source, the rows without a readable arrival that were counted last time."""
        return {row["source"]: row["rows_in"] for row in self.counts if row["cycle"] == UNDATED}


@dataclass(frozen=True)
class Batch:
    """What one ingest has to write, checked and counted.

    kept: canonical rows by source. quarantine: rejected rows. counts: rows of `ingest_counts`.
    parts: table: the partitions to replace as a whole, or of a canonical table, where it `adds`, those that get rows; a
    table that is not named stays as it is.
    """

    span: Span
    kept: Mapping[str, DataFrame]
    quarantine: DataFrame
    counts: Sequence[Mapping[str, Any]]
    parts: Mapping[str, Sequence[str]]

    @property
    def adds(self) -> bool:
        """True where the canonical rows are those of days nobody took before: they are added, nothing is replaced."""
        return self.span.since is not None


def parts_to_write(tallies: Tallies, past: Past, span: Span) -> dict[str, tuple[str, ...]]:
    """Partitions by table: those that get rows and those that had some; none where there is nothing to write.

    tallies: of the rows that this ingest took. Where canonical rows are added, only partitions that get some are named.
    A table that does not exist yet is named with the span's last month, so that it is created, be it empty.
    """
    before = [row for row in past.counts if row["cycle"] == UNDATED or span.has(row["cycle"])]
    last = str(span.last)

    def with_rows(fate: str, source: str | None, replaced: Sequence[Mapping[str, Any]]) -> set[str]:
        now = {month for (name, month), t in tallies.items() if source in (None, name) and t.fates[fate]}
        return now | {r["cycle"] for r in replaced if source in (None, r["source"]) and r[f"rows_{fate}"]}

    kept_before = [] if span.since else before
    found = {name: with_rows(KEPT, name, kept_before) for name in dict.fromkeys(source for source, _ in tallies)}
    parts = {name: months or ({last} if name not in past.stored else set()) for name, months in found.items()}
    rejected = with_rows(QUARANTINED, None, before) or ({last} if past.quarantine is None else set())
    counted = {month for _, month in tallies} | {row["cycle"] for row in before}
    parts |= {derived.QUARANTINE.name: rejected, derived.INGEST_COUNTS.name: counted}
    return {name: tuple(sorted(months)) for name, months in parts.items() if months}
