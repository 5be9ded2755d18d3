"""How far the ingest has come: without the last rows of a month, everybody would seem to have done nothing."""

from datetime import date

from pyspark.sql import functions as F

from reactivation.errors import Finding, NotReady
from reactivation.runtime.run import Run
from reactivation.tables import derived


def require_ingested(r: Run, until: date) -> None:
    """NotReady where rows that arrived before 00:00 of `until` may still be missing."""
    reached = r.read(derived.INGEST_COUNTS).agg(F.max("arrived_before")).collect()[0][0]
    if reached is None or reached < until:
        advice = f"run jobs/ingest_sources.py --cycle {r.cycle} --as-of {until} first; it stopped at {reached}"
        raise NotReady(f"cycle {r.cycle} is not ingested up to {until}", [Finding("not ingested", str(until), advice)])
