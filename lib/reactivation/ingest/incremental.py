"""A month that an earlier ingest began is taken on from the day at which that one stopped.

Only where the raw tables still hold, of the days before, what was counted then, and the canonical tables and the
quarantine what was written then. Where rows came afterwards with an earlier arrival, or a write was broken off, the
month is taken again as a whole.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.frames import counted_by, union_all
from reactivation.ingest import admission, deduplication, disposition
from reactivation.ingest.admission import UNKNOWN_USER
from reactivation.ingest.arrival_range import UNDATED, Span, taken_on
from reactivation.ingest.batch import Past
from reactivation.ingest.counts import KEPT, QUARANTINED, Tallies, Tally, check_sums
from reactivation.ingest.disposition import Terms
from reactivation.periods import Calendar

CAME = "came"


@dataclass(frozen=True)
class Begun:
    """What was taken of the month so far, and what is left.

    left: the rest of the month, and what follows it. stored: canonical tables. quarantine: the table. taken: what
    became of the month's rows, by source.
    """

    left: Span
    stored: Mapping[str, DataFrame]
    quarantine: DataFrame
    calendar: Calendar
    taken: Mapping[str, Tally]

    @property
    def month(self) -> str:
        return str(self.left.first)

    def alike(self) -> DataFrame:
        """Source and `ALIKE` of all canonical rows of the month so far."""
        return union_all(
            self._kept(name).select(F.lit(name).alias("source"), deduplication.ALIKE) for name in self.taken
        )

    def repeatable(self, name: str, repeated: DataFrame) -> DataFrame:
        """The month's canonical rows of a source that rows of the span may repeat; see `duplicates.repeated`."""
        return self._kept(name).join(repeated, deduplication.ALIKE, "left_semi")

    def still_out(self, waiting: DataFrame | None) -> DataFrame:
        """The month's rows in quarantine, without those that are taken back. waiting: see `arrivals.admissible`."""
        assert waiting is not None
        return admission.still_out(self.quarantine.where(F.col("cycle") == self.month), waiting)

    def counted_with(self, tallies: Tallies, taken_back: Mapping[str, int]) -> Tallies:
        """The counts of the span, the month's with what was counted of it before.

        taken_back: source: rows that left the quarantine, and are counted as rows that came a second time.
        """
        whole = dict(tallies)
        for name, before in self.taken.items():
            back = taken_back.get(name, 0)
            twice = Tally(back, 0, Counter({QUARANTINED: back}), Counter({UNKNOWN_USER: back}))
            whole[name, self.month] = before + whole.get((name, self.month), Tally()) - twice
        check_sums(whole)
        return whole

    def _kept(self, name: str) -> DataFrame:
        kept = self.stored[name].where(F.col("arrival_cycle") == self.month)
        return deduplication.comparable(kept, canonical.BY_NAME[name], self.calendar)


def find(
    raw: Mapping[str, DataFrame],
    columns: Mapping[str, Mapping[str, str]],
    past: Past,
    *,
    whole: Span,
    calendar: Calendar,
) -> Begun | None:
    """The month to take on; None where there is none, or where it has to be taken again.

    columns: source: canonical column: expression. whole: the span in whole months.
    """
    span = taken_on(whole, past.taken_before)
    if span is None or span.first is None or past.quarantine is None or not set(raw) <= set(past.stored):
        return None
    month = str(span.first)
    counts = {row["source"]: row for row in past.counts if row["cycle"] == month}
    if set(raw) != set(counts):
        return None
    rows: dict[tuple[str, str], int] = defaultdict(int)
    reasons: dict[str, dict[str, int]] = defaultdict(dict)
    for row in union_all(_counted(raw, columns, past, span, calendar)).collect():
        rows[row.source, row.what] += row.rows
        if row.what == QUARANTINED:
            reasons[row.source][row.reason] = row.rows
    taken = {name: Tally.of_record(row, reasons[name]) for name, row in counts.items()}
    is_as_it_was = all(
        [rows[name, what] for what in (CAME, KEPT, QUARANTINED)] == [t.came, t.fates[KEPT], t.fates[QUARANTINED]]
        for name, t in taken.items()
    )
    return Begun(span, past.stored, past.quarantine, calendar, taken) if is_as_it_was else None


def _counted(
    raw: Mapping[str, DataFrame],
    columns: Mapping[str, Mapping[str, str]],
    past: Past,
    span: Span,
    calendar: Calendar,
) -> Iterator[DataFrame]:
    """Rows by source, what became of them, and why: those that came before the span, and all that was written."""
    month, nothing, before = str(span.first), F.lit(None).cast("string"), Terms(span.before, calendar, {})
    for name, frame in raw.items():
        came = disposition.arrived(frame, name, columns[name], before).where(F.col("arrival_cycle") == month)
        yield _by(came, source=F.lit(name), what=CAME, reason=nothing)
        kept = past.stored[name].where(F.col("arrival_cycle") >= month)
        yield _by(kept, source=F.lit(name), what=KEPT, reason=nothing)
    if past.quarantine is not None:
        bad = past.quarantine.where((F.col("cycle") >= month) & (F.col("cycle") != UNDATED))
        yield _by(bad, source=F.col("source"), what=QUARANTINED, reason=F.col("reason"))


def _by(rows: DataFrame, *, source: Column, what: str, reason: Column) -> DataFrame:
    named = rows.select(source.alias("source"), F.lit(what).alias("what"), reason.alias("reason"))
    return counted_by(named)
