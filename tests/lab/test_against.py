"""What the side-by-side benchmark counts, without Spark: event logs, Delta's log, processors, and the table."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reactivation_lab.against import deltalog, demo, eventlog, process, rows, tree
from reactivation_lab.against.helpers import duckdb_partials, one_session
from reactivation_lab.against.process import Ran
from reactivation_lab.against.results import Result, Results, value
from reactivation_lab.against.table import Figure, markdown

pytestmark = pytest.mark.numbers
SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution"


def started(number: int, at: float, plan: str = "Project") -> str:
    event = {"Event": f"{SQL}Start", "executionId": number, "physicalPlanDescription": plan, "time": int(at * 1000)}
    return json.dumps(event, separators=(",", ":"))


def ended(number: int, at: float) -> str:
    return json.dumps({"Event": f"{SQL}End", "executionId": number, "time": int(at * 1000)}, separators=(",", ":"))


def job(at: float) -> str:
    return json.dumps({"Event": "SparkListenerJobStart", "Submission Time": int(at * 1000)}, separators=(",", ":"))


def commit(table: Path, number: int, *actions: dict[str, Any]) -> None:
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{number:020d}.json").write_text("\n".join(json.dumps(action) for action in actions), encoding="utf-8")


def add(path: str, rows: int | None = None, **partition: str) -> dict[str, Any]:
    stats = None if rows is None else json.dumps({"numRecords": rows})
    return {"add": {"path": path, "partitionValues": partition, "stats": stats}}


def remove(path: str) -> dict[str, Any]:
    return {"remove": {"path": path}}


# Event logs


def test_an_event_log_counts_queries_and_jobs_between_two_instants() -> None:
    lines = [started(1, 10.0), job(10.5), started(2, 12.0), job(12.0), job(13.0), '{"Event":"SparkListenerTaskEnd"}']

    log = eventlog.parse(lines)

    assert (len(log.queries), len(log.jobs)) == (2, 3)
    assert log.queries_between(10.0, 12.0) == 1  # the end belongs to what comes next
    assert log.jobs_between(10.0, 12.0) == 1
    assert log.jobs_between(12.0, 14.0) == 2


def test_a_log_that_was_cut_off_counts_as_far_as_it_goes() -> None:
    assert eventlog.parse([started(1, 10.0), started(2, 11.0)[:90]]).queries == (10.0,)


def test_a_write_lasts_until_its_execution_ends_and_goes_to_one_table() -> None:
    command = "Scan [file:/r/logins] SaveIntoDataSourceCommand\nArguments: [mergeschema=true, path={}], Append"
    lines = [
        *(started(1, 10.0, command.format("/r/warehouse/activity")), started(2, 10.2, "Scan /r/warehouse/activity")),
        *(
            started(3, 11.0, command.format("/r/warehouse/activity_old")),
            ended(2, 11.5),
            ended(1, 14.0),
            ended(3, 15.0),
        ),
    ]

    found = [write for write in eventlog.parse(lines).writes if write.is_to("/r/warehouse/activity")]

    assert [(write.began, write.ended) for write in found] == [(10.0, 14.0)]


def test_all_logs_of_a_folder_are_read_those_of_broken_sessions_too(tmp_path: Path) -> None:
    (tmp_path / "local-1").write_text(job(1.0) + "\n", encoding="utf-8")
    (tmp_path / "local-2.inprogress").write_text(job(2.0) + "\n", encoding="utf-8")

    assert eventlog.read(tmp_path).jobs == (1.0, 2.0)


# Delta's log


def test_live_files_are_those_added_and_not_removed_since(tmp_path: Path) -> None:
    commit(tmp_path, 0, {"metaData": {"configuration": {}}}, add("arrival_cycle=2026-04/a%20b.parquet", 3, cycle="1"))
    commit(tmp_path, 1, remove("arrival_cycle=2026-04/a%20b.parquet"), add("c.parquet", 5), add("d.parquet", 7))
    commit(tmp_path, 2, remove("d.parquet"))

    assert [(file.path.name, file.rows) for file in deltalog.live_files(tmp_path)] == [("c.parquet", 5)]


def test_a_files_name_is_decoded_and_its_rows_are_counted_where_the_log_has_no_statistics(tmp_path: Path) -> None:
    pq.write_table(pa.table({"user_id": [1, 2]}), tmp_path / "a b.parquet")
    commit(tmp_path, 0, add("a%20b.parquet", arrival_cycle="2026-04"))

    [file] = deltalog.live_files(tmp_path)

    assert (file.path.name, file.rows, file.partition) == ("a b.parquet", 2, (("arrival_cycle", "2026-04"),))


@pytest.mark.parametrize(
    ("actions", "why"),
    [
        ([{"add": {"path": "a.parquet", "deletionVector": {"sizeInBytes": 1}}}], "deletion vectors"),
        ([{"metaData": {"configuration": {"delta.columnMapping.mode": "name"}}}], "other names"),
    ],
)
def test_a_log_that_cannot_be_followed_is_refused(tmp_path: Path, actions: list[dict[str, Any]], why: str) -> None:
    commit(tmp_path, 0, *actions)

    with pytest.raises(tree.Unavailable, match=why):
        deltalog.live_files(tmp_path)


def test_a_table_without_its_first_commits_is_refused(tmp_path: Path) -> None:
    commit(tmp_path, 4, add("a.parquet", 1))

    with pytest.raises(tree.Unavailable, match="old commits are gone"):
        deltalog.live_files(tmp_path)


def test_rows_are_read_with_their_partition(tmp_path: Path) -> None:
    pq.write_table(pa.table({"rows_in": [4]}), tmp_path / "a.parquet")
    commit(tmp_path, 0, add("a.parquet", 1, cycle="2026-04"))

    assert deltalog.read(tmp_path, ["cycle", "rows_in"]) == [{"rows_in": 4, "cycle": "2026-04"}]


def test_commits_of_all_tables_are_counted(tmp_path: Path) -> None:
    commit(tmp_path / "raw/logins", 0)
    commit(tmp_path / "warehouse/logins", 0)
    commit(tmp_path / "warehouse/logins", 1)
    (tmp_path / "warehouse/logins/_delta_log/00000000000000000001.crc").touch()

    assert deltalog.commits(tmp_path) == 3
    assert deltalog.commits(tmp_path, until=0.0) == 0


# Processes


def test_what_a_command_leaves_behind_counts(tmp_path: Path) -> None:
    burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}])"

    ran = process.run([sys.executable, "-c", parent], cwd=tmp_path, env={}, log=tmp_path / "log")

    assert ran.code == 0
    assert ran.cpu_seconds >= 0.3
    assert ran.cpu_between(ran.started, ran.ended) <= ran.cpu_seconds


def test_a_command_that_fails_tells_its_code(tmp_path: Path) -> None:
    ran = process.run(
        [sys.executable, "-c", "print('no'); raise SystemExit(2)"], cwd=tmp_path, env={}, log=tmp_path / "log"
    )

    assert (ran.code, (tmp_path / "log").read_text()) == (2, "no\n")


def test_jobs_run_one_after_the_other_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("ids = []", encoding="utf-8")
    (tmp_path / "job.py").write_text(
        "import os, sys, beside\nbeside.ids.append(os.getpid())\nopen(sys.argv[1], 'w').write(str(beside.ids))",
        encoding="utf-8",
    )
    plan = [
        {"name": name, "job": str(tmp_path / "job.py"), "args": [str(tmp_path / name)], "links": []}
        for name in ("first", "second")
    ]
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    command = [sys.executable, one_session.__file__, "plan.json", "marks.jsonl"]

    ran = process.run(command, cwd=tmp_path, env={}, log=tmp_path / "log")

    assert ran.code == 0, (tmp_path / "log").read_text()
    marks = [json.loads(line) for line in (tmp_path / "marks.jsonl").read_text().splitlines()]
    assert [mark["name"] for mark in marks] == ["first", "second"]
    assert len(set(json.loads((tmp_path / "second").read_text()))) == 1


# The demo


def test_a_wave_s_day_is_what_was_done_on_the_last_day_with_a_wave() -> None:
    steps = [
        {"job": name, "as_of": day, "seconds": seconds, "cpu_seconds": 1.0, "others": 0.1, "queries": 2, "jobs": 3}
        for day, name, seconds in [
            ("2026-06-16", "plan_wave", 50.0),
            ("2026-06-23", "simulate_bank", 1.0),
            ("2026-06-23", "ingest_sources", 2.0),
            ("2026-06-23", "plan_wave", 4.0),
            ("2026-07-06", "ingest_sources", 50.0),
        ]
    ]

    assert demo.last_wave_day(steps) == {
        "as_of": "2026-06-23",
        "seconds": 7.0,
        "cpu_seconds": 3.0,
        "queries": 6,
        "jobs": 9,
        "others": 0.1,
    }
    assert demo.last_wave_day(steps[:0]) is None


def test_may_ends_with_its_last_job_and_both_months_with_the_process(tmp_path: Path) -> None:
    steps = [
        demo.Step("simulate_bank", "2026-05", None, "2026-05-01", 12.0, 20.0),
        demo.Step("plan_wave", "2026-05", "W1", "2026-05-05", 21.0, 30.0),
        demo.Step("plan_wave", "2026-06", "W1", "2026-06-05", 31.0, 39.0),
    ]
    samples = ((10.0, 0.0, 5.0), (30.0, 40.0, 50.0), (40.0, 50.0, 70.0))
    ran = Ran(0, 10.0, 40.0, 50.0, samples, (0.1, 2.0))
    log = eventlog.Log(queries=(11.0, 13.0, 32.0), jobs=(22.0,), writes=())

    found = demo.counted(ran, steps, log, root=tmp_path)

    assert (found["seconds"], found["cpu_seconds"], found["queries"]) == (30.0, 50.0, 3)
    assert (found["may"]["seconds"], found["may"]["cpu_seconds"], found["may"]["queries"]) == (20.0, 40.0, 2)
    assert [step["seconds"] for step in found["steps"]] == [9.0, 10.0, 9.0]


def test_may_is_its_own_jobs_where_june_begins_before_it_has_settled() -> None:
    steps = [
        demo.Step("plan_wave", "2026-05", "W4", "2026-05-26", 12.0, 20.0),
        demo.Step("build_features", "2026-06", None, "2026-06-01", 21.0, 30.0),
        demo.Step("read_out", "2026-05", None, "2026-06-05", 31.0, 39.0),
        demo.Step("plan_wave", "2026-06", "W1", "2026-06-05", 40.0, 49.0),
    ]
    assert demo.of_first_cycle(steps, since=10.0) == [(10.0, 20.0), (31.0, 39.0)]


# DuckDB's query


def test_the_yardstick_asks_for_the_sources_that_have_files() -> None:
    kinds = {"function_groups": {"account": ["A"]}, "transaction_channels": ["card"], "asset_products": ["fund"]}

    query = duckdb_partials.query({"logins": ["a.parquet"], "contacts": ["b.parquet"], "transactions": []}, kinds)

    assert "logins full join contacts using (event_month, user_id)" in query
    assert "transactions" not in query
    assert sum(len(of) for of in duckdb_partials.measures_of(kinds).values()) == 32


# Results and the table


def result(kind: str, side: str, seconds: float, **further: Any) -> Result:
    return Result(kind, side, f"code of {side}", 1, "2026-11-28", (0.5, 2.0), values={"seconds": seconds, **further})


def asked(folder: Path, *results: Result) -> rows.Asked:
    known = Results(folder / "results.jsonl")
    for each in results:
        known.add(each)
    trees = {side: tree.Tree(side, folder, f"code of {side}") for side in (tree.REV, tree.HERE)}
    sizes = {"copies": 12, "users": 500, "features_users": 1000}
    return rows.Asked(trees, sizes, folder, Results(folder / "results.jsonl"))


def test_results_outlive_the_process_and_belong_to_their_code_and_size(tmp_path: Path) -> None:
    known = Results(tmp_path / "against" / "results.jsonl")
    known.add(result("ingest", "rev", 3.0))

    again = Results(tmp_path / "against" / "results.jsonl")

    assert value(again.of("ingest", "rev", "code of rev"), "seconds") == [3.0]
    assert again.of("ingest", "rev", "other code") == []
    assert again.of("ingest", "rev", "code of rev", 12) == []


def test_what_lasts_below_five_minutes_on_both_sides_is_run_three_times(tmp_path: Path) -> None:
    known = asked(
        tmp_path, result("readout", "rev", 299.0), result("test", "rev", 299.0), result("test", "here", 301.0)
    )

    assert known.wanted(rows.ROWS["readout"]) == 3
    assert known.wanted(rows.ROWS["test"]) == 1
    assert known.wanted(rows.ROWS["ingest"]) == 1


def test_may_is_also_what_the_demo_ran_of_it(tmp_path: Path) -> None:
    known = asked(tmp_path, result("demo", "rev", 484.0, may={"seconds": 296.0}), result("may", "rev", 290.0))

    assert value(known.runs(rows.ROWS["may"], "rev"), "seconds") == [296.0, 290.0]


def test_what_cannot_run_has_its_reason_in_the_table_and_no_number(tmp_path: Path) -> None:
    failed = Result("readout", "here", "code of here", 1, "2026-11-28", (0.5, 2.0), reason="there is no job x")
    known = asked(tmp_path, result("readout", "rev", 29.0, cpu_seconds=50.0), failed)

    lines = markdown(rows.figures(known), rev="`b1f37fb`").splitlines()

    assert lines[0] == "| what | unit | `b1f37fb` | here | ratio | runs | load | others | note |"
    assert lines[2] == (
        "| `analyze_experiment`, 126 000 rows | s | 29 | – | – | 1 / 0 | 2.0 / – | – / – | here: there is no job x |"
    )


def test_a_ratio_is_that_of_medians() -> None:
    figure = Figure("May", "s", (10.0, 30.0, 20.0), (9.0,), (1.0, 2.25), (0.031, None))

    assert figure.cells == ("May", "s", "20", "9", "0.45 ×", "3 / 1", "1.0 / 2.2", "3 % / –", "")
    assert Figure("May", "s", (0.0,), (9.0,)).ratio is None


def test_duckdb_is_what_both_sides_are_divided_by(tmp_path: Path) -> None:
    spark = {"size": 500, "values": {"seconds": 15.0, "cpu_seconds": 21.0}}
    duck = {"size": 500, "values": {"seconds": 1.5, "cpu_seconds": 2.0, "version": "2.0"}}
    each = [("partials", "rev", spark), ("duckdb", "rev", duck)]
    known = asked(
        tmp_path, *[Result(k, s, f"code of {s}", 1, "2026-11-28", (0.5, 2.0), **given) for k, s, given in each]
    )

    multiples = [figure for figure in rows.figures(known) if figure.unit == "×"]

    assert [figure.rev for figure in multiples] == [(10.0,), (10.5,)]


# Trees


def test_the_driver_needs_neither_spark_nor_what_it_measures() -> None:
    code = "import sys, reactivation_lab.against.main; print(*sys.modules)"
    lib = str(Path(tree.__file__).parents[2])
    loaded = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": lib}, capture_output=True, check=True)

    assert {"pyspark", "delta", "reactivation"}.isdisjoint(loaded.stdout.decode().split())


def test_a_job_is_found_in_either_layout(tmp_path: Path) -> None:
    (tmp_path / "jobs/lab").mkdir(parents=True)
    (tmp_path / "jobs/plan_wave.py").touch()
    (tmp_path / "jobs/lab/simulate_bank.py").touch()
    found = tree.Tree("here", tmp_path, "code")

    assert found.job("plan_wave") == tmp_path / "jobs/plan_wave.py"
    assert found.job("simulate_bank") == tmp_path / "jobs/lab/simulate_bank.py"
    with pytest.raises(tree.Unavailable, match="no job read_out"):
        found.job("read_out")


def test_a_job_gets_its_own_trees_code_and_nothing_of_another_spark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_HOME", "elsewhere")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")

    env = tree.Tree("here", tmp_path, "code").env(tmp_path / "spark")

    assert (env["PYTHONPATH"], env["SPARK_CONF_DIR"]) == (str(tmp_path / "lib"), str(tmp_path / "spark"))
    assert "SPARK_HOME" not in env
