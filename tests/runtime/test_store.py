"""Delta tables by contract: parts are replaced whole, and a write that breaks the contract leaves nothing behind."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import Rows
from reactivation.contracts import derived
from reactivation.contracts.table import Column, Table
from reactivation.errors import Busy, ContractError, Finding, NotReady
from reactivation.runtime.contract_rules import repeated_keys
from reactivation.runtime.store import Store
from reactivation.runtime.stored_table import StoredTable

pytestmark = pytest.mark.edges

TIERS = derived.TIERS_TABLE
COLUMNS = ["cycle", "user_id", "tier", "band"]
F_TIER = Column("tier", "string", "values of another release", required=True, allowed=("champion", "low_potential"))
LATER = Column("row_hash", "bigint", "hash of the row")


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path) -> Store:
    return Store(spark, str(tmp_path), writer="a test")


def tiers_of(store: Store) -> list[tuple[str, int, str]]:
    return sorted((r.cycle, r.user_id, r.tier) for r in store.read(TIERS).collect())


def test_a_rerun_replaces_its_part_and_only_that(store: Store, rows: Rows) -> None:
    may, june = {"cycle": "2026-05"}, {"cycle": "2026-06"}
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), may)
    store.replace(
        TIERS, rows(TIERS, COLUMNS, [("2026-06", 1, "low_potential", 9), ("2026-06", 2, "low_potential", 9)]), june
    )
    again = store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-06", 3, "high_potential", 2)]), june)
    assert again == (1, 2)  # the first write makes the table
    assert tiers_of(store) == [("2026-05", 1, "low_potential"), ("2026-06", 3, "high_potential")]
    store.replace(TIERS, rows(TIERS, COLUMNS, []), june)  # nobody left: the old rows must go all the same
    assert tiers_of(store) == [("2026-05", 1, "low_potential")]


def test_a_root_that_is_an_address_says_what_was_written_as_well(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    there = Store(spark, f"file:{tmp_path}", writer="a test")
    assert there.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), {"cycle": "2026-05"}) == (
        1,
        0,
    )


@pytest.mark.parametrize(
    ("bad", "finding"),
    [
        ([("2026-05", 2, "low_potential", 9), ("2026-05", 2, "low_potential", 9)], "1 rows too many"),
        ([("2026-05", 2, "champion", 9)], "1 rows; allowed: natural_converter, high_potential, low_potential"),
        ([("2026-05", None, "low_potential", 9)], "not null"),
        ([("2026-06", 2, "low_potential", 9)], "wrong part"),  # a row of June in the part of May
    ],
)
def test_rows_that_break_the_contract_leave_the_table_as_it_was(
    store: Store, rows: Rows, bad: list[tuple[object, ...]], finding: str
) -> None:
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), {"cycle": "2026-05"})
    records = rows(TIERS, COLUMNS, bad)
    with pytest.raises(ContractError, match=finding):
        store.replace(TIERS, records, {"cycle": "2026-05"})
    assert store.version(TIERS) == 0  # of the driver's own records, nothing was written
    with pytest.raises(ContractError, match=finding):
        store.replace(TIERS, records.repartition(1), {"cycle": "2026-05"})
    assert tiers_of(store) == [("2026-05", 1, "low_potential")]


@pytest.mark.parametrize("is_first", [True, False])
def test_what_another_job_wrote_meanwhile_stays_where_a_write_is_taken_back(
    store: Store, rows: Rows, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """Also where the write that is taken back made the table."""
    may = rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 1)])
    if not is_first:
        store.replace(TIERS, may, {"cycle": "2026-05"})

    def looked_at_late(table: Table, looked_at: DataFrame) -> list[Finding]:
        monkeypatch.undo()
        store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-06", 2, "low_potential", 1)]), {"cycle": "2026-06"})
        return repeated_keys(table, looked_at)

    monkeypatch.setattr("reactivation.runtime.store.repeated_keys", looked_at_late)
    with pytest.raises(ContractError, match="1 rows too many"):
        store.replace(TIERS, may.union(may).repartition(1), {"cycle": "2026-05"})
    before = [] if is_first else [("2026-05", 1, "low_potential")]
    assert tiers_of(store) == [*before, ("2026-06", 2, "low_potential")]


def test_wrong_columns_are_all_named_before_anything_is_written(store: Store, spark: SparkSession) -> None:
    frame = spark.createDataFrame([("2026-05", "7", 1)], "cycle string, user_id string, tear int")
    with pytest.raises(ContractError) as error:
        store.replace(TIERS, frame, {"cycle": "2026-05"})
    assert [(f.kind, f.what) for f in error.value.findings] == [
        ("missing", "tier: string"),
        ("missing", "band: int"),
        ("type", "user_id: bigint"),
        ("not known", "tear"),
    ]
    assert not store.has(TIERS)


def test_a_table_that_is_not_there_names_the_job_that_writes_it(store: Store) -> None:
    with pytest.raises(NotReady, match="run jobs/assign_tiers"):
        store.read(TIERS)


def test_an_open_table_takes_further_columns_later(store: Store, rows: Rows) -> None:
    narrow = derived.FEATURES
    wide = narrow.extended([Column("login_count_1m", "double", "logins")])
    store.replace(narrow, rows(narrow, ["cycle", "user_id"], [("2026-05", 1)]), {"cycle": "2026-05"})
    store.replace(wide, rows(wide, ["cycle", "user_id", "login_count_1m"], [("2026-06", 1, 2.0)]), {"cycle": "2026-06"})
    assert {(r.cycle, r.login_count_1m) for r in store.read(wide).collect()} == {("2026-05", None), ("2026-06", 2.0)}


def test_only_append_only_tables_are_appended_to(store: Store, rows: Rows) -> None:
    with pytest.raises(ContractError, match="not append-only"):
        store.append(TIERS, rows(TIERS, COLUMNS, []))
    events = Table("events", "one event", (), (Column("x", "bigint", "any"),), is_append_only=True)
    for value in (1, 2):
        store.append(events, rows(events, ["x"], [(value,)]))
    assert sorted(r.x for r in store.read(events).collect()) == [1, 2]


def test_rows_that_several_jobs_add_at_once_under_one_name_are_there_once_and_the_others_are_told(
    store: Store, rows: Rows
) -> None:
    events = Table("events", "one event", (), (Column("x", "bigint", "any"),), is_append_only=True)
    store.append(events, rows(events, ["x"], [(0,)]))

    def add(once: str) -> int | None:
        try:
            return store.append(events, rows(events, ["x"], [(1,), (2,)]), once=once).rows
        except Busy:
            return None

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(add, ["upon 7"] * 3), key=str) == [2, None, None]
    assert [add("upon 7"), add("upon 8")] == [None, 2]
    assert sorted(r.x for r in store.read(events).collect()) == [0, 1, 1, 2, 2]


def test_a_part_is_replaced_once_under_one_name(store: Store, rows: Rows) -> None:
    for user, once, is_made in ((1, "upon 7", True), (2, "upon 7", False), (3, "upon 8", True), (4, None, True)):
        new = rows(TIERS, COLUMNS, [("2026-05", user, "low_potential", 1)])
        if is_made:
            assert store.replace(TIERS, new, {"cycle": "2026-05"}, once=once).rows == 1
        else:
            with pytest.raises(Busy, match="last written by a test"):
                store.replace(TIERS, new, {"cycle": "2026-05"}, once=once)
        assert [user for _, user, _ in tiers_of(store)] == [user if is_made else 1]


def test_a_table_is_held_by_one_job_and_only_at_the_version_that_was_read(store: Store, rows: Rows) -> None:
    with store.held(TIERS, upon=None) as is_held:
        assert not is_held
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 1)]), {"cycle": "2026-05"})
    other = Store(store.spark, store.place(TIERS).removesuffix("/warehouse/tiers"), writer="another")
    with store.held(TIERS, upon=0) as is_held:
        assert is_held
        with pytest.raises(Busy), other.held(TIERS, upon=0):
            pass
    with pytest.raises(Busy, match="being written"), store.held(TIERS, upon=7):
        pass
    with other.held(TIERS, upon=0) as is_held:
        assert is_held


def test_who_is_killed_holds_nothing_any_more(store: Store, rows: Rows) -> None:
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 1)]), {"cycle": "2026-05"})
    path = f"{store.place(TIERS)}/_delta_log/.held"
    lock = f"import fcntl; file = open({path!r}, 'w'); fcntl.flock(file, fcntl.LOCK_EX)"
    text = f"{lock}; print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Busy), store.held(TIERS, upon=0):
            pass
        process.kill()
        process.wait()
    with store.held(TIERS, upon=0) as is_held:
        assert is_held


def test_of_two_jobs_that_replace_a_part_at_once_one_waits_and_is_told_if_it_waits_in_vain(
    store: Store, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(user: int) -> str:
        try:
            store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", user, "low_potential", 1)]), {"cycle": "2026-05"})
        except Busy as busy:
            return str(busy)
        return ""

    write(0)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(write, [1, 2, 3])) == ["", "", ""]
        assert [user for _, user, _ in tiers_of(store)] in ([1], [2], [3])
        monkeypatch.setattr("reactivation.runtime.commits._TRIES", 1)
        told = [text for text in pool.map(write, [4, 5, 6]) if text]
    assert told
    assert all("`tiers` is being written by another job" in text and "last written by a test" in text for text in told)


def test_a_clone_is_the_table_as_it_was_then(store: Store, rows: Rows, spark: SparkSession, tmp_path: Path) -> None:
    clone = Store(spark, str(tmp_path / "clone"))
    assert not clone.clone(TIERS, store, at_millis=2**45)
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), {"cycle": "2026-05"})
    then = time.time_ns() // 1_000_000
    time.sleep(0.01)
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 2, "low_potential", 9)]), {"cycle": "2026-05"})
    assert clone.clone(TIERS, store, at_millis=then)
    assert tiers_of(clone) == [("2026-05", 1, "low_potential")]
    clone.replace(TIERS, rows(TIERS, COLUMNS, [("2026-06", 3, "low_potential", 9)]), {"cycle": "2026-06"})
    assert tiers_of(store) == [("2026-05", 2, "low_potential")]  # what the clone writes is its own
    assert not Store(spark, str(tmp_path / "older")).clone(TIERS, store, at_millis=0)


def commits_of(store: Store, table: Table = TIERS) -> list[dict[str, Any]]:
    """The actions of a table's commits, oldest first; each commit as one dictionary of lists by kind."""
    made = []
    for file in sorted((Path(store.place(table)) / "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        made.append({kind: [a[kind] for a in actions if kind in a] for kind in ("add", "remove", "txn", "commitInfo")})
    return made


def test_rows_of_a_part_that_holds_none_are_added_and_others_are_replaced(store: Store, rows: Rows) -> None:
    for cycle in ("2026-05", "2026-06", "2026-06"):
        store.replace(TIERS, rows(TIERS, COLUMNS, [(cycle, 1, "low_potential", 9)]).repartition(1), {"cycle": cycle})
    modes = [commit["commitInfo"][0]["operationParameters"] for commit in commits_of(store)]
    assert [(mode["mode"], "predicate" in mode) for mode in modes] == [
        ("Append", False),
        ("Append", False),
        ("Overwrite", True),
    ]


@pytest.mark.parametrize("theirs", ["2026-06", "2026-07"])
def test_of_two_jobs_that_fill_an_empty_part_the_later_takes_its_rows_back_and_is_told(
    store: Store, rows: Rows, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    """Delta lets appends pass each other by: what another job added since the part was seen empty, the log tells."""
    commit = StoredTable._commit
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), {"cycle": "2026-05"})

    def commit_late(self: StoredTable, *args: Any) -> None:
        monkeypatch.undo()
        store.replace(TIERS, rows(TIERS, COLUMNS, [(theirs, 2, "low_potential", 9)]), {"cycle": theirs})
        commit(self, *args)

    def write() -> int:
        monkeypatch.setattr(StoredTable, "_commit", commit_late)
        return store.replace(
            TIERS, rows(TIERS, COLUMNS, [("2026-06", 3, "low_potential", 9)]), {"cycle": "2026-06"}
        ).rows

    if theirs == "2026-06":
        with pytest.raises(Busy, match="`tiers` is being written by another job"):
            write()
        assert [user for _, user, _ in tiers_of(store)] == [1, 2]
    else:
        assert write() == 1
        assert [user for _, user, _ in tiers_of(store)] == [1, 3, 2]


def test_a_refusal_lists_all_that_is_broken(store: Store, rows: Rows) -> None:
    may = {"cycle": "2026-05"}
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), may)
    bad = [
        ("2026-05", 2, "champion", 9),
        ("2026-05", 2, "low_potential", 9),
        ("2026-05", None, "loser", 9),
        ("2026-07", 3, "low_potential", None),
    ]
    for frame in (rows(TIERS, COLUMNS, bad), rows(TIERS, COLUMNS, bad).repartition(1)):
        for part in ("2026-05", "2026-06"):  # to be replaced, to be added
            with pytest.raises(ContractError) as error:
                store.replace(TIERS, frame, {"cycle": part})
            found = [(f.kind, f.what, f.advice.split(" rows")[0]) for f in error.value.findings]
            assert found == [
                ("not null", "user_id", "1"),
                ("value", "tier", "2"),
                ("not null", "band", "1"),
                ("wrong part", f"cycle in ('{part}')", "1" if part == "2026-05" else "4"),
                ("key", "cycle, user_id", "1"),
            ]
    assert tiers_of(store) == [("2026-05", 1, "low_potential")]
    assert store.version(TIERS) == 0


def test_a_first_write_that_repeats_a_key_leaves_an_empty_table(store: Store, rows: Rows) -> None:
    twice = rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)] * 2).repartition(1)
    with pytest.raises(ContractError, match="1 rows too many"):
        store.replace(TIERS, twice, {"cycle": "2026-05"})
    assert tiers_of(store) == []


def test_constraints_of_another_release_go_and_what_has_none_is_looked_at(
    store: Store, rows: Rows, spark: SparkSession
) -> None:
    """A table made before, or by a release that allowed other values, refuses what the contract refuses now."""
    may, june = {"cycle": "2026-05"}, {"cycle": "2026-06"}
    other = Table("tiers", "other values", TIERS.key, (*TIERS.columns[:2], F_TIER, TIERS.columns[3]), ("cycle",))
    store.replace(other, rows(other, COLUMNS, [("2026-05", 1, "champion", 9)]), may)
    with pytest.raises(ContractError, match="allowed: natural_converter"):
        store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-06", 2, "champion", 9)]).repartition(1), june)
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-06", 2, "low_potential", 9)]), june)
    assert tiers_of(store) == [("2026-05", 1, "champion"), ("2026-06", 2, "low_potential")]


def test_columns_that_a_contract_gained_are_null_until_the_next_write(
    store: Store, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = TIERS.extended([LATER])
    store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", 1, "low_potential", 9)]), {"cycle": "2026-05"})
    assert [row.row_hash for row in store.read(newer).collect()] == [None]
    assert "tiers has no row_hash (null) yet: the next write adds what is missing" in capsys.readouterr().out
    store.replace(
        newer, rows(newer, [*COLUMNS, "row_hash"], [("2026-06", 1, "low_potential", 9, 7)]), {"cycle": "2026-06"}
    )
    assert {(row.cycle, row.row_hash) for row in store.read(newer).collect()} == {("2026-05", None), ("2026-06", 7)}
    with pytest.raises(ContractError, match=r"missing\s+origin: string"):
        store.read(TIERS.extended([Column("origin", "string", "where it came from", required=True)]))


def test_an_open_table_whose_columns_have_other_types_is_made_again(store: Store, rows: Rows) -> None:
    then, now = (derived.FEATURES.extended([Column("logins", kind, "logins")]) for kind in ("int", "struct<n: bigint>"))
    names = ["cycle", "user_id", "logins"]
    store.replace(then, rows(then, names, [("2026-04", 1, 1), ("2026-05", 1, 2)]), {"cycle": ["2026-04", "2026-05"]})
    store.replace(now, rows(now, names, [("2026-05", 1, {"n": 3})]), {"cycle": "2026-05"})
    assert [(row.cycle, row.logins.n) for row in store.read(now).collect()] == [("2026-05", 3)]


@pytest.mark.parametrize("address", ["", "file:"])
def test_rows_by_part_are_those_of_the_log_and_of_a_query(
    spark: SparkSession, tmp_path: Path, rows: Rows, address: str
) -> None:
    """By an address, and where rows were deleted within a file, the log is not gone by."""
    store = Store(spark, f"{address}{tmp_path}", writer="a test")
    for cycle, users in (("2026-05", 3), ("2026-06", 2)):
        part = rows(TIERS, COLUMNS, [(cycle, n, "low_potential", 9) for n in range(users)])
        store.replace(TIERS, part, {"cycle": cycle})
    assert store.rows_by(TIERS, "cycle") == {"2026-05": 3, "2026-06": 2}
    spark.sql(f"alter table delta.`{store.place(TIERS)}` set tblproperties ('delta.enableDeletionVectors' = 'true')")
    store.delta(TIERS).delete("cycle = '2026-05' and user_id = 1")
    assert store.rows_by(TIERS, "cycle") == {"2026-05": 2, "2026-06": 2}
    assert [user for _, user, _ in tiers_of(store)] == [0, 2, 0, 1]


def test_without_checksum_files_a_table_is_what_it_was(store: Store, rows: Rows) -> None:
    """They are optional: without them Delta itself is asked, and parts are replaced."""
    for user in (1, 2):
        store.replace(TIERS, rows(TIERS, COLUMNS, [("2026-05", user, "low_potential", 9)]), {"cycle": "2026-05"})
        for file in (Path(store.place(TIERS)) / "_delta_log").glob("*.crc"):
            file.unlink()
    assert tiers_of(store) == [("2026-05", 2, "low_potential")]
    assert store.rows_by(TIERS, "cycle") == {"2026-05": 1}
    store.note(TIERS, "a", "b")
    assert store.properties(TIERS)["a"] == "b"


def test_in_a_catalog_the_same_rules_hold(spark: SparkSession, rows: Rows) -> None:
    """There Delta's public interface alone is used: a part is replaced, and what breaks the contract is refused."""
    spark.sql("create schema if not exists store_test")
    store, wider = Store(spark, "spark_catalog.store_test", writer="a test"), TIERS.extended([LATER])
    assert not store.has(TIERS)
    for cycle, users in (("2026-05", [1]), ("2026-06", [2]), ("2026-06", [3, 4])):
        part = rows(TIERS, COLUMNS, [(cycle, user, "low_potential", 9) for user in users])
        assert store.replace(TIERS, part.repartition(1), {"cycle": cycle}).rows == len(users)
    bad = [("2026-06", 5, "champion", 9), ("2026-07", 6, "low_potential", 9)]
    with pytest.raises(ContractError, match=r"(?s)1 rows; allowed.*1 rows lie outside"):
        store.replace(TIERS, rows(TIERS, COLUMNS, bad).repartition(1), {"cycle": "2026-06"})
    assert store.rows_by(TIERS, "cycle") == {"2026-05": 1, "2026-06": 2}
    store.replace(
        wider, rows(wider, [*COLUMNS, "row_hash"], [("2026-07", 7, "low_potential", 9, 1)]), {"cycle": "2026-07"}
    )
    assert {(row.user_id, row.row_hash) for row in store.read(wider).collect()} == {
        (1, None),
        (3, None),
        (4, None),
        (7, 1),
    }
    store.note(TIERS, "a", "b")
    assert store.properties(TIERS)["a"] == "b"
    spark.sql("drop schema store_test cascade")
