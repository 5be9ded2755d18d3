"""How far the ingest has come: without the last rows of a month, everybody would seem to have done nothing."""

from datetime import date

from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady
from reactivation.runtime.run import Run


def require_ingested(r: Run, until: date) -> date:
    """The day up to which all rows are in; NotReady where that lies before `until`."""
    reached = _reached(r)
    if reached is None or reached < until:
        advice = f"run jobs/ingest_sources.py --cycle {r.cycle} --as-of {until} first; it stopped at {reached}"
        raise NotReady(f"cycle {r.cycle} is not ingested up to {until}", [Finding("not ingested", str(until), advice)])
    return reached


def knows(r: Run, day: date) -> bool:
    """True where a run may go by all rows up to a day: as of its `--as-of`, or without one as of what is ingested.

    NotReady where it is to know them and they may still be missing.
    """
    if r.as_of is None:
        return (_reached(r) or date.min) >= day
    if r.as_of >= day:
        require_ingested(r, day)
    return r.as_of >= day


def _reached(r: Run) -> date | None:
    """The day before which all rows are in; None where nothing was ingested."""
    reached: date | None = r.read(derived.INGEST_COUNTS).agg(F.max("arrived_before")).collect()[0][0]
    return reached
