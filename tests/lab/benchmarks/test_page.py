"""Records as lines, and the page made of them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reactivation.errors import SettingsError, SourceError
from reactivation_lab.benchmarks import Cost, LoopMonth, Record, as_page, newest, summed, text_of
from reactivation_lab.comparisons.allocations_by_truth import WaveByWay, as_section
from reactivation_lab.measurement.records import append_record, read_records

pytestmark = pytest.mark.numbers

GIB = 2**30


def cost(**own: Any) -> Cost:
    plain = dict.fromkeys(Cost.model_fields, 0)
    return Cost.model_validate({**plain, "memory_bytes": 2 * GIB, "heap_bytes": GIB, "seconds": 1.0, **own})


def record(**own: Any) -> Record:
    plain = {
        "kind": "month",
        "users": 1_000,
        "months": 8,
        "cycle": "2026-05",
        "part": "month",
        "job": "build_features",
        "as_of": date(2026, 5, 1),
        "rows": 500,
        "root_bytes": 3 * GIB,
        "cost": cost(),
        "machine": {"cores": 2, "memory_bytes": 24 * GIB, "cpu": "a processor"},
        "versions": {"python": "3.11.1", "spark": "4.1.1"},
        "settings_hash": "0123456789abcdef",
        "code_version": "0.1.0",
        "finished_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Record.model_validate({**plain, **own})


def cells(page: str, job: str, heading: str) -> list[str]:
    """The cells of a job's row under a heading."""
    section = page.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    line = next(line for line in section.splitlines() if line.startswith(f"| {job} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_records_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "benchmark.jsonl")
    made = [record(), record(wave="W1", job="plan_wave", root_bytes=None, cost=cost(memory_bytes=None))]
    for one in made:
        append_record(path, one)
    assert read_records([path], Record) == made


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "benchmark.jsonl"
    path.write_text(
        record().model_dump_json() + "\n" + record().model_dump_json().replace('"users"', '"useers"') + "\n"
    )
    with pytest.raises(SourceError, match=r"benchmark.jsonl:2"):
        read_records([str(path)], Record)
    with pytest.raises(SourceError, match="no such file"):
        read_records([str(tmp_path / "none.jsonl")], Record)
    with pytest.raises(SettingsError, match="local file"):
        append_record("s3a://bucket/benchmark.jsonl", record())


def test_of_two_records_of_the_same_job_the_later_counts() -> None:
    late = record(rows=7, finished_at=datetime(2026, 1, 2, tzinfo=UTC))
    other_wave = record(wave="W1")
    assert newest([late, record(rows=8), other_wave]) == [late, other_wave]


def test_a_job_called_several_times_is_summed_and_a_month_of_history_is_the_mean_month() -> None:
    days = [date(2026, 5, 1) + timedelta(days=7 * n) for n in range(3)]
    records = [
        record(job="ingest_sources", as_of=day, rows=100, cost=cost(seconds=2.0, memory_bytes=(n + 1) * GIB))
        for n, day in enumerate(days)
    ]
    records += [
        record(job="ingest_sources", part="history", as_of=day - timedelta(days=200), cost=cost(seconds=seconds))
        for day, seconds in zip(days, (3.0, 4.0, 8.0), strict=True)
    ]
    page = as_page(records)
    assert cells(page, "ingest_sources", "One cycle: seconds by size")[1] == "6.0"
    assert cells(page, "ingest_sources, a month of history", "One cycle: seconds by size")[1] == "5.0"
    of_size = cells(page, "ingest_sources", "One cycle at 1 000 users")
    assert of_size[1:4] == ["300", "6.0", "50"]  # rows written, seconds, rows per second
    assert of_size[5] == "3.0"  # the highest of the peaks, not their sum
    assert cells(page, "all together, history included", "One cycle: seconds by size")[1] == "21"


def test_the_page_states_exponents_and_what_was_not_run() -> None:
    records = [record(users=users, cost=cost(seconds=users / 100)) for users in (1_000, 10_000)]
    page = as_page([*records, record(job="read_out")], text="Read me.")
    assert cells(page, "build_features", "One cycle: seconds by size") == ["build_features", "10.0", "100.0", "1.00"]
    assert cells(page, "read_out", "One cycle: seconds by size") == [
        "read_out",
        "1.0",
        "not run",
        "one size: no exponent",
    ]
    whole = cells(page, "all together, history included", "One cycle: seconds by size")
    assert whole[1:] == ["11", "not whole", "one size: no exponent"]  # the larger size was not read out
    assert "\n\nRead me.\n\n" in page
    assert text_of(page) == "Read me."
    assert text_of("# Another page") == ""
    assert "2 cores, 24.0 GiB, a processor" in page


def test_a_part_of_a_cycle_has_a_table_of_its_own_and_no_exponent() -> None:
    whole = [record(users=users, cost=cost(seconds=users / 100)) for users in (1_000, 10_000)]
    some = record(kind="part", users=100_000, months=1, cost=cost(seconds=5.0))
    more = record(kind="part", users=100_000, months=3, cost=cost(seconds=9.0))  # another run, not the same job twice
    page = as_page([*whole, some, more])
    assert cells(page, "build_features", "One cycle: seconds by size") == ["build_features", "10.0", "100.0", "1.00"]
    for seconds, months in (("5.0", "1 month"), ("9.0", "3 months")):
        heading = f"A part of one cycle at 100 000 users, {months} of history"
        assert cells(page, "build_features", heading)[2] == seconds


def test_a_training_by_itself_is_no_part_of_a_cycle() -> None:
    page = as_page(
        [record(), record(kind="training", job="train_models", users=7_000, rows=21, cost=cost(seconds=3.0))]
    )
    assert cells(page, "7 000", "A training by itself")[:5] == ["7 000", "8", "21", "3.0", "7"]
    assert "train_models" not in page


def test_stages_that_spark_forgot_are_told() -> None:
    assert "forgot" not in as_page([record()])
    assert "Spark forgot 4 stages" in as_page([record(cost=cost(stages_lost=4))])


def test_a_readout_is_told_by_its_median_and_against_the_whole_read_out() -> None:
    def timed(job: str, seconds: list[float]) -> list[Record]:
        return [
            record(kind="readout", job=job, repetition=n, cost=cost(seconds=s, cpu_seconds=n, input_rows=99))
            for n, s in enumerate(seconds, start=1)
        ]

    rows = [*timed("the whole read-out", [9.0, 2.0, 4.0]), *timed("the peer", [6.0, 7.0, 30.0])]
    page = as_page(rows)
    heading = "The read-out of a month"
    section = page.split(f"## {heading}\n")[1]
    ours, peer = (next(line for line in section.splitlines() if name in line) for name in ("| the whole", "| the peer"))
    assert "| 4.0 | 2.0 to 9.0 | 3 | 1.00 | 2.0 | 99 |" in ours
    assert "| 7.0 | 6.0 to 30.0 | 3 | 1.75 | 2.0 | 99 |" in peer


def test_costs_one_after_the_other_add_up_but_for_peaks() -> None:
    both = summed([cost(seconds=1.5, tasks=3, memory_bytes=None), cost(seconds=2.0, tasks=4, heap_bytes=5 * GIB)])
    assert (both.seconds, both.tasks, both.memory_bytes, both.heap_bytes) == (3.5, 7, 2 * GIB, 5 * GIB)


def test_the_page_in_the_repository_is_that_of_the_records_in_it() -> None:
    project = Path(__file__).parents[3]
    page = (project / "BENCHMARKS.md").read_text(encoding="utf-8")
    data = project / "tests" / "data" / "benchmark"
    files, loops, banks = (sorted(map(str, data.glob(name))) for name in ("*.jsonl", "loops/*", "allocations/*"))
    records, months, ways = read_records(files, Record), read_records(loops, LoopMonth), read_records(banks, WaveByWay)
    assert as_page(records, loops=months, allocations=as_section(ways), text=text_of(page)) == page
