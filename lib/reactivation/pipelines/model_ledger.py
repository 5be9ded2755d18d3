"""No job, but what two share: what has been decided of a model's version already."""

from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.runtime.run import Run


def approved(r: Run) -> set[tuple[str, str]]:
    """Models and versions that somebody approved."""
    if not r.has(derived.MODEL_LEDGER):
        return set()
    known = r.read(derived.MODEL_LEDGER, F.col("event") == "approved").select("model", "version").distinct()
    return {(row.model, row.version) for row in known.collect()}


def events(r: Run, model: str, version: str) -> set[str]:
    """The events of one version in `model_ledger`."""
    if not r.has(derived.MODEL_LEDGER):
        return set()
    known = r.read(derived.MODEL_LEDGER, (F.col("model") == model) & (F.col("version") == version))
    return {row.event for row in known.select("event").distinct().collect()}
