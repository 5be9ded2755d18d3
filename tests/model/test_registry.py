"""From training to scores by the jobs, on a registry in a temporary folder."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jobs import approve_model, score_users, train_models
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import cli, flow, model
from reactivation.errors import ModelError
from reactivation.model.gate import Gate
from reactivation.periods import Month
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store
from reactivation.tables import contract, derived

pytestmark = pytest.mark.edges

CYCLE = Month.parse("2026-05")  # with settling days: tests on March, trains on January and February
FEATURES = derived.FEATURES.extended(
    [
        contract.Column("login_count_1m", "double", "logins"),
        contract.Column("asset_total_last", "double", "assets"),
        contract.Column("profile_segment", "string", "segment"),
    ]
)
OpenRun = Callable[..., Run]


@pytest.fixture(scope="module")
def open_run(
    spark: SparkSession, examples: DataFrame, small: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> OpenRun:
    """Opens a run of a job on one root that holds features and labels; nobody's balance is known."""
    root = tmp_path_factory.mktemp("models")
    store = Store(spark, str(root))
    now = examples.where("cycle = '2026-03'").withColumn("cycle", F.lit(str(CYCLE)))
    cycles = {"cycle": ["2026-01", "2026-02", "2026-03", str(CYCLE)]}
    store.replace(FEATURES, FEATURES.select(examples.unionByName(now)), cycles)
    labels = examples.withColumn("is_active", F.col("label") == 1).withColumns(
        {"has_asset_uplift": F.lit(None), "transaction_count": F.lit(0), "asset_change": F.lit(None)}
    )
    store.replace(derived.LABELS, derived.LABELS.select(labels), cycles)
    conf = Path(__file__).parent.parent.parent / "conf"
    settings = [f"paths.root={root}", "calendar.settle_days=5", f"model={json.dumps(small)}"]

    def make(step: flow.Step, *more: str) -> Run:
        overrides = [part for setting in settings for part in ("--set", setting)]
        arguments = approve_model.add_arguments if step is flow.APPROVE else None
        argv = ["--cycle", str(CYCLE), "--conf-dir", str(conf), *overrides, *more]
        return cli.open_run(cli.parser(step.job, "", arguments).parse_args(argv), step=step)

    return make


@pytest.fixture(scope="module")
def registry(open_run: OpenRun) -> Registry:
    """The registry after the training job has run."""
    r = open_run(flow.TRAIN)
    train_models.run(r)
    return Registry.open(r)


def ledger(r: Run) -> list[tuple[str, str, str]]:
    rows = Store(r.spark, r.root).read(derived.MODEL_LEDGER).orderBy("at", "event").collect()
    return [(row.model.removeprefix("sandbox_mobile_activity_"), row.version, row.event) for row in rows]


def approve(open_run: OpenRun, target: str, version: str) -> None:
    why = ["--model", target, "--version", version, "--reviewer", "board", "--reason", "figures read"]
    approve_model.run(open_run(flow.APPROVE, *why))


def test_training_registers_once_and_says_what_it_cannot_train(
    registry: Registry, open_run: OpenRun, capsys: pytest.CaptureFixture[str]
) -> None:
    r = open_run(flow.TRAIN)
    train_models.run(r)  # the same cycle, settings and rows: nothing new but what cannot be trained
    said = capsys.readouterr().out
    assert "version 1 has the same cycle, settings and rows" in said
    assert "asset_uplift: no version this time. nothing can be trained on 2026-01 to 2026-02" in said
    assert [(v.version, v.tags["cycle"], v.tags["test_month"]) for v in registry.versions("active")] == [
        (1, "2026-05", "2026-03")
    ]
    assert ("active", "1", "ready_for_review") in ledger(r)
    assert registry.overview("active")[0]["ready"] == "true"


def test_only_an_approved_version_scores(registry: Registry, open_run: OpenRun) -> None:
    with pytest.raises(ModelError, match=r"approve it by jobs/approve_model\.py --model active --version 1"):
        score_users.run(open_run(flow.SCORE))
    with pytest.raises(ModelError, match="has no version 7"):
        approve(open_run, "active", "7")
    approve(open_run, "active", "1")
    r = open_run(flow.SCORE)
    score_users.run(r)
    assert ledger(r)[-1] == ("active", "1", "approved")
    found = Store(r.spark, r.root).read(derived.SCORES)
    assert found.count() == 320  # the low-active alone
    assert found.where("p_active is null or active_version != '1' or p_asset_uplift is not null").isEmpty()


def test_a_version_that_failed_its_gate_cannot_go_live_and_reloads_alike(
    registry: Registry, open_run: OpenRun, trained: model.Trained, examples: DataFrame, months: model.Months
) -> None:
    r = open_run(flow.TRAIN)
    refused = replace(trained, gate=Gate(False, ("reason one", "reason two")))
    training = model.Training(CYCLE, months, r.settings_hash, {"features": 0}, "2:1")
    version = registry.register("asset_uplift", refused, training=training, examples=examples, r=r)
    with pytest.raises(ModelError, match="not ready for review") as error:
        approve(open_run, "asset_uplift", str(version.version))
    assert [finding.advice for finding in error.value.findings] == ["reason one", "reason two"]
    assert registry.champion("asset_uplift") is None
    assert registry.reusable("asset_uplift", training) is not None
    later = replace(training, tables={"features": 1})  # another cycle has been written since
    assert registry.reusable("asset_uplift", later) is not None
    assert registry.reusable("asset_uplift", replace(training, rows="2:2")) is None  # other rows

    registry.promote("asset_uplift", str(version.version), reviewer="test")  # past the job, to read the alias
    assert registry.serving("asset_uplift", CYCLE - 1) is None  # trained for May: must not speak for April
    champion = registry.serving("asset_uplift", CYCLE)
    assert champion is not None
    loaded = registry.load("asset_uplift", str(champion.version))
    assert loaded.features == trained.fitted.features
    rows = examples.where("cycle = '2026-03'")
    keep = ["user_id"]
    ours = model.score(trained.fitted.model, rows, features=trained.fitted.features, keep=keep)
    theirs = model.score(loaded.model, rows, features=loaded.features, keep=keep)
    assert sorted(map(tuple, ours.collect())) == sorted(map(tuple, theirs.collect()))


def test_a_version_whose_files_are_gone_is_told_from_one_that_never_was(registry: Registry, open_run: OpenRun) -> None:
    files = Path(open_run(flow.SCORE).root) / "mlartifacts"
    elsewhere = files.rename(files.with_name("moved"))
    try:
        with pytest.raises(ModelError, match=r"version 1 cannot be loaded[^$]*were its files moved or removed\?"):
            registry.load("active", "1")
    finally:
        elsewhere.rename(files)
    with pytest.raises(ModelError, match=r"version 7 cannot be loaded[^$]*versions there are: 1"):
        registry.load("active", "7")
