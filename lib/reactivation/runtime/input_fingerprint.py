"""What each part of a table was made of, kept with the table: what was made of something else is made again."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reactivation.contracts.table import Table
from reactivation.periods import Month
from reactivation.runtime.store import Store
from reactivation.settings import Settings

_PROPERTY = "reactivation.made_of"
_DIGITS = 12


@dataclass(frozen=True)
class Basis:
    """All that decides what `build_features` makes of a month.

    counts: rows kept, by month of arrival and source. partials: how partials are made of rows, by measure. definitions:
    version of the code that makes `activity`, `features` and `labels`.
    """

    settings: Settings
    counts: Mapping[str, Mapping[str, int]]
    definitions: Mapping[str, int]
    partials: Sequence[Sequence[str]] = ()

    @classmethod
    def of(
        cls,
        settings: Settings,
        ingest_counts: Iterable[Mapping[str, Any]],
        *,
        definitions: Mapping[str, int],
        partials: Sequence[Sequence[str]] = (),
    ) -> "Basis":
        """From the rows of `ingest_counts`."""
        counts: dict[str, dict[str, int]] = {}
        for row in ingest_counts:
            counts.setdefault(row["cycle"], {})[row["source"]] = row["rows_kept"]
        return cls(settings, counts, definitions, partials)

    def arrivals(self, sources: Collection[str], *, before: Month) -> list[Month]:
        """The months before a cycle in which rows of some sources arrived, the oldest first."""
        arrived = (month for month, kept in self._before(before).items() if any(kept.get(name) for name in sources))
        return [Month.parse(month) for month in sorted(arrived)]

    def activity(self, months: Iterable[Month]) -> dict[Month, str]:
        """Of partials: what is kept apart, how, and the rows that arrived in the month."""
        return {month: digest(self._kinds, self.partials, self.counts.get(str(month))) for month in months}

    def features(self, cycles: Iterable[Month]) -> dict[Month, str]:
        """Of features: look-backs, who sleeps, and all rows that arrived before the cycle."""
        rules = (
            self.definitions["features"],
            self.settings.features.lookback_months,
            self.settings.population.low_activity,
        )
        own = [name for names in self.settings.sources.attributes.values() for name in names]
        of_own = [own] if own else []
        return {cycle: digest(self._kinds, rules, self._before(cycle), *of_own) for cycle in cycles}

    def labels(self, months: Iterable[Month]) -> dict[Month, str]:
        """Of labels: their rules, when a month settles, and all rows of the months of arrival until then."""
        calendar = self.settings.calendar
        rules = self.definitions["labels"], self.settings.labels.model_dump(mode="json"), calendar.settle_days
        last = {month: Month.of(calendar.settle_on(month) - timedelta(days=1)) for month in months}
        return {month: digest(self._kinds, rules, self._before(last[month] + 1)) for month in last}

    @property
    def _kinds(self) -> tuple[Any, ...]:
        kinds = self.settings.activity.model_dump(mode="json")
        return self.definitions["activity"], kinds, self.settings.calendar.zone

    def _before(self, cycle: Month) -> dict[str, Mapping[str, int]]:
        return {month: counts for month, counts in self.counts.items() if month < str(cycle)}


def to_make(wanted: Mapping[Month, str], held: Mapping[str, str], *, always: Month | None = None) -> list[Month]:
    """Those of the wanted months of which the table holds nothing, or something made of other things."""
    return [month for month, digest in wanted.items() if held.get(str(month)) != digest or month == always]


def digest(*of: Any) -> str:
    """A short name of settings and counts; equal for equal ones, whatever the order of their keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    True
    """
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def made_of(store: Store, table: Table) -> dict[str, str]:
    """The digest of each part (a month) that was noted; empty where the table is not there."""
    if not store.has(table):
        return {}
    noted: dict[str, str] = json.loads(store.properties(table).get(_PROPERTY, "{}"))
    return noted


def note_made_of(store: Store, table: Table, parts: Mapping[str, str]) -> None:
    """Note of what some parts were made, once they are written; the others keep their notes."""
    before = made_of(store, table)
    now = {**before, **parts}
    if now != before:
        store.note(table, _PROPERTY, json.dumps(now, sort_keys=True))
