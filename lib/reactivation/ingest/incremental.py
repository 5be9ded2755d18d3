"""A month that an earlier ingest took in part is taken on from the day at which that one stopped.

Only where the raw tables still hold, of the days before, what was counted then, and the canonical tables and the
quarantine what was written then. Where rows came afterwards with an earlier arrival, or a write was broken off, the
month is taken again as a whole.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.frames import counted_by, union_all
from reactivation.ingest.admission import Waiting
from reactivation.ingest.arrival_range import UNDATED, ArrivalRange, not_taken
from reactivation.ingest.batch import EarlierIngests
from reactivation.ingest.counts import KEPT, QUARANTINED, Tallies, Tally, check_sums
from reactivation.ingest.rules import UNKNOWN_USER


@dataclass(frozen=True)
class Resumed:
    """A month taken in part. left: the rest of the month, and what follows it. taken: its counts so far, by source."""

    left: ArrivalRange
    taken: Mapping[str, Tally]

    @property
    def month(self) -> str:
        return str(self.left.first)

    def is_as_it_was(self, received: Mapping[str, int]) -> bool:
        """True where raw holds of the days before what was counted. received: rows by source that it holds now."""
        return all(received[name] == tally.received for name, tally in self.taken.items())

    def still_out(self, quarantine: DataFrame, waiting: Waiting | None) -> DataFrame:
        """The month's rows in quarantine that stay there."""
        of_month = quarantine.where(F.col("cycle") == self.month)
        return of_month if waiting is None else waiting.still_out(of_month)

    def with_taken(self, tallies: Tallies, waiting: Waiting | None) -> Tallies:
        """The counts of the range, the month's with what was counted of it before.

        Rows that leave the quarantine were received twice, and count once.
        """
        whole = dict(tallies)
        for name, before in self.taken.items():
            back = waiting.taken_back.get(name, 0) if waiting else 0
            twice = Tally(back, 0, Counter({QUARANTINED: back}), Counter({UNKNOWN_USER: back}))
            whole[name, self.month] = before + whole.get((name, self.month), Tally()) - twice
        check_sums(whole)
        return whole


def resumable(sources: Collection[str], earlier: EarlierIngests, whole: ArrivalRange) -> Resumed | None:
    """The month to take on; None where there is none, or where what was written is not what was counted.

    whole: the range in whole months. What raw holds is seen when it is read: see `Resumed.is_as_it_was`.
    """
    left = not_taken(whole, earlier.taken_before)
    if left is None or earlier.quarantine is None or not set(sources) <= set(earlier.stored):
        return None
    month = str(left.first)
    counts = {row["source"]: row for row in earlier.counts if row["cycle"] == month}
    if set(sources) != set(counts) or any(row["not_yet_arrived"] is None for row in counts.values()):
        return None  # a month that 0.1.0 began is taken again, so that each of its rows has a hash
    stored = union_all(
        earlier.stored[name]
        .where(F.col("arrival_cycle") >= month)
        .select(F.lit(name).alias("source"), F.lit(KEPT).alias("reason"))
        for name in sources
    )
    bad = earlier.quarantine.where((F.col("cycle") >= month) & (F.col("cycle") != UNDATED)).select("source", "reason")
    found = {(row.source, row.reason): row.rows for row in counted_by(stored.unionByName(bad)).collect()}
    reasons = {name: {r: n for (source, r), n in found.items() if source == name and r != KEPT} for name in sources}
    is_as_it_was = all(
        (found.get((name, KEPT), 0), sum(reasons[name].values())) == (row["rows_kept"], row["rows_quarantined"])
        for name, row in counts.items()
    )
    return Resumed(left, {n: Tally.of_record(row, reasons[n]) for n, row in counts.items()}) if is_as_it_was else None
