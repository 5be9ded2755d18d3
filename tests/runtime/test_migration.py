"""A table moves to today's contract: its rows stay, and what cannot be moved is told before anything is changed."""

import re
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import Row

from conftest import CONF, Rows
from reactivation import cli
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import CONTRACT_VERSION, Column, Table
from reactivation.errors import ContractError
from reactivation.pipelines import migrate_tables
from reactivation.runtime import migration
from reactivation.runtime.contract_rules import CONSTRAINT
from reactivation.runtime.schema_evolution import VERSION, VERSION_OF_FOLDER
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

PACKED = Path(__file__).parents[1] / "data" / "root_0_1_0" / "root.tar.gz"
MOVED = (canonical.CONSENTS, derived.INGEST_COUNTS, derived.LABELS, derived.RUN_LOG)
"""Tables of 0.1.0 that the test moves: those that gained columns since, and two that did not."""

OLD = derived.TIERS_TABLE.extended([Column("size", "int", "a number"), Column("odd", "string", "not kept")])
NAMES = ["cycle", "user_id", "tier", "band", "size", "odd"]
ROWS = [("2026-05", 1, "low_potential", 9, 7, "x"), ("2026-06", 2, "high_potential", 1, None, "y")]
NEW = replace(
    derived.TIERS_TABLE.extended(
        [
            Column("size", "bigint", "a number", minimum=0, was=("int",)),
            Column("plan_version", "int", "version of the plan", required=True, for_old_rows=1),
        ]
    ),
    removed=("odd",),
)


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path, rows: Rows) -> Store:
    """A table as an older contract left it: other columns, and no version."""
    made = Store(spark, str(tmp_path), writer="a test")
    made.replace(OLD, rows(OLD, NAMES, ROWS), {"cycle": ["2026-05", "2026-06"]})
    made.stored(OLD).alter(f"unset tblproperties ('{VERSION_OF_FOLDER}')")
    return made


def rows_of(store: Store, table: Table) -> list[Row]:
    return sorted(store.read(table).select(*table.column_names).collect(), key=str)


def test_columns_are_dropped_cast_and_gained_and_the_rules_of_today_hold(store: Store, rows: Rows) -> None:
    found = migration.needed(store, NEW)
    assert found.version == 1
    assert found.text == (
        "drops odd; casts size from int to bigint; adds plan_version; takes up the rules of size, plan_version"
    )
    assert store.version(OLD) == 1  # it only looked
    migration.move(store, found)
    assert [tuple(row) for row in rows_of(store, NEW)] == [
        ("2026-05", 1, "low_potential", 9, 7, 1),
        ("2026-06", 2, "high_potential", 1, None, 1),
    ]
    assert store.stored(NEW).load().where("plan_version = 1").count() == 2  # others than this program see it as well
    now = Store(store.spark, str(Path(store.place(NEW)).parents[1]))
    assert now.properties(NEW)[f"{CONSTRAINT}size"]
    assert (now.properties(NEW)[VERSION], now.stored(NEW).is_guarded()) == (str(CONTRACT_VERSION), True)
    assert migration.needed(store, NEW).is_done
    bad = rows(NEW, NEW.column_names, [("2026-05", 1, "low_potential", 9, -1, 1)]).repartition(1)
    with pytest.raises(ContractError, match="0 or more"):
        store.replace(NEW, bad, {"cycle": "2026-05"})


def test_a_move_that_broke_off_is_taken_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reactivation.runtime.migration.broken_rules", breaks)
    with pytest.raises(KeyboardInterrupt):
        migration.move(store, migration.needed(store, NEW))
    monkeypatch.undo()
    assert migration.needed(store, NEW).text == "takes up the rules of size, plan_version"
    migration.move(store, migration.needed(store, NEW))
    assert migration.needed(store, NEW).is_done
    assert [row.user_id for row in rows_of(store, NEW)] == [1, 2]


def test_rows_that_break_todays_rules_are_told_and_stay(store: Store) -> None:
    strict = replace(NEW, columns=(*NEW.columns[:4], replace(NEW.columns[4], minimum=8), NEW.columns[5]))
    with pytest.raises(ContractError, match=r"value +size +1 rows; allowed: 8 or more"):
        migration.move(store, migration.needed(store, strict))
    assert [row.user_id for row in rows_of(store, strict)] == [1, 2]
    assert not migration.needed(store, strict).is_done


def test_a_table_of_a_later_release_is_not_moved(store: Store) -> None:
    store.stored(OLD).alter(f"set tblproperties ('{VERSION}' = '{CONTRACT_VERSION + 1}')")
    found = migration.needed(store, NEW).problems
    assert [(problem.kind, problem.what) for problem in found] == [("version", f"tiers {CONTRACT_VERSION + 1}")]


def run(root: Path, *more: str) -> int:
    argv = ["--conf-dir", str(CONF), "--set", f"paths.root={root}", *more]
    return cli.execute_alone(migrate_tables.run, "migrate_tables.py", argv, arguments=migrate_tables.add_arguments)


def test_what_cannot_be_moved_is_told_before_anything_is_changed(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tiers` has two columns of which today's contract knows nothing."""
    assert run(tmp_path, "--apply") == 2
    told = capsys.readouterr().err
    assert "tiers.size" in told
    assert "tiers.odd" in told
    assert "nothing was changed" in told
    assert store.version(OLD) == 1


def test_a_root_of_0_1_0_is_moved_after_a_dry_run_that_changes_nothing(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tarfile.open(PACKED) as packed:
        packed.extractall(tmp_path, filter="data")
    for folder in (tmp_path / "warehouse").iterdir():
        if folder.name not in {table.name for table in MOVED}:
            shutil.rmtree(folder)
    store = Store(spark, str(tmp_path), writer="a test")
    before = {table.name: (store.version(table), rows_of(store, table)) for table in MOVED}
    assert run(tmp_path) == 0
    told = capsys.readouterr().out
    assert "4 of 4 tables" in told
    assert re.search(r"consents .*adds .*row_hash", told)
    assert "This was a dry run" in told
    assert {table.name: store.version(table) for table in MOVED} == {name: v for name, (v, _) in before.items()}
    assert run(tmp_path, "--apply") == 0
    now = Store(spark, str(tmp_path), writer="a test")
    for table in MOVED:
        assert now.properties(table)[VERSION] == str(CONTRACT_VERSION)
        assert now.stored(table).is_guarded()
        assert table.column_names == tuple(n for n in table.column_names if n in now.stored(table).load().columns)
        assert rows_of(now, table) == before[table.name][1]
    capsys.readouterr()
    assert run(tmp_path, "--apply") == 0
    assert "0 of 4 tables" in capsys.readouterr().out


def test_files_that_0_1_0_sent_are_marked_as_released(
    spark: SparkSession, tmp_path: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    """It wrote them when it planned a wave; today nobody reads a folder without `_SUCCESS`."""
    store, plan = Store(spark, str(tmp_path), writer="a test"), derived.WAVE_PLAN
    planned = rows(plan, ["cycle", "wave", "user_id"], [("2026-05", "W1", 1)])
    store.replace(plan, planned, {"cycle": "2026-05", "wave": "W1"})
    store.stored(plan).alter(f"unset tblproperties ('{VERSION_OF_FOLDER}')")
    wave = tmp_path / "exports" / "2026-05" / "W1"
    wave.mkdir(parents=True)
    (wave / "sms.csv").write_text("contact_id,user_id,benefit,send_on\nc1,1,none,2026-05-05\n", "utf-8")
    more = ("--set", 'paths.exports="{root}/exports"')
    assert run(tmp_path, *more) == 0
    assert "2026-05/W1: sent before releases were marked" in capsys.readouterr().out
    assert not (wave / "_SUCCESS").exists()
    assert run(tmp_path, "--apply", *more) == 0
    assert (wave / "_SUCCESS").exists()
    later = wave.with_name("W2")  # a release of today that broke off
    later.mkdir()
    (later / "sms.csv").write_text("", "utf-8")
    assert run(tmp_path, "--apply", *more) == 0
    assert not (later / "_SUCCESS").exists()
