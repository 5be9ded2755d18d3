"""Any table on Spark: one pass equals a straight computation, and the job from spec to files."""

import csv
import shutil
from decimal import Decimal
from math import inf, isfinite, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from reactivation import cli
from reactivation.contracts.derived import READOUT
from reactivation.experiment.any_table import Spec, groups, problems, sums
from reactivation.pipelines import analyze_experiment

ROOT = Path(__file__).parents[2]
JOB = str(ROOT / "jobs" / "analyze_experiment.py")
SPEC = Spec.model_validate(
    {
        "table": "t",
        "arm": "the arm",
        "control": "b",
        "shares": {"a": 1, "b": 1},
        "rates": ["came", "said"],
        "means": ["spend", "assets"],
        "covariates": ["age", "was.in"],
        "strata": ["town"],
    }
)


@pytest.fixture(scope="module")
def table(spark: SparkSession) -> DataFrame:
    """Four thousand rows with everything a table of others may hold; `assets` lie far from zero."""
    rng = np.random.default_rng(20260622)
    rows = []
    for i in range(4_000):
        arm = (None, "c", "a", "b")[0 if i == 11 else 1 if i in (12, 13) else 2 + i % 2]
        age = (None, nan, inf)[i % 50 - 1] if 0 < i % 50 < 4 else float(rng.integers(18, 90))
        spend = (nan, inf, None)[i % 90 - 1] if 0 < i % 90 < 4 else float(rng.gamma(2, 3))
        came = None if i % 70 == 5 else bool(rng.random() < 0.4)
        said = (None, "yes", "maybe")[i % 60 - 1] if 0 < i % 60 < 4 else str(int(rng.random() < 0.2))
        assets = Decimal(10**9 + int(rng.integers(0, 10_000))) / 100
        rows.append((arm, came, said, spend, assets, age, i % 3 == 0, None if i % 40 == 7 else f"t{i % 3}"))
    names = "`the arm` string, came boolean, said string, spend double, assets decimal(18,2), age double"
    return spark.createDataFrame(rows, f"{names}, `was.in` boolean, town string").repartition(4)


@pytest.mark.rules
def test_sums_equal_a_straight_computation(table: DataFrame) -> None:
    found = groups([row.asDict() for row in sums(table, SPEC).collect()], SPEC)
    rows = table.collect()
    assert sum(group.users for group in found) == len(rows)
    unnamed = [group for group in found if group.arm is None]
    assert sum(group.users for group in unnamed) == 3
    assert {group.stray for group in unnamed} <= {None, "c"}
    for group in (g for g in found if g.arm):
        own = [r for r in rows if r["the arm"] == group.arm and f"town={r.town or '(none)'}" == group.stratum]
        assert group.users == len(own)
        for name in SPEC.outcomes:
            check(group.outcomes[name], name, own)


def check(found: Any, name: str, rows: list[Any]) -> None:
    words = {"yes": 1.0, "0": 0.0, "1": 1.0}
    told = [words.get(r[name], inf) if name == "said" and r[name] else r[name] for r in rows]
    values = [None if value is None or isnan(value) else float(value) for value in told]
    assert found.unknown == sum(value is None for value in values)
    assert found.wrong == sum(value is not None and not isfinite(value) for value in values)
    kept = [(v, r) for v, r in zip(values, rows, strict=True) if v is not None and isfinite(v)]
    ages = [r.age if r.age is not None and isfinite(r.age) else None for _, r in kept]
    columns = [
        [v for v, _ in kept],
        [a or 0.0 for a in ages],
        [float(r["was.in"]) if a is not None else 0.0 for a, (_, r) in zip(ages, kept, strict=True)],
        [float(a is None) for a in ages],
    ]
    straight = np.array(columns)
    assert found.joint.n == len(kept)
    assert found.joint.means == pytest.approx(straight.mean(axis=1), rel=1e-9, abs=1e-9)
    assert found.joint.products == pytest.approx(np.cov(straight, ddof=0) * len(kept), rel=1e-9, abs=1e-6)


@pytest.mark.rules
def test_what_the_spec_names_and_the_table_does_not_have_is_told_at_once(table: DataFrame) -> None:
    asked = SPEC.model_copy(update={"means": ("spnd",), "strata": ("twn",), "rates": ("came",)})
    odd = table.selectExpr("*", "array(1) as list")
    found = problems(odd, asked.model_copy(update={"covariates": ("list",)}))
    assert [(f.kind, f.what) for f in found] == [
        ("no such column", "spnd"),
        ("no such column", "twn"),
        ("type", "list"),
    ]
    assert "did you mean `spend`?" in found[0].advice


def run(tmp_path: Path, spec: dict[str, Any], *more: str) -> int:
    path = tmp_path / "mails.yml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    argv = ["--spec", str(path), "--out", str(tmp_path / "out"), *more]
    return cli.execute_alone(analyze_experiment.run, JOB, argv, arguments=analyze_experiment.add_arguments)


def read(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "out" / "readout.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


MAILS: dict[str, Any] = {"arm": "arm", "control": "no", "shares": {"yes": 1, "no": 1}, "rates": ["came"]}


@pytest.mark.edges
@pytest.mark.parametrize("form", ["csv", "parquet", "delta"])
def test_a_table_of_any_form_is_read_out_beside_its_spec(tmp_path: Path, spark: SparkSession, form: str) -> None:
    rows = [("yes" if i % 2 else "no", int(i % 10 < (4 if i % 2 else 2)), float(i % 7)) for i in range(800)]
    frame = spark.createDataFrame(rows, "arm string, came int, spend double")
    place = tmp_path / "mails"
    frame.write.format(form).option("header", "true").save(str(place))
    assert run(tmp_path, {**MAILS, "table": "mails", "means": ["spend"]}) == 0
    found = read(tmp_path)
    assert list(found[0]) == list(READOUT.column_names)
    assert [(row["contrast"], row["metric"], row["status"]) for row in found] == [
        ("yes_vs_no", "came", "estimated"),
        ("yes_vs_no", "spend", "estimated"),
    ]
    assert float(found[0]["difference"]) == pytest.approx(0.4 - 0.2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["readout.csv", "readout.html"]
    assert "yes_vs_no" in (tmp_path / "out" / "readout.html").read_text(encoding="utf-8")


@pytest.mark.edges
def test_hillstroms_test_is_read_out_from_its_raw_file(tmp_path: Path, spark: SparkSession) -> None:
    spec = yaml.safe_load((ROOT / "conf/experiments/hillstrom.yml").read_text(encoding="utf-8"))
    shutil.copy(ROOT / "tests/data/hillstrom/hillstrom.parquet", tmp_path)
    assert run(tmp_path, {**spec, "table": "hillstrom.parquet"}) == 0
    found = {(row["contrast"], row["metric"], row["segment"]): row for row in read(tmp_path)}
    for case in yaml.safe_load((ROOT / "tests/data/statistics.yml").read_text(encoding="utf-8"))["hillstrom_email"]:
        arm = {"mens": "Mens E-Mail", "womens": "Womens E-Mail"}[case["arm"]]
        row = found[f"{arm}_vs_No E-Mail", case["outcome"], "all"]
        assert round(float(row["difference"]), 6) == case["lift"]
        if "ci_published" in case:
            assert [round(float(row[end]), 4) for end in ("difference_low", "difference_high")] == case["ci_published"]
    cuped = found["Mens E-Mail_vs_No E-Mail", "visit", "all, CUPED"]
    plain = found["Mens E-Mail_vs_No E-Mail", "visit", "all"]
    widths = [float(row["difference_high"]) - float(row["difference_low"]) for row in (cuped, plain)]
    assert widths[0] < widths[1]


@pytest.mark.edges
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "mail.csv"}, "nothing is there: did you mean `mails.csv`?"),
        ({"rates": ["come"]}, "under rates: did you mean `came`?"),
        ({"rate": ["came"]}, "did you mean `rates`?"),
        ({"control": "never"}, "control `never` has no share"),
    ],
)
def test_a_users_mistake_is_two_with_one_message(
    tmp_path: Path, spark: SparkSession, changes: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mails.csv").write_text("arm,came\nyes,1\nno,0\n", encoding="utf-8")
    assert run(tmp_path, {**MAILS, "table": "mails.csv", **changes}) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.edges
def test_groups_of_which_nothing_is_known_are_left_out_and_told(
    tmp_path: Path, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ragged row, and a stratum whose only row has no outcome, are groups of their own."""
    rows = [f"{arm},{spend},web" for arm in ("yes", "no") for spend in range(50)]
    text = "\n".join(["arm,spend,channel", *rows, "yes,,shop", "yes", ""])
    (tmp_path / "mails.csv").write_text(text, encoding="utf-8")
    spec = {key: value for key, value in MAILS.items() if key != "rates"} | {"means": ["spend"], "strata": ["channel"]}
    assert run(tmp_path, {**spec, "table": "mails.csv"}) == 0
    [whole] = [row for row in read(tmp_path) if row["segment"] == "all"]
    assert (whole["status"], float(whole["difference"])) == ("estimated", 0.0)
    assert "1 row" in capsys.readouterr().out


@pytest.mark.edges
def test_a_table_without_rows_is_an_answer_not_an_error(tmp_path: Path, spark: SparkSession) -> None:
    (tmp_path / "mails.csv").write_text("arm,came\n", encoding="utf-8")
    assert run(tmp_path, {**MAILS, "table": "mails.csv"}) == 0
    assert [row["status"] for row in read(tmp_path)] == ["not_estimable"]
