"""A region's names become canonical; rows that break the contract go to quarantine with a reason; all are counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.frames import broadcast_if_small, checkpointed, union_all
from reactivation.ingest import admission, counts, deduplication, disposition, incremental
from reactivation.ingest.arrival_range import Span, to_handle
from reactivation.ingest.batch import Batch, Past, parts_to_write
from reactivation.ingest.disposition import Terms
from reactivation.ingest.rules import Allowed, is_fine
from reactivation.ingest.settings import SourceSettings, SourcesSettings
from reactivation.periods import Calendar

__all__ = ["Batch", "Past", "SourceSettings", "SourcesSettings", "Span", "ingest"]

Frames = Mapping[str, DataFrame]
Made = TypeVar("Made")
PLANNERS = 4
LATECOMERS, REPEATED = "latecomers", "repeated"


def ingest(
    raw: Frames,
    past: Past,
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
    require_rows: called with the sources of which no row arrived in the span; complains of those that have none at all.
    Raises TooManyBadRows, and SourceError where rows taken before are gone. All rows are counted twice, as they come
    and by what became of them; the few that need a second look are found by user and `duplicates.ALIKE`.
    """
    months = to_handle(past.taken_before, list(raw), as_of=as_of, force=force)
    columns = {name: source.columns or {} for name, source in settings.present.items()}
    month = incremental.find(raw, columns, past, whole=months, calendar=calendar)
    terms = Terms(month.left if month else months, calendar, allowed)
    came = _each(raw, lambda name: checkpointed(disposition.checked(raw[name], name, columns[name], terms)))
    first_at = checkpointed(_first_arrivals(came["users"], past, terms))
    waiting = _waiting(past, first_at, terms)
    arrived = union_all([*_came(came), *([] if waiting is None else [admission.waits(waiting)])]).collect()
    if back := {row.source: row.rows for row in arrived if row.is_taken_back}:
        again = {name: _waited(waiting, name, terms, taken_back=True) for name in back}
        arrived += union_all(_came(again)).collect()
        came |= {name: came[name].unionByName(rows) for name, rows in again.items()}
    latecomers, repeated, sizes = _second_look(came, waiting, first_at, month)
    silent = set(raw) - {row.source for row in arrived if not row.is_waiting}
    if silent and not month:
        require_rows({name: raw[name] for name in silent})
    late = {name: {row.late: row.rows for row in arrived if row.source == name and row.late} for name in raw}
    readmits = {row.source for row in arrived if row.is_waiting and not row.is_taken_back}

    def decide(name: str) -> disposition.Decided:
        several = _of_source(repeated, name, sizes)
        stored = _there_already(past, name, came[name], late[name], terms)
        stored += [month.repeatable(name, several)] if month and name in sizes else []
        return disposition.decided(
            came[name],
            name,
            latecomers=broadcast_if_small(latecomers, rows=sizes[LATECOMERS]),
            repeated=several,
            waited=_waited(waiting, name, terms, taken_back=False) if name in readmits else None,
            stored=union_all(stored) if stored else None,
            terms=terms,
        )

    decided = _each(came, decide)
    became = union_all(rows.counted() for rows in decided.values()).collect()

    tallies = counts.tally([r for r in arrived if not r.is_waiting], became, sources=list(raw), span=terms.span)
    parts = parts_to_write(tallies, past, terms.span)
    rejected = [rows.rejected() for rows in decided.values()]
    if month:
        tallies = month.counted_with(tallies, back)
        rejected.append(month.still_out(waiting))
    elif not force:
        counts.check_still_there(tallies, past.counts, terms.span)
    counts.check_shares(tallies, undated_before=past.undated, settings=settings)
    return Batch(
        span=terms.span,
        kept={name: rows.kept() for name, rows in decided.items()},
        quarantine=union_all(rejected),
        counts=counts.records(tallies, terms.span),
        parts=parts,
    )


def _first_arrivals(came: DataFrame, past: Past, terms: Terms) -> DataFrame:
    """When each user became known: by the master rows of this span and those taken before it."""
    users = [came.where(is_fine())]
    if terms.span.first is not None and "users" in past.stored:
        users.append(past.stored["users"].where(F.col("arrival_cycle") <= str(terms.span.before.last)))
    return admission.first_arrivals(users, terms.calendar)


def _waiting(past: Past, first_at: DataFrame, terms: Terms) -> DataFrame | None:
    """See `arrivals.admissible`; None where nothing lies before the span."""
    if terms.span.first is None or past.quarantine is None:
        return None
    return checkpointed(admission.admissible(past.quarantine, first_at, terms.span, terms.calendar))


def _came(rows: Frames) -> list[DataFrame]:
    return [disposition.came(frame, name) for name, frame in rows.items()]


def _second_look(
    came: Frames, waiting: DataFrame | None, first_at: DataFrame, month: incremental.Begun | None
) -> tuple[DataFrame, DataFrame, dict[str, int]]:
    """Which rows need one: users who became known late, rows that have one alike, and how many there are of each."""
    fine = union_all(disposition.fine(rows, name) for name, rows in came.items())
    marks = {
        LATECOMERS: _latecomers(fine, waiting, first_at),
        REPEATED: deduplication.repeated(fine, month.alike() if month else None),
    }
    latecomers, repeated = _each(marks, lambda name: checkpointed(marks[name])).values()
    sizes = {row.source: row.rows for row in union_all(_sizes(latecomers, repeated)).collect()}
    return latecomers, repeated, sizes


def _latecomers(fine: DataFrame, waiting: DataFrame | None, first_at: DataFrame) -> DataFrame:
    """See `arrivals.latecomers`, of the rows that came and of those that wait."""
    seen = [rows.select("user_id", "arrived_at") for rows in (fine, waiting) if rows is not None]
    return admission.latecomers(union_all(seen), first_at)


def _sizes(latecomers: DataFrame, repeated: DataFrame) -> Iterator[DataFrame]:
    yield latecomers.agg(F.lit(LATECOMERS).alias("source"), F.count("*").alias("rows"))
    yield repeated.groupBy("source").agg(F.count("*").alias("rows"))


def _of_source(repeated: DataFrame, name: str, sizes: Mapping[str, int]) -> DataFrame:
    return broadcast_if_small(repeated.where(F.col("source") == name).drop("source"), rows=sizes.get(name, 0))


def _there_already(past: Past, name: str, came: DataFrame, late: Mapping[str, int], terms: Terms) -> list[DataFrame]:
    """Canonical rows that late rows may repeat, where there are any. late: late rows by month of their event."""
    if terms.span.first is None or not late or name not in past.stored:
        return []
    there = deduplication.there_already(
        past.stored[name],
        canonical.BY_NAME[name],
        late=broadcast_if_small(
            came.where(deduplication.is_late()).select(deduplication.ALIKE).distinct(), rows=sum(late.values())
        ),
        months=late,
        before=terms.span.first,
        calendar=terms.calendar,
    )
    return [there]


def _waited(waiting: DataFrame | None, name: str, terms: Terms, *, taken_back: bool) -> DataFrame:
    """Rows from the quarantine whose user has become known, checked like any other."""
    assert waiting is not None
    unpacked = admission.waiting(waiting, canonical.BY_NAME[name], taken_back=taken_back)
    return disposition.checked(unpacked, name, {}, terms.before())


def _each(names: Iterable[str], made: Callable[[str], Made]) -> dict[str, Made]:
    """Something per source, several at a time: with nine small sources, planning is what takes long."""
    with ThreadPoolExecutor(PLANNERS) as pool:
        return dict(zip(names, pool.map(made, names), strict=True))
