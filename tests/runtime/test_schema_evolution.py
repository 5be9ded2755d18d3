"""A table that an older contract made: columns are gained, what is gone or changed names the migration."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from reactivation.contracts import derived
from reactivation.contracts.table import CONTRACT_VERSION, Column, Table
from reactivation.errors import ContractError
from reactivation.runtime.schema_evolution import VERSION, version_of
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

OLD = derived.TIERS_TABLE
NAMES = ["cycle", "user_id", "tier", "band"]
PLAN_VERSION = Column("plan_version", "int", "version of the plan", required=True, minimum=1, for_old_rows=1)
NOTE = Column("note", "string", "anything")
NEW = replace(OLD.extended([PLAN_VERSION, NOTE]), key=(*OLD.key, "plan_version"))
MAY, JUNE = {"cycle": "2026-05"}, {"cycle": "2026-06"}


@pytest.fixture(params=["folder", "catalog"])
def store(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield Store(spark, str(tmp_path), writer="a test")
        return
    spark.sql("create schema evolution_test")
    yield Store(spark, "spark_catalog.evolution_test", writer="a test")
    spark.sql("drop schema evolution_test cascade")


def rows_of(store: Store, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in store.read(table).select(*table.column_names).collect())


def test_a_required_column_that_is_gained_has_the_contracts_value_in_old_rows_and_another_one_is_null(
    store: Store, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    old = [("2026-05", 1, "low_potential", 9), ("2026-06", 1, "low_potential", 9)]
    store.replace(OLD, rows(OLD, NAMES, old), {"cycle": ["2026-05", "2026-06"]})
    assert rows_of(store, NEW) == [(*row, 1, None) for row in old]  # before any write
    assert "tiers has no plan_version (1), note (null) yet" in capsys.readouterr().out
    both = [("2026-06", 1, "low_potential", 9, 1, "a"), ("2026-06", 1, "high_potential", 2, 2, "b")]
    store.replace(
        NEW, rows(NEW, NEW.column_names, both).repartition(1), JUNE
    )  # one user twice: versions are of the key
    assert "tiers gets plan_version (1), note (null) in old rows" in capsys.readouterr().out
    assert rows_of(store, NEW) == [(*old[0], 1, None), *sorted(both)]
    assert store.read(NEW).where("plan_version = 1").count() == 2
    for bad, finding in (
        ([("2026-05", 1, "low_potential", 9, None, "c")], "not null"),
        ([("2026-05", 1, "low_potential", 9, 0, "c")], "1 or more"),
        ([("2026-05", 1, "low_potential", 9, 2, "c")] * 2, "1 rows too many"),
    ):
        with pytest.raises(ContractError, match=finding):
            store.replace(NEW, rows(NEW, NEW.column_names, bad).repartition(1), MAY)
    assert rows_of(store, NEW) == [(*old[0], 1, None), *sorted(both)]


def test_a_column_that_is_gone_or_has_another_type_is_an_error_that_names_the_migration(
    store: Store, rows: Rows
) -> None:
    store.replace(NEW, rows(NEW, NEW.column_names, [("2026-05", 1, "low_potential", 9, 1, "a")]), MAY)
    gone = replace(OLD.extended([PLAN_VERSION]), removed=("note",))
    retyped = OLD.extended([replace(PLAN_VERSION, type="bigint", was=("int",)), NOTE])
    for now, what in ((gone, "note"), (retyped, "plan_version: bigint")):
        for use in (
            lambda now=now: store.read(now),
            lambda now=now: store.replace(now, rows(now, ["cycle", "user_id"], [("2026-05", 1)]), MAY),
        ):
            with pytest.raises(ContractError, match=r"run jobs/migrate_tables\.py") as error:
                use()
            assert [finding.what for finding in error.value.findings] == [what]
    with pytest.raises(ContractError, match="knows no way from there") as error:
        store.read(OLD)
    assert [finding.what for finding in error.value.findings] == ["plan_version", "note"]
    assert rows_of(store, NEW) == [("2026-05", 1, "low_potential", 9, 1, "a")]


def test_a_table_says_the_version_of_the_contracts_that_made_it(store: Store, rows: Rows) -> None:
    store.replace(OLD, rows(OLD, NAMES, [("2026-05", 1, "low_potential", 9)]), MAY)
    assert version_of(store.properties(OLD)) == CONTRACT_VERSION
    if not store.is_catalog:  # in the commit that makes the table: it costs none of its own
        [commit] = (Path(store.place(OLD)) / "_delta_log").glob("*.json")
        actions = [json.loads(line) for line in commit.read_text("utf-8").splitlines()]
        [held] = [action["metaData"]["configuration"] for action in actions if "metaData" in action]
        assert version_of(held) == CONTRACT_VERSION


def test_a_table_of_a_later_release_is_not_written_by_this_one(store: Store, rows: Rows) -> None:
    later = OLD.extended([NOTE])
    store.replace(later, rows(later, NAMES, [("2026-05", 1, "low_potential", 9)]), MAY)
    store.note(later, VERSION, str(CONTRACT_VERSION + 1))
    with pytest.raises(ContractError, match=f"it knows {CONTRACT_VERSION}: take the release that wrote it"):
        store.read(OLD)
