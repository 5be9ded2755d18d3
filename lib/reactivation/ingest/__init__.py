"""A region's names become canonical; rows that break the contract go to quarantine with a reason; all are counted.

Each source is read once and goes one way: received (typed, with a rule code and hashes), admitted (its user is known),
decided (kept, quarantined or a duplicate), written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.frames import union_all
from reactivation.ingest import admission, counts, deduplication, disposition, incremental, shares, still_taken
from reactivation.ingest.admission import Waiting
from reactivation.ingest.arrival_range import UNDATED, ArrivalRange, to_handle
from reactivation.ingest.batch import EarlierIngests, parts_to_write
from reactivation.ingest.counts import Tallies
from reactivation.ingest.disposition import Decided
from reactivation.ingest.incremental import Resumed
from reactivation.ingest.received import IngestContext, ReceivedRows, each, receive
from reactivation.ingest.rules import Allowed, is_fine
from reactivation.ingest.settings import SourceSettings, SourcesSettings
from reactivation.periods import Calendar

__all__ = ["ArrivalRange", "Batch", "EarlierIngests", "IngestContext", "SourceSettings", "SourcesSettings", "ingest"]

Frames = Mapping[str, DataFrame]
_TOLD = ("in", "kept", "quarantined", "duplicate")


@dataclass(frozen=True)
class Batch:
    """What one ingest has to write, checked, and counted but for what only the write can tell.

    tallies: of the rows of the range; fine rows of sources without a key count as kept until `counted` is asked.
    quarantine: rejected rows. parts: table: the partitions to replace as a whole, or of a canonical table, where it
    `adds`, those that get rows; a table that is not named stays as it is. seen: source: raw rows that do not lie before
    the range's first month, those that arrive after the range among them. empty: source: optional column: share of the
    received rows without a value; columns that are always filled are left out.
    """

    arrivals: ArrivalRange
    tallies: Tallies
    decided: Mapping[str, Decided]
    quarantine: DataFrame
    parts: Mapping[str, Sequence[str]]
    seen: Mapping[str, int]
    resumed: Resumed | None = None
    waiting: Waiting | None = None
    empty: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, DataFrame]:
        """Canonical rows by source."""
        return {name: rows.kept() for name, rows in self.decided.items()}

    def rows_in(self, month: str) -> int:
        """Rows of all sources that arrived in a month."""
        taken = self.resumed.taken.values() if self.resumed and self.resumed.month == month else ()
        now = [entry for (_, cycle), entry in self.tallies.items() if cycle == month]
        return sum(entry.rows_in for entry in (*now, *taken))

    @property
    def adds(self) -> bool:
        """True where the canonical rows are those of days nobody took before: they are added, nothing is replaced."""
        return self.arrivals.since is not None

    def counted(self, written: Mapping[str, int]) -> list[dict[str, Any]]:
        """The rows of `ingest_counts`, once `kept` is written. written: source: rows that its commit counts."""
        tallies = self.tallies
        for name, rows in self.decided.items():
            found = rows.counted(written.get(name, 0))
            if not rows.has_repeated_keys:
                tallies = counts.settled(tallies, name, found)
        whole = self.resumed.with_taken(tallies, self.waiting) if self.resumed else tallies
        return counts.records(whole, self.arrivals)

    def overview(self, counted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One row per source that had rows, for people: counts, why rows are bad, which columns are empty how often.

        counted: what `counted` returned.
        """
        return [
            {
                "source": name,
                **{what: sum(row[f"rows_{what}"] for row in counted if row["source"] == name) for what in _TOLD},
                "bad because": ", ".join(f"{why} {rows}" for why, rows in counts.reasons_of(self.tallies, name)),
                "empty": ", ".join(f"{column} {share:.0%}" for column, share in self.empty[name].items()),
            }
            for name in self.decided
            if any(row["rows_in"] for row in counted if row["source"] == name)
        ]


def ingest(
    raw: Frames,
    earlier: EarlierIngests,
    *,
    as_of: date,
    force: bool,
    calendar: Calendar,
    settings: SourcesSettings,
    allowed: Mapping[str, Allowed],
    require_rows: Callable[[Frames], None],
) -> Batch:
    """Map, check, admit and count the raw rows that arrived before `as_of` in the months that are not whole yet.

    raw: raw tables by canonical name, as `runtime.raw` opened them. allowed: source: column: values that conf allows.
    require_rows: called with the sources of which no row arrived in the range; complains of those that have none at
    all. Raises TooManyBadRows, and SourceError where rows taken before are gone.
    """
    whole = to_handle(earlier.taken_before, list(raw), as_of=as_of, force=force)
    resumed = incremental.resumable(list(raw), earlier, whole)
    arrivals = resumed.left if resumed else whole
    context = IngestContext(arrivals, calendar, allowed, settings.plausible(whole.end), settings.channel_words)
    received = _received(raw, settings, context)
    if resumed and not resumed.is_as_it_was({name: rows.taken for name, rows in received.items()}):
        resumed, context = None, context.during(whole)
        received = _received(raw, settings, context)
    silent = {name: raw[name] for name, rows in received.items() if not rows.count}
    if silent and not resumed:
        require_rows(silent)

    late = admission.late_users(received, earlier, context)
    waiting = admission.waiting(earlier, late, context)
    admitted = {name: admission.admitted(rows, late, waiting, context) for name, rows in received.items()}
    found = disposition.counted(admitted, shares.keys(received))
    tallies = _counted_rows(found, received, waiting, context)
    decided = _decided(received, admitted, found, earlier, context)
    for name, rows in decided.items():
        if rows.has_repeated_keys:
            tallies = counts.settled(tallies, name, rows.counted())
    of_month = resumed.with_taken(tallies, waiting) if resumed else tallies
    still_taken.require_there(of_month, decided, earlier, whole, is_forced=force)
    shares.check(of_month, found, received, undated_before=earlier.undated, settings=settings)
    bad = {name for (name, _), entry in tallies.items() if entry.dispositions[counts.QUARANTINED]}
    rejected = [rows.rejected() for name, rows in decided.items() if name in bad or name == "users"]
    if resumed and earlier.quarantine is not None:
        rejected.append(resumed.still_out(earlier.quarantine, waiting))
    parts = parts_to_write(tallies, earlier, context.arrivals)
    seen = {name: rows.count + rows.taken + rows.not_yet_arrived for name, rows in received.items()}
    empty = {name: rows.empty_shares for name, rows in received.items()}
    return Batch(context.arrivals, tallies, decided, union_all(rejected), parts, seen, resumed, waiting, empty)


def _received(raw: Frames, settings: SourcesSettings, context: IngestContext) -> dict[str, ReceivedRows]:
    columns = {name: source.expressions for name, source in settings.present.items()}
    return each(raw, lambda name: receive(raw[name], canonical.BY_NAME[name], columns[name], context))


def _counted_rows(
    found: Sequence[Row], received: Mapping[str, ReceivedRows], waiting: Waiting | None, context: IngestContext
) -> Tallies:
    """Counts of all rows, before it is known which fine rows are duplicates. found: see `disposition.counted`."""
    back = waiting.taken_back if waiting else {}
    for name, rows in received.items():
        now = sum(row.rows for row in found if row.source == name and not row.is_readmitted)
        if now != rows.count + back.get(name, 0):
            raise AssertionError(f"`{name}`: {rows.count} rows were read, {now} admitted or refused")
    dispositions = [disposition.as_counted(row, received[row.source].rules) for row in found]
    new = [row for row in found if not row.is_readmitted]
    tallies = counts.tally(new, dispositions, sources=list(received), arrivals=context.arrivals)
    for name, rows in received.items():
        if rows.not_yet_arrived:  # beside the undated: every ingest counts both again
            tallies.setdefault((name, UNDATED), counts.Tally()).not_yet_arrived = rows.not_yet_arrived
    return tallies


def _decided(
    received: Mapping[str, ReceivedRows],
    admitted: Frames,
    found: Sequence[Row],
    earlier: EarlierIngests,
    context: IngestContext,
) -> dict[str, Decided]:
    """What becomes of the rows of each source; stored rows are looked at only where some may be repeated."""
    fine = {name: [row for row in found if row.source == name and row.rule_code == 0] for name in received}
    arrivals = context.arrivals
    since: dict[str, str] = {}
    for name, rows in fine.items():
        months = [row.late_month for row in rows if row.late_month]
        months += [str(arrivals.first)] if arrivals.since and rows else []
        if months and name in earlier.stored and name != "users":
            since[name] = min(months)
    may_repeat = F.lit(True) if arrivals.since else F.col(deduplication.LATE_MONTH).isNotNull()
    stored = deduplication.stored_repeats(
        {name: received[name].rows.where(is_fine() & may_repeat) for name in since},
        earlier.stored,
        since=since,
        until=str(arrivals.before.last) if since else "",
        unhashed=earlier.unhashed,
        rows=sum(row.rows for name in since for row in fine[name] if arrivals.since or row.late_month),
        calendar=context.calendar,
    )
    return each(
        received,
        lambda name: disposition.decided(
            admitted[name],
            received[name].table,
            received[name].rules,
            stored=stored.get(name),
            months=sorted({row.arrival_cycle for row in fine[name]}),
            rows=sum(row.rows for row in fine[name]),
            numbered=sum(row.numbered for row in fine[name]),
        ),
    )
