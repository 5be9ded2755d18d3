"""No job, but what `forget_user` does to `wave_releases`: what was noted of files and rows is noted without a user."""

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql import functions as F

from reactivation import campaign
from reactivation.contracts import derived
from reactivation.frames import of_records, records
from reactivation.pipelines.releases import FROZEN, as_json
from reactivation.runtime.store import Store

RELEASES = derived.WAVE_RELEASES
Part = dict[str, dict[str, Any]]


def parts_of(store: Store, user: int) -> dict[str, Part]:
    """By cycle: what the fingerprints of a released wave have of a user; to be asked before the rows go."""
    tables = {t.name: store.read(t).where(F.col("user_id") == user) for t in FROZEN if _has_users(store, t)}
    cycles = {row["cycle"] for rows in tables.values() for row in records(rows.select("cycle").distinct())}
    found = {}
    for cycle in sorted(cycles):
        of_cycle = {name: rows.where(F.col("cycle") == cycle) for name, rows in tables.items()}
        found[cycle] = campaign.frozen.of_rows(records(campaign.frozen.fingerprints(of_cycle)), {}, of_cycle)
    return found


def note_without(store: Store, parts: Mapping[str, Part], digests: Mapping[str, str], *, request: str) -> int:
    """Write the events anew that name a file or a row of the user; returns how many.

    digests: by path of a file. request: by which rows are taken out once; to be done before they go, so that a run that
    breaks off is taken up by the next.
    """
    changed = 0
    for event in records(store.read(RELEASES)) if store.has(RELEASES) else []:
        frozen, files = (json.loads(event[name] or "{}") for name in ("frozen_json", "files_json"))
        less = _less(frozen, parts.get(event["cycle"], {}), request)
        new = {**event, "frozen_json": as_json(less), "files_json": as_json(_with(files, event["folder"], digests))}
        new = {name: event[name] if event[name] is None else value for name, value in new.items()}
        if new != event:
            rows = of_records(store.spark, [new], RELEASES.schema)
            store.replace(RELEASES, rows, {"event_id": event["event_id"]})
            changed += 1
    return changed


def _has_users(store: Store, table: Any) -> bool:
    return "user_id" in table.column_names and store.has(table)


def _less(frozen: Mapping[str, Any], part: Part, request: str) -> dict[str, Any]:
    """Fingerprints without the rows of a user, and how many users are missing."""
    return {
        name: of
        if not part.get(name, {}).get("rows") or request in of.get("requests", ())
        else {
            **of,
            "rows": of["rows"] - part[name]["rows"],
            "hash": str(int(of["hash"]) - int(part[name]["hash"])),
            "users_erased": of.get("users_erased", 0) + 1,
            "requests": [*of.get("requests", ()), request],
        }
        for name, of in frozen.items()
    }


def _with(files: Mapping[str, Any], folder: str | None, digests: Mapping[str, str]) -> dict[str, Any]:
    """Files by name, those that were written anew with their new digest."""
    new = {name: digests.get(f"{folder}/{name}") for name in files}
    return {name: of if new[name] is None else {**of, "sha256": new[name]} for name, of in files.items()}
