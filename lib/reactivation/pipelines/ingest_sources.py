"""Bring the bank's raw rows that arrived before a day under canonical names, and set bad ones aside."""

from collections.abc import Mapping
from datetime import date

from reactivation import ingest, population
from reactivation.contracts import canonical, derived
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.frames import records
from reactivation.pipelines import configured_sources, permissions, releases, rows_taken
from reactivation.runtime import deliveries
from reactivation.runtime.console import NOTICE
from reactivation.runtime.raw import RawTables
from reactivation.runtime.run import Run

_LATE = "which say that they arrived before {} and came when that was taken"
_ADVICE = (
    "date their arrival by when they came, so that they count from now on; or --force: all months are taken again, for "
    "which raw must still hold all that was taken"
)


def run(r: Run) -> None:
    """Nothing is written unless all sources can be read, the newest month has rows, and no source too many bad ones."""
    as_of, settings = r.as_of or r.cycle.first, r.settings.sources
    require_begun(r, as_of)
    raw = RawTables(r.spark, settings, folder=r.resolve(settings.path), region=r.region)
    tables = raw.open()
    upon = r.versions([derived.INGEST_COUNTS]).get(derived.INGEST_COUNTS.name)
    counts = records(r.read(derived.INGEST_COUNTS)) if r.has(derived.INGEST_COUNTS) else []
    earlier = ingest.EarlierIngests(
        stored=r.read_present(canonical.ALL),
        quarantine=r.read(derived.QUARANTINE) if r.has(derived.QUARANTINE) else None,
        counts=counts,
    )
    with raw.reading(tables):
        there = rows_taken.there(raw, tables) if counts and not r.force else {}
        batch = ingest.ingest(
            tables,
            earlier,
            as_of=as_of,
            force=r.force,
            calendar=r.calendar,
            settings=settings,
            require_rows=raw.require_rows,
            allowed=configured_sources.allowed(r.settings.activity),
        )
    require_rows(batch)
    left = ingest.counts.left_behind(there, batch.seen, counts, batch.arrivals)
    require_refusals(left, batch)
    kept = batch.kept
    added = set(kept) if batch.adds else set()
    writes = {canonical.BY_NAME[name]: rows for name, rows in kept.items()} | {derived.QUARANTINE: batch.quarantine}
    writes = {table: rows for table, rows in writes.items() if table.name in batch.parts}
    parts = {t: None if t.name in added else {t.partition_by[0]: batch.parts[t.name]} for t in writes}
    folder = r.resolve(settings.path)
    delivered = deliveries.delivered_on(r.spark, settings, folder=folder, names=population.FEEDS, calendar=r.calendar)
    # Two ingests that began at the same counts would add the same rows, or replace months by turns.
    with r.held(derived.INGEST_COUNTS, upon=upon) as is_held:
        once, news = None if is_held else f"{r.step.job} upon {upon}", writes.items()
        written = r.write_together(((t, rows, parts[t]) for t, rows in news), once=once if batch.adds else None)
        new = batch.counted({table.name: rows for table, rows in zip(writes, written, strict=True)})
        new = [{**row, "delivered_on": delivered.get(row["source"])} for row in new]
        # The counts come last: they say that all the others are there. Whose are second is Busy, and takes all again.
        of_counts = r.rows(derived.INGEST_COUNTS, new)
        r.write(derived.INGEST_COUNTS, of_counts, once=once, cycle=batch.parts[derived.INGEST_COUNTS.name])
    r.show("What came, of the months of this ingest", batch.overview(new))
    for sentence in ingest.counts.silent([*counts, *new]):
        r.say(f"    {sentence}", NOTICE)
    for name, rows in left.items():
        r.say(f"    `{name}`: {rows} rows were left, {_LATE.format(batch.arrivals.first)}; {_ADVICE}", NOTICE)


def require_begun(r: Run, as_of: date) -> None:
    """SettingsError where a day has not begun in the region: rows that still come before it would never be taken."""
    today = releases.today(r)
    if as_of > today and not r.settings.is_simulated:
        advice = f"in {r.calendar.zone} it is {today}: name that day or an earlier one, or wait"
        raise SettingsError("nothing was written", [Finding("not begun", f"as of {as_of}", advice)])


def require_refusals(left: Mapping[str, int], batch: ingest.Batch) -> None:
    """NotReady where rows were left in which somebody may refuse: who did would be contacted all the same."""
    late = _LATE.format(batch.arrivals.first)
    findings = [Finding("left", t.name, f"{left[t.name]} rows, {late}") for t in permissions.TABLES if t.name in left]
    if findings:
        findings.append(Finding("what to do", "raw tables", _ADVICE))
        raise NotReady("somebody may refuse in rows that would not be taken; nothing was written", findings)


def require_rows(batch: ingest.Batch) -> None:
    """NotReady where not one row arrived in the newest month: what is taken as complete is not asked for again."""
    newest = str(batch.arrivals.last)
    if not batch.rows_in(newest):
        advice = f"are they there yet? Mind --as-of: rows up to {batch.arrivals.end} would count as taken"
        raise NotReady("nothing was written", [Finding("no rows", f"arrived in {newest}", advice)])
