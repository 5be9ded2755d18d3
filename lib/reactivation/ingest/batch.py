"""What an ingest starts from: plain values and frames, nothing opened."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.frames import counted_by
from reactivation.ingest.arrival_range import UNDATED, ArrivalRange
from reactivation.ingest.counts import KEPT, QUARANTINED, Tallies


@dataclass(frozen=True)
class EarlierIngests:
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

    def held(self, source: str) -> Counter[str]:
        """Rows of a source that are kept or quarantined, by month of arrival."""
        found: Counter[str] = Counter()
        if source in self.stored:
            found.update(_by_month(self.stored[source].select(F.col("arrival_cycle").alias("cycle"))))
        if self.quarantine is not None:
            found.update(_by_month(self.quarantine.where(F.col("source") == source).select("cycle")))
        return found

    @property
    def unhashed(self) -> set[str]:
        """Sources of which some stored rows may lack their `row_hash`."""
        return {row["source"] for row in self.counts if row["not_yet_arrived"] is None}


def _by_month(rows: DataFrame) -> dict[str, int]:
    return {row.cycle: row.rows for row in counted_by(rows).collect()}


def parts_to_write(tallies: Tallies, earlier: EarlierIngests, arrivals: ArrivalRange) -> dict[str, tuple[str, ...]]:
    """Partitions by table: those that get rows and those that had some; none where there is nothing to write.

    tallies: of the rows that this ingest took. Where canonical rows are added, only partitions that get some are named.
    A table that does not exist yet is named with the range's last month, so that the write creates it, even if empty.
    """
    before = [row for row in earlier.counts if row["cycle"] == UNDATED or arrivals.has(row["cycle"])]
    last = str(arrivals.last)

    def with_rows(what: str, source: str | None, replaced: Sequence[Mapping[str, Any]]) -> set[str]:
        now = {month for (name, month), t in tallies.items() if source in (None, name) and t.dispositions[what]}
        return now | {r["cycle"] for r in replaced if source in (None, r["source"]) and r[f"rows_{what}"]}

    kept_before = [] if arrivals.since else before
    found = {name: with_rows(KEPT, name, kept_before) for name in dict.fromkeys(source for source, _ in tallies)}
    parts = {name: months or ({last} if name not in earlier.stored else set()) for name, months in found.items()}
    rejected = with_rows(QUARANTINED, None, before) or ({last} if earlier.quarantine is None else set())
    counted = {month for _, month in tallies} | {row["cycle"] for row in before}
    parts |= {derived.QUARANTINE.name: rejected, derived.INGEST_COUNTS.name: counted}
    return {name: tuple(sorted(months)) for name, months in parts.items() if months}
