"""A root that release 0.1.0 made: its tables open by today's contracts, and their parts are replaced and added to."""

import tarfile
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.errors import ContractError
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

PACKED = Path(__file__).parents[1] / "data" / "root_0_1_0" / "root.tar.gz"
MADE_AGAIN = ("activity",)


@pytest.fixture(scope="module")
def store(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("root_0_1_0")
    with tarfile.open(PACKED) as packed:
        packed.extractall(root, filter="data")
    return Store(spark, str(root), writer="a test")


def there(store: Store) -> list[Table]:
    return [table for table in (*canonical.ALL, *derived.ALL) if store.has(table)]


def test_every_table_opens_and_says_its_rows(store: Store) -> None:
    names, since = {table.name for table in there(store)}, {"exclusions"}
    assert names == {
        *canonical.BY_NAME.keys() - since,
        "quarantine",
        "ingest_counts",
        "activity",
        "features",
        "labels",
        "run_log",
    }
    for table in there(store):
        rows = store.read(table)
        assert set(table.column_names) <= set(rows.columns)
        if table.partition_by:
            [column] = table.partition_by
            counted = {row[column]: row["count"] for row in rows.groupBy(column).count().collect()}
            assert store.rows_by(table, column) == counted


def test_a_part_of_every_table_is_replaced_by_its_own_rows_and_the_others_stay(store: Store) -> None:
    for table in there(store):
        if not table.partition_by or table.name in MADE_AGAIN:
            continue
        [column] = table.partition_by
        before = store.rows_by(table, column)
        part = max(before)
        rows = store.read(table).where(F.col(column) == part)
        written = store.replace(table, rows if table.is_open else table.select(rows), {column: part})
        assert written.rows == before[part]
        assert store.rows_by(table, column) == before


def test_rows_are_added_and_a_new_part_is_begun(store: Store, rows: Rows) -> None:
    names = ["user_id", "event_at", "arrived_at"]
    before = store.rows_by(canonical.LOGINS, "arrival_cycle")
    for day, once in (("2026-05-04", None), ("2026-06-04", "upon 1")):
        store.append(canonical.LOGINS, rows(canonical.LOGINS, names, [(1, day, day)]), once=once)
    now = store.rows_by(canonical.LOGINS, "arrival_cycle")
    assert now == {**before, "2026-05": before["2026-05"] + 1, "2026-06": 1}


def test_a_table_without_constraints_refuses_what_breaks_the_contract(store: Store, rows: Rows) -> None:
    """NOT NULL is in its schema; keys and values are looked at once rows are written, and taken back."""
    before = store.rows_by(derived.LABELS, "cycle")
    for users, found in (([1, 1], "1 rows too many"), ([1, None], "not null")):
        bad = rows(derived.LABELS, ["cycle", "user_id"], [("2026-09", user) for user in users]).repartition(1)
        with pytest.raises(ContractError, match=found):
            store.replace(derived.LABELS, bad, {"cycle": "2026-09"})
    assert store.rows_by(derived.LABELS, "cycle") == before


def test_activity_of_other_columns_is_made_again(store: Store, rows: Rows) -> None:
    """What an old measure held as a struct is a number now: the table is made again, none of its rows stay."""
    old = store.read(derived.ACTIVITY)
    name = next(field.name for field in old.schema if field.name not in derived.ACTIVITY.column_names)
    kind = "string" if old.schema[name].dataType.simpleString() != "string" else "bigint"
    new = rows(derived.ACTIVITY, ["arrival_cycle", "event_month", "user_id"], [("2026-04", "2026-04", 1)])
    store.replace(derived.ACTIVITY, new.withColumn(name, F.lit(1).cast(kind)), {"arrival_cycle": "2026-04"})
    assert store.rows_by(derived.ACTIVITY, "arrival_cycle") == {"2026-04": 1}
    assert store.read(derived.ACTIVITY).schema[name].dataType.simpleString() == kind
