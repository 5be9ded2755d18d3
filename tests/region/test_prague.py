"""The Berka bank as a new region by the guide alone: scaffold, the example's lines, a look, a month to its scores."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reactivation import cli
from reactivation.contracts import derived
from reactivation.pipelines import check_region, new_region, run_cycle
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

PROJECT = Path(__file__).parents[2]
GUIDE = (PROJECT / "docs" / "new-region.md").read_text("utf-8")


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank's own folder of conf, with the region `prague` as the guide's steps leave it."""
    conf = tmp_path_factory.mktemp("bank") / "conf"
    shutil.copytree(PROJECT / "conf", conf)
    argv = ["--name", "prague", "--conf-dir", str(conf)]
    assert not cli.execute_alone(new_region.run, "jobs/new_region.py", argv, arguments=new_region.add_arguments)
    file = conf / "regions" / "prague.yml"
    example = re.search(r"## Example: the Berka bank.*?```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert example is not None
    edited = merged(yaml.safe_load(file.read_text("utf-8")), yaml.safe_load(example[1]))
    file.write_text(yaml.safe_dump(edited, sort_keys=False), "utf-8")
    return conf


def merged(scaffold: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """The scaffold with the lines of the example in place of its own."""
    both = {key: merged(scaffold[key], edits[key]) for key in edits if isinstance(scaffold.get(key), dict)}
    return {**scaffold, **edits, **both}


@pytest.fixture(scope="module")
def arguments(conf: Path) -> list[str]:
    raw = f"sources.path={PROJECT / 'tests/data/berka'}"
    return ["--region", "prague", "--cycle", "1994-03", "--conf-dir", str(conf), "--set", raw]


def look(arguments: list[str], *more: str) -> int:
    argv, own = [*arguments, *more], check_region.add_arguments
    return cli.execute_alone(check_region.run, "jobs/check_region.py", argv, arguments=own, refuses_absent=False)


def test_a_look_tells_what_the_rows_are_like_and_what_they_can_train(
    spark: SparkSession, conf: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(arguments) == 0
    told = capsys.readouterr().out
    assert told.rstrip().endswith("Nothing was written")
    assert not (conf.parent / "build").exists()
    assert "overruled  sources.path" in told
    assert re.search(r"active +yes|active +True", told)
    assert "trains on" in told


def test_the_month_runs_up_to_its_scores_and_the_banks_own_attribute_is_a_feature(
    spark: SparkSession, conf: Path, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [*arguments, "--as-of", "1994-03-01", "--set", f"paths.root={tmp_path}"]
    assert cli.execute(run_cycle.run, "jobs/run_cycle.py", argv, arguments=run_cycle.add_arguments) == 0
    told = capsys.readouterr().out
    store = Store(spark, str(tmp_path))
    march = store.read(derived.FEATURES).where(F.col("cycle") == "1994-03")
    statements = {row.profile_statements for row in march.select("profile_statements").distinct().collect()}
    assert statements == {"POPLATEK MESICNE", "POPLATEK TYDNE", "POPLATEK PO OBRATU"}
    scored = store.read(derived.SCORES).where(F.col("p_active").isNotNull()).count()
    assert 300 < scored < 500  # SOURCE.md: 413 of 1 197 accounts drew no cash in February
    assert "[1994-03  1/7] ingest_sources" in told
    assert "transactions             42 945 rows" in (tmp_path / "logs/1994-03/run_cycle.log").read_text(
        encoding="utf-8"
    )


def test_a_look_at_a_larger_bank_is_at_a_share_of_its_users(
    spark: SparkSession, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_region, "USERS_LOOKED_AT", 1_125)  # of 4 500 accounts
    assert look(arguments) == 0
    told = capsys.readouterr().out
    assert "of 25.0% of the users, drawn by hash" in told
    february = re.search(r"transactions +1994-02  +\S[\d ]*?  +(\d+)  ", told)
    assert february is not None
    assert 200 < int(february[1]) < 420  # users: some 300 of 1 200


def test_rows_whose_amount_is_not_mapped_would_stop_an_ingest(
    spark: SparkSession, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    poorer = "sources.transactions.query=select account_id as user_id, date as event_at, date as arrived_at from trans"
    assert look(arguments, "--set", poorer) == 2
    told = capsys.readouterr().err
    assert "an ingest of these rows would stop" in told
    assert re.search(r"equal rows +transactions +\d+ of \d+ are equal in all that is mapped", told)
    assert "is transaction_type, channel, amount, is_self_initiated, event_id missing?" in told
