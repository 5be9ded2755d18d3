"""No job, but what several share: what has been decided of a model's version already."""

from collections import Counter
from collections.abc import Mapping

from pyspark.sql import Row
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.periods import Month
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run

APPROVED, REFUSED, REFUTED = "approved", "refused", "refuted"


def decided(r: Run, *, until: Month | None = None) -> dict[tuple[str, str], Row]:
    """By model and version the last event that lets it speak or not: approved, refused or refuted.

    until: a refutation of a later cycle does not count, so that a past cycle is scored again as it was.
    """
    if not r.has(derived.MODEL_LEDGER):
        return {}
    counts = F.col("event").isin(APPROVED, REFUSED, REFUTED)
    rows = r.read(derived.MODEL_LEDGER, counts).select("at", "cycle", "model", "version", "event", "reason").collect()
    seen = [row for row in rows if row.event != REFUTED or until is None or row.cycle <= str(until)]
    return {(row.model, row.version): row for row in sorted(seen, key=lambda row: row["at"])}


def events(r: Run, model: str) -> set[tuple[str, str, str]]:
    """Of one model in `model_ledger`: version, event and cycle of it."""
    if not r.has(derived.MODEL_LEDGER):
        return set()
    known = r.read(derived.MODEL_LEDGER, F.col("model") == model).select("version", "event", "cycle")
    return {(row.version, row.event, row.cycle) for row in known.distinct().collect()}


def rivals(registry: Registry, target: str) -> Mapping[str, int]:
    """By test month, versions of other recipes than the champion's that it has judged already."""
    others = (version for version in registry.versions(target) if version.tags.get("is_refit") == "false")
    return Counter(version.tags.get("test_month", "") for version in others)
