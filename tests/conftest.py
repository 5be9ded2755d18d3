"""One Spark session for all tests of a process, and `rows`: literal rows that fill what a test does not speak about."""

import gc
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    StringType,
    StructType,
    TimestampType,
)

from reactivation.contracts.table import Table
from reactivation.frames import of_records
from reactivation.periods import Calendar
from reactivation.settings import load

CONF = Path(__file__).parents[1] / "conf"

settings.register_profile("always", deadline=None, derandomize=True)  # the same cases, however busy the machine is
settings.load_profile("always")

Rows = Callable[[Table, Sequence[str], Sequence[tuple[Any, ...]]], DataFrame]

OF_ITS_OWN = ("tests/cycle/cluster/", "tests/cycle/again/")
"""Folders each of whose files may run in another process than the others: they share a bank by its files."""
LONGEST_FIRST = (
    "tests/cycle",
    "tests/lab",
    "tests/cycle/cluster/test_cluster.py",  # the bank that it starts from has lived to its first wave by then
    "tests/cycle/again/test_killed.py",
    "tests/runtime",
    "tests/ingest",
    "tests/model",
    "tests/experiment",
)
"""What takes half a minute and more: of two processes, neither is left with one of them at the end."""


def group_of(nodeid: str) -> str:
    """`tests/<noun>`, or `tests` or `lib`: its tests stay in one process, which makes their banks and models once."""
    file = nodeid.partition("::")[0]
    if file.startswith(OF_ITS_OWN):
        return file
    first, *more = file.split("/")
    return f"{first}/{more[0]}" if first == "tests" and len(more) > 1 else first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest begin; within a group the order stays."""
    places = {group: place for place, group in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(group_of(item.nodeid), len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole folders to the processes of `-n`; xdist's own mark of a group has no effect under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByFolder(config, log)


def pytest_collection_finish() -> None:
    """Keep Python from looking for garbage in what was imported: statsmodels has it look at each adjusted p-value."""
    gc.freeze()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    from reactivation.runtime.session import start

    local = load(CONF, env="local", region="sandbox", scenario="mobile_activity")
    return start(
        {
            **local.settings.runtime.spark,
            "spark.driver.memory": "3g",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark-warehouse")),
        }
    )


@pytest.fixture
def utc() -> Calendar:
    """A region whose days are those of UTC, settling after five days."""
    return Calendar(zone="UTC", settle_days=5)


@pytest.fixture
def rows(spark: SparkSession) -> Rows:
    """Literal rows of a table's contract: `rows(canonical.LOGINS, ["user_id", "event_at"], [(1, "2026-05-31 23:59")])`.

    Timestamps are read as UTC. `arrived_at` follows the event unless given; other columns that a test does not name are
    null where the contract allows it, else the type's plainest value.
    """

    def make(table: Table, names: Sequence[str], values: Sequence[tuple[Any, ...]]) -> DataFrame:
        records = [_record(table, dict(zip(names, row, strict=True))) for row in values]
        extra = [name for name in names if name not in table.column_names]
        assert not extra, f"`{table.name}` has no columns {extra}"
        return of_records(spark, records, _nullable(table.schema))

    return make


def _record(table: Table, given: dict[str, Any]) -> dict[str, Any]:
    happened = next((given[c] for c in ("event_at", "sent_at", "snapshot_on", "signed_up_on") if c in given), None)
    values = {}
    for column in table.columns:
        if column.name in given:
            value = given[column.name]
        elif column.name == "arrived_at":
            value = happened
        elif column.name == "arrival_cycle":
            value = str(given.get("arrived_at", happened) or "2000-01")[:7]
        elif column.required:
            value = column.allowed[0] if column.allowed else _plain(column.data_type)
        else:
            value = None
        values[column.name] = _typed(value, column.data_type)
    return values


def _plain(data_type: DataType) -> Any:
    plain: dict[type, Any] = {
        StringType: "x",
        BooleanType: True,
        DateType: "2000-01-01",
        TimestampType: "2000-01-01 00:00",
        DoubleType: 0.0,
    }
    return plain.get(type(data_type), 0)


def _typed(value: Any, data_type: DataType) -> Any:
    if value is None:
        return None
    if isinstance(data_type, TimestampType) and isinstance(value, str | date) and not isinstance(value, datetime):
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    if isinstance(data_type, DateType) and isinstance(value, str):
        return date.fromisoformat(value[:10])
    if isinstance(data_type, DecimalType):
        return Decimal(str(value))
    return value


def _nullable(schema: StructType) -> StructType:
    loose = StructType()
    for field in schema:
        loose.add(field.name, field.dataType, nullable=True)
    return loose
