"""A decision on a registered model version, as `model_ledger` keeps it."""

from datetime import UTC, datetime
from typing import Any

from reactivation.periods import Month


def record(
    model: str, version: str, *, cycle: Month, event: str, actor: str, reason: str, evidence: str
) -> dict[str, Any]:
    """One row of `model_ledger`. model: the registered name. evidence: figures as JSON."""
    return {
        "at": datetime.now(UTC),
        "cycle": str(cycle),
        "model": model,
        "version": str(version),
        "event": event,
        "actor": actor,
        "reason": reason,
        "evidence_json": evidence,
    }
