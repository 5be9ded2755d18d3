"""Settings of `population` as the tests of this folder take them, and the permissions that literal rows make."""

import json
from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from reactivation import population
from reactivation.contracts import canonical, derived
from reactivation.frames import of_records

BASIS = {"legal_basis": "contract", "document": "terms of 2020", "valid_until": "2030-12-31"}


def settings(**changes: Any) -> population.PopulationSettings:
    """Nobody who never decided is allowed calls; the limits are far away."""
    policy = {
        "window_days": 30,
        "max_contacts": 2,
        "min_days_between": 3,
        "cool_off_days": 0,
        "counts_outside_contacts": True,
        "channels": {},
    }
    consent = {
        "purposes": ["marketing"],
        "oldest_consent": {"days": 3650},
        "oldest_feed": {"days": 3},
        "max_share_without_user": 0.1,
    }
    values = {
        "low_activity": "login_days_3m <= 3",
        "undecided": {"sms": BASIS, "push": BASIS, "call": "not_allowed", "profiling": BASIS},
        "consent": {**consent, **changes.pop("consent", {})},
        "contact_policy": {**policy, **changes.pop("contact_policy", {})},
    }
    return population.PopulationSettings.model_validate({**values, **changes})


class World:
    """Makes permissions of literal rows. What stands in quarantine is a map of texts, as the ingest leaves it."""

    def __init__(self, spark: SparkSession, rows: Rows) -> None:
        self._spark, self._rows = spark, rows

    def __call__(
        self,
        consents: list[dict[str, Any]] | None = None,
        contacts: list[dict[str, Any]] | None = None,
        exclusions: list[dict[str, Any]] | None = None,
        unread: list[tuple[str, str, int | None, str | None, dict[str, str]]] | None = None,
        words: dict[str, str] | None = None,
    ) -> population.Permissions:
        """unread: source, reason, user, arrival, the row as texts."""
        given = {canonical.CONSENTS: consents, canonical.CONTACTS: contacts, canonical.EXCLUSIONS: exclusions}
        tables = {table.name: self._of(table, rows) for table, rows in given.items() if rows is not None}
        return population.Permissions(
            date(1990, 1, 1),
            **tables,
            quarantine=None if unread is None else self._quarantine(unread),
            words=words or {},
        )

    def _of(self, table: Any, rows: list[dict[str, Any]]) -> Any:
        names = list(dict.fromkeys(name for row in rows for name in row)) or ["user_id"]
        full = [
            {"contact_id": f"c{number}", "arrived_at": row.get("event_at"), **row} for number, row in enumerate(rows)
        ]
        names += ["contact_id"] if table is canonical.CONTACTS and "contact_id" not in names else []
        return self._rows(table, names, [tuple(row.get(name) for name in names) for row in full])

    def _quarantine(self, unread: list[tuple[str, str, int | None, str | None, dict[str, str]]]) -> Any:
        table = derived.QUARANTINE
        names = ("source", "reason", "user_id", "arrived_at", "row_json", "cycle")
        filled = [(*row[:4], json.dumps(row[4]), (row[3] or "undated")[:7]) for row in unread]
        if not filled:
            return of_records(self._spark, [], table.schema)
        return self._rows(table, names, filled)


@pytest.fixture
def world(spark: SparkSession, rows: Rows) -> World:
    """`world(consents=[{"user_id": 1, "event_at": "2026-05-01", …}], unread=[…])`."""
    return World(spark, rows)
