"""No job, but what several share: what has been decided of a model's version already."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import Row
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.periods import Month
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run

APPROVED, REFUSED, REFUTED = "approved", "refused", "refuted"


class Event(NamedTuple):
    """What happened to a version. month: by which it was judged, None for a person's decision."""

    version: str
    event: str
    month: str | None


def decided(r: Run, *, until: Month | None = None) -> dict[tuple[str, str], Row]:
    """By model and version the last event that decides whether it is used: approved, refused or refuted.

    until: the cycle that is scored. A later refutation does not count, nor what followed a refutation later, so that a
    past cycle is scored again as it was.
    """
    if not r.has(derived.MODEL_LEDGER):
        return {}
    decisions = r.read(derived.MODEL_LEDGER, F.col("event").isin(APPROVED, REFUSED, REFUTED))
    rows = decisions.select("at", "cycle", "model", "version", "event", "reason").collect()
    last: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: row["at"]):
        key, is_later = (row.model, row.version), until is not None and row.cycle > str(until)
        if is_later and (row.event == REFUTED or (key in last and last[key].event == REFUTED)):
            continue
        last[key] = row
    return last


def events(r: Run, model: str) -> list[Event]:
    """The events of one model in `model_ledger`."""
    if not r.has(derived.MODEL_LEDGER):
        return []
    known = r.read(derived.MODEL_LEDGER, F.col("model") == model).select("version", "event", "evidence_json")
    return [
        Event(row.version, row.event, json.loads(row.evidence_json).get("judging_month")) for row in known.collect()
    ]


def is_news(known: Sequence[Event], version: str, month: str) -> bool:
    """True for an approved version of which nobody has written yet that a month refutes it."""
    of_version = {(one.event, one.month) for one in known if one.version == version}
    return APPROVED in {event for event, _ in of_version} and (REFUTED, month) not in of_version


def rivals(registry: Registry, target: str) -> Mapping[str, int]:
    """By test month, versions of other recipes than the champion's that it has judged already."""
    others = (version for version in registry.versions(target) if version.tags.get("is_refit") == "false")
    return Counter(version.tags.get("test_month", "") for version in others)
