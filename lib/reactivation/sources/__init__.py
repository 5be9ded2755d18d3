"""A region's names become canonical; rows that break the contract go to quarantine with a reason; all are counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Calendar
from reactivation.sources import arrivals, counts, duplicates, fates
from reactivation.sources.checks import Allowed
from reactivation.sources.settings import SourcesSettings, SourceSettings
from reactivation.sources.span import UNDATED, Span, to_handle
from reactivation.tables import canonical, derived

__all__ = ["Batch", "Past", "SourceSettings", "SourcesSettings", "Span", "ingest"]


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
    """What one ingest has to write, checked and counted; nothing of it is written yet.

    kept: canonical rows by source. quarantine: rejected rows. counts: rows of `ingest_counts`.
    replaces: table: the partitions to replace as a whole; a table that is not named stays as it is.
    """

    span: Span
    kept: Mapping[str, DataFrame]
    quarantine: DataFrame
    counts: Sequence[Mapping[str, Any]]
    replaces: Mapping[str, Sequence[str]]
    cached: Sequence[DataFrame]

    def release(self) -> None:
        """Give back the memory of the checked rows, once they are written."""
        for frame in self.cached:
            frame.unpersist()


def ingest(
    raw: Mapping[str, DataFrame],
    past: Past,
    *,
    as_of: date,
    force: bool,
    calendar: Calendar,
    settings: SourcesSettings,
    allowed: Mapping[str, Allowed],
) -> Batch:
    """Map, check, admit and count the raw rows that arrived before `as_of` in the months that are not whole yet.

    raw: raw tables by canonical name, as `runtime.raw` opened them. allowed: source: column: values that conf allows.
    Raises TooManyBadRows before anything is written. Two passes, whatever the number of sources: one checks all rows
    and counts them, one decides and counts again, and the two counts must agree.
    """
    span = to_handle(past.taken_before, list(raw), as_of=as_of, force=force)
    tables = {name: canonical.BY_NAME[name] for name in raw}
    columns = {name: source.columns or {} for name, source in settings.present.items()}
    came = {
        name: _cached(
            fates.checked(
                frame, tables[name], columns[name], span=span, calendar=calendar, allowed=allowed.get(name, {})
            )
        )
        for name, frame in raw.items()
    }
    first_at = _cached(_first_arrivals(came["users"], past, span))
    waiting = None if span.first is None else past.quarantine
    waits = [] if waiting is None else [arrivals.waits(waiting, first_at, span, calendar)]
    first_pass = _together([*[fates.came(frame, tables[name], calendar) for name, frame in came.items()], *waits])
    arrived = first_pass.collect()

    decided = {}
    for name, rows in came.items():
        stored, waited = None, None
        months = {row.late for row in arrived if row.source == name and row.late not in (None, arrivals.WAITS)}
        if span.first is not None and months and name in past.stored:
            stored = duplicates.there_already(
                past.stored[name], tables[name], months=months, before=span.first, calendar=calendar
            )
        if waiting is not None and any(row.source == name and row.late == arrivals.WAITS for row in arrived):
            unpacked = arrivals.waiting(waiting, tables[name], first_at, span, calendar)
            waited = fates.checked(
                unpacked, tables[name], {}, span=span.before, calendar=calendar, allowed=allowed.get(name, {})
            )
        decided[name] = _cached(
            fates.decided(
                rows, tables[name], first_at=first_at, waited=waited, stored=stored, span=span, calendar=calendar
            )
        )
    second_pass = _together([fates.counted(frame, tables[name]) for name, frame in decided.items()])
    tallies = counts.tally(
        [row for row in arrived if row.late != arrivals.WAITS], second_pass.collect(), sources=list(raw), span=span
    )
    counts.check_shares(tallies, undated_before=past.undated, settings=settings)
    return Batch(
        span=span,
        kept={name: fates.kept(frame, tables[name]) for name, frame in decided.items()},
        quarantine=_together([fates.rejected(frame, tables[name]) for name, frame in decided.items()]),
        counts=counts.records(tallies, span),
        replaces=_replaced(tallies, past, span),
        cached=[*came.values(), first_at, *decided.values()],
    )
