"""Experiments as they come: a right number, or exit code 2 with what to do (tests/data/cases/SOURCE.md)."""

import csv
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from reactivation import cli
from reactivation.pipelines import analyze_experiment

pytestmark = pytest.mark.edges

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/data/cases"


def read_out(spec: Path, out: Path) -> int:
    argv = ["--spec", str(spec), "--out", str(out), "--conf-dir", str(ROOT / "conf")]
    return cli.execute_alone(
        analyze_experiment.run, analyze_experiment.__file__, argv, arguments=analyze_experiment.add_arguments
    )


@pytest.mark.parametrize(
    "case",
    [
        "A04c_doubled_quotes_shift_numbers",
        "A28b_nanos_unused",
        "A36a_name",
        "A36d_name",
        "A36k_csv_gz",
        "A56_folder_column_order",
    ],
)
def test_the_right_number_comes_out(spark: SparkSession, tmp_path: Path, case: str) -> None:
    assert read_out(CASES / case / "spec.yml", tmp_path) == 0
    with (tmp_path / "readout.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["metric"] == "spend")
    assert row["status"] == "estimated"
    assert [float(row[f"estimate_{side}"]) for side in ("treatment", "control")] == [14.997, 12.997]


REFUSED = {
    "A06b_unquoted_thousands_mixed": ["1422 rows", "more or fewer fields than the 3 of the header of t.csv"],
    "A15a_yaml_no_yes": ["YAML reads this as false: put it in quotes, 'No'", "Yes"],
    "A45a_spec_gbk": ["A45a_spec_gbk/spec.yml", "save it as UTF-8"],
    "A59_truncated_gz": ["t.csv.gz", "cut off or damaged"],
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(
    spark: SparkSession, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_out(CASES / case / "spec.yml", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert all(words in said for words in REFUSED[case])
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_numbers_with_suffixes_are_no_numbers(spark: SparkSession, tmp_path: Path) -> None:
    assert read_out(CASES / "A42a_odd_number" / "spec.yml", tmp_path) == 0
    with (tmp_path / "readout.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert row["status"] == "not_estimable"
    assert "200 in `treatment`, 100 in `control`" in row["reason"]


def test_a_few_bad_rows_are_left_out_and_told_and_used_columns_must_be_in_every_file(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CASES / "A56_folder_column_order", tmp_path / "case")
    spec, second = tmp_path / "case/spec.yml", tmp_path / "case/t/day2.csv"
    text = second.read_text(encoding="utf-8")
    second.write_text(f"{text}control,1,40,1,003.00\n", encoding="utf-8")
    assert read_out(spec, tmp_path / "out") == 0
    assert "Left out: 1 row with more or fewer fields than the 4 of the header of day2.csv." in capsys.readouterr().out
    second.write_text(text.replace("spend", "spent"), encoding="utf-8")
    assert read_out(spec, tmp_path / "none") == 2
    assert "day2.csv lacks the column, day1.csv has it" in capsys.readouterr().err


def test_a_read_out_refuses_a_parquet_column_that_a_file_lacks_and_looks_into_a_file_without_an_ending(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = ["a", "b"] * 200
    spend = [float(i % 7) for i in range(400)]
    (tmp_path / "t").mkdir()
    pq.write_table(pa.table({"arm": arms, "spend": spend}), tmp_path / "t/1.parquet")
    pq.write_table(pa.table({"arm": arms, "spent": spend}), tmp_path / "t/2.parquet")
    text = "table: {}\narm: arm\ncontrol: b\nshares: {{a: 1, b: 1}}\nmeans: [spend]\n"
    spec = tmp_path / "spec.yml"
    spec.write_text(text.format("t"), encoding="utf-8")
    assert read_out(spec, tmp_path / "none") == 2
    assert "2.parquet lacks the column, 1.parquet has it" in capsys.readouterr().err
    rows = "".join(f"{arm},{value}\n" for arm, value in zip(arms, spend, strict=True))
    (tmp_path / "t.dat").write_text(f"arm,spend\n{rows}", encoding="utf-8")
    shutil.copy(tmp_path / "t/1.parquet", tmp_path / "without")
    for name in ("t.dat", "without"):
        spec.write_text(text.format(name), encoding="utf-8")
        assert read_out(spec, tmp_path / "out") == 0
    (tmp_path / "t.dat").write_text(f'arm,spend\n{rows}a,"1\nb,1\n', encoding="utf-8")
    spec.write_text(text.format("t.dat"), encoding="utf-8")
    assert read_out(spec, tmp_path / "none") == 2
    assert "t.dat" in (said := capsys.readouterr().err)
    assert "a quote is opened and not closed, or escaped with a backslash" in said
    assert not (tmp_path / "none").exists()


def test_an_encoding_is_named_in_the_spec(spark: SparkSession, tmp_path: Path) -> None:
    rows = "".join(f"{'对照组' if i % 2 else '实验组'},{i % 5 % 2}\n" for i in range(400))
    (tmp_path / "t.csv").write_bytes(f"分组,登录\n{rows}".encode("gbk"))
    spec = "table: t.csv\narm: 分组\ncontrol: 对照组\nshares: {对照组: 1, 实验组: 1}\nrates: [登录]\n"
    (tmp_path / "spec.yml").write_text(spec, encoding="utf-8")
    assert read_out(tmp_path / "spec.yml", tmp_path / "none") == 2
    (tmp_path / "spec.yml").write_text(f"{spec}encoding: GBK\n", encoding="utf-8")
    assert read_out(tmp_path / "spec.yml", tmp_path / "out") == 0
