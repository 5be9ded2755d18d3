"""No job, but what two share: what has been decided of a model's version already."""

from collections import Counter
from collections.abc import Mapping

from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run


def approved(r: Run) -> set[tuple[str, str]]:
    """Models and versions of which the last thing that was decided is an approval."""
    if not r.has(derived.MODEL_LEDGER):
        return set()
    decided = r.read(derived.MODEL_LEDGER, F.col("event").isin("approved", "refused"))
    events = decided.select("at", "model", "version", "event").collect()
    last = {(row.model, row.version): row.event for row in sorted(events, key=lambda row: row["at"])}
    return {version for version, event in last.items() if event == "approved"}


def events(r: Run, model: str, version: str) -> set[str]:
    """The events of one version in `model_ledger`."""
    if not r.has(derived.MODEL_LEDGER):
        return set()
    known = r.read(derived.MODEL_LEDGER, (F.col("model") == model) & (F.col("version") == version))
    return {row.event for row in known.select("event").distinct().collect()}


def rivals(registry: Registry, target: str) -> Mapping[str, int]:
    """By test month, versions of other recipes than the champion's that it has judged already."""
    others = (version for version in registry.versions(target) if version.tags.get("is_refit") == "false")
    return Counter(version.tags.get("test_month", "") for version in others)
