"""A warehouse in memory: raw rows in, ingests day by day, and what they leave behind."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from reactivation import ingest
from reactivation.contracts import canonical, derived
from reactivation.ingest import Batch, EarlierIngests, SourcesSettings
from reactivation.periods import Calendar

SHANGHAI = Calendar(zone="Asia/Shanghai", settle_days=5)
SETTINGS = SourcesSettings.model_validate(
    {
        "path": "raw",
        "format": "delta",
        "options": {},
        "max_bad_share": 1,
        "max_equal_share": 1,
        "few_bad_rows": 0,
        "encoding": "utf-8",
        "earliest_year": 1990,
        "latest_days_ahead": 366,
        "users": {"from": "users"},
        "logins": {"from": "logins", "columns": {"event_at": "login_time", "session_seconds": "secs"}},
        "asset_snapshots": {"from": "balances"},
    }
)


def raw(spark: SparkSession, columns: str, values: Sequence[tuple[Any, ...]]) -> DataFrame:
    """Rows as a bank may give them: everything is text. Times are UTC and say so, the region's days are Shanghai's."""
    zoned = [tuple(_in_utc(name, value) for name, value in zip(columns.split(), row, strict=True)) for row in values]
    return spark.createDataFrame(zoned, ", ".join(f"{name} string" for name in columns.split()))


def _in_utc(name: str, value: Any) -> Any:
    is_time = not name.endswith("_on") and isinstance(value, str)
    if is_time and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f"{value} 00:00:00Z"
    return f"{value}:00Z" if is_time and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", value) else value


class Warehouse:
    """Keeps what ingests write, replacing whole arrival months or adding to them as the job does."""

    def __init__(self, spark: SparkSession, raw: dict[str, DataFrame], settings: SourcesSettings = SETTINGS) -> None:
        self.spark, self.raw, self.settings = spark, raw, settings
        self.tables: dict[str, list[Any]] = {}

    def copy(self) -> "Warehouse":
        """Another one with the same raw rows and the same rows left behind."""
        other = Warehouse(self.spark, dict(self.raw), self.settings)
        other.tables = {name: list(rows) for name, rows in self.tables.items()}
        return other

    def ingest(self, as_of: str, force: bool = False) -> Batch:
        batch = ingest.ingest(
            self.raw,
            self.past(),
            as_of=date.fromisoformat(as_of),
            force=force,
            calendar=SHANGHAI,
            settings=self.settings,
            allowed={"asset_snapshots": {"product": ("deposit",)}},
            require_rows=lambda _silent: None,
        )
        new = {
            name: table.collect()
            for name, table in {**batch.kept, "quarantine": batch.quarantine}.items()
            if name in batch.parts
        }
        counted = [Row(**record) for record in batch.counted({name: len(rows) for name, rows in new.items()})]
        for name, rows in {**new, "ingest_counts": counted}.items():
            part = "arrival_cycle" if name in canonical.BY_NAME else "cycle"
            adds = batch.adds and name in canonical.BY_NAME
            others = self.rows(name) if adds else [r for r in self.rows(name) if r[part] not in batch.parts[name]]
            self.tables[name] = others + rows
            assert {r[part] for r in rows} <= set(batch.parts[name])
        return batch

    def past(self) -> EarlierIngests:
        def frame(name: str, schema: Any) -> DataFrame:
            return self.spark.createDataFrame([tuple(r) for r in self.tables[name]], schema)

        stored = {n: frame(n, t.schema) for n, t in canonical.BY_NAME.items() if n in self.tables}
        quarantine = frame("quarantine", derived.QUARANTINE.schema) if "quarantine" in self.tables else None
        return EarlierIngests(stored, quarantine, [r.asDict() for r in self.rows("ingest_counts")])

    def rows(self, name: str) -> list[Any]:
        return self.tables.get(name, [])

    def everything(self) -> dict[str, list[str]]:
        return {name: sorted(map(str, rows)) for name, rows in self.tables.items()}
