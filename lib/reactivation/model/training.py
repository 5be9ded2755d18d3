"""What one training is: its cycle and months, its settings, and the rows it learnt from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reactivation.model.examples import Months
from reactivation.periods import Month


@dataclass(frozen=True)
class Training:
    """What a version is tagged with, and found again by: one cycle, one set of settings, the same rows.

    tables: Delta versions of the tables at the time, for a reviewer to read them again. rows: fingerprint of what was
    read of them; a table's version also moves with every later cycle, its rows of these months do not.
    """

    cycle: Month
    months: Months
    settings_hash: str
    tables: Mapping[str, int]
    rows: str

    @property
    def key(self) -> dict[str, str]:
        """The tags by which an equal training is found again."""
        return {"cycle": str(self.cycle), "settings_hash": self.settings_hash, "rows": self.rows}

    @property
    def tags(self) -> dict[str, str]:
        return {**self.key, "tables": json.dumps(dict(self.tables), sort_keys=True)}

    def parameters(self, target: str, fit: Mapping[str, Any]) -> dict[str, Any]:
        """What a run of MLflow keeps as parameters. fit: what decides the fit, by flat names."""
        spans = {"train_from": self.months.train[0], "train_to": self.months.train[-1], "test": self.months.test}
        versions = {f"version_{name}": version for name, version in self.tables.items()}
        return {"target": target, **spans, **versions, **fit, "settings_hash": self.settings_hash}
