"""No job, but what raw holds: before an ingest is skipped, what was taken of it and nothing else; before one, rows."""

from collections.abc import Mapping
from datetime import date, timedelta

from pyspark.sql import DataFrame

from reactivation.contracts import derived
from reactivation.frames import records
from reactivation.ingest import still_taken
from reactivation.periods import Month
from reactivation.runtime.raw import RawTables
from reactivation.runtime.run import Run


def there(raw: RawTables, tables: Mapping[str, DataFrame]) -> dict[str, int]:
    """Rows of each source: by its table's log, and of those whose log does not say by one query."""
    known = {name: rows for name, rows in raw.rows_by_log().items() if rows is not None}
    asked = {name: frame for name, frame in tables.items() if name not in known}
    counted = records(still_taken.rows(asked)) if asked else []
    return dict.fromkeys(asked, 0) | known | {row["source"]: row["rows"] for row in counted}


def differences(r: Run, until: date) -> list[str]:
    """Why an ingest up to a day is to be done again: what raw holds otherwise than was taken; none where nothing is.

    Where the raw tables' logs say how many rows there are, and these are the ones that `ingest_counts` took or saw as
    not yet arrived, that is all. Else one query counts the rows by source and month of arrival, and what counts of
    them is said by `still_taken.differences`.
    """
    settings = r.settings.sources
    taken = still_taken.taken(records(r.read(derived.INGEST_COUNTS))) if r.has(derived.INGEST_COUNTS) else {}
    if missing := still_taken.not_reached(taken, list(settings.present), until):
        return missing
    was = {name: taken[name] for name in settings.present}
    raw = RawTables(r.spark, settings, folder=r.resolve(settings.path), region=r.region)
    if all(rows is not None and rows == was[name].rows_there for name, rows in raw.rows_by_log().items()):
        return []
    tables = raw.open()
    with raw.reading(tables):
        now = records(still_taken.arrivals(tables, was, settings=settings, calendar=r.calendar))
    return still_taken.differences(was, now, since=Month.of(until - timedelta(days=1)))
