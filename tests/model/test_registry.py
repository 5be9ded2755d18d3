"""From training to scores by the jobs, on a registry in a temporary folder."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from mlflow.entities.model_registry.model_version_search import ModelVersionSearch
from mlflow.utils import logging_utils
from pyspark.ml.wrapper import JavaModel, JavaTransformer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation import cli, model
from reactivation.contracts import derived, flow, table
from reactivation.errors import ModelError, PlanError, SettingsError
from reactivation.model.gate import Gate
from reactivation.periods import Month
from reactivation.pipelines import approve_model, review_model, score_users, train_models
from reactivation.runtime import logged_models
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store
from reactivation.statistics.said import Said

pytestmark = pytest.mark.edges

CYCLE = Month.parse("2026-05")  # with settling days: tests on March, trains on January and February
FEATURES = derived.FEATURES.extended(
    [
        table.Column("login_count_1m", "double", "logins"),
        table.Column("asset_total_last", "double", "assets"),
        table.Column("profile_segment", "string", "segment"),
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


def approve(open_run: OpenRun, target: str, version: str, *more: str) -> None:
    why = ["--model", target, "--version", version, "--reviewer", "board", "--reason", "figures read"]
    approve_model.run(open_run(flow.APPROVE, *why, *more))


def as_good_as(registry: Registry, version: str, trained: model.Trained) -> model.Trained:
    """What would be registered of a training that gave the pipeline of a version once more."""
    scorer = registry.load("active", version)
    return replace(trained, fitted=trained.fitted._replace(model=scorer.model, features=scorer.features))


def test_files_of_a_named_database_lie_under_the_root_and_not_where_the_job_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, root = tmp_path / "driver", tmp_path / "root"
    driver.mkdir()
    monkeypatch.chdir(driver)
    settings = SimpleNamespace(model=SimpleNamespace(tracking_uri=f"sqlite:///{tmp_path}/named.db"))
    r = SimpleNamespace(region="north", scenario="sleepers", root=str(root), settings=settings)
    Registry.open(r).note_plan(CYCLE, plan_json="{}", power_json="[]", plan_hash="of any plan")
    assert list(driver.iterdir()) == []
    assert len(list((root / "mlartifacts").rglob("plan.json"))) == 1


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


def test_a_version_brings_all_that_a_reviewer_reads(registry: Registry, open_run: OpenRun, examples: DataFrame) -> None:
    version = registry.versions("active")[0]
    assert version.run_id is not None
    run = mlflow.get_run(version.run_id)
    assert {"trees_max_iter", "trees_max_depth", "train_from", "version_features"} <= set(run.data.params)
    assert {f"{group}_{name}" for group in ("all", "low_activity") for name in model.METRICS} <= set(run.data.metrics)
    assert run.data.tags["settings_hash"] == open_run(flow.TRAIN).settings_hash
    assert set(json.loads(run.data.tags["tables"])) >= {"features", "labels"}  # with the Delta version of each
    files = {file.path for file in registry.client.list_artifacts(version.run_id)}
    assert {"calibration.png", "lift.png", "settings.yml", "quality.json", "evidence.json"} <= files
    pictures = {"roc", "precision_recall", "gain", "scores", "importances", "drift", "groups"}
    assert {f"{name}.png" for name in pictures} | {"review.json", "groups.csv", "drift.csv", "card.md"} <= files
    assert {"roc_auc", "precision_recall_auc", "log_loss", "brier_score_loss", "example_count"} <= set(run.data.metrics)
    assert run.data.metrics["roc_auc"] == pytest.approx(run.data.metrics["low_activity_auc"], abs=0.001)
    info = mlflow.models.get_model_info(f"models:/{version.name}/{version.version}")
    assert info.signature is not None
    assert info.signature.inputs.input_names()
    assert info.saved_input_example_info is not None
    example = mlflow.models.Model.load(info.model_uri).load_input_example(info.model_uri)
    theirs = {tuple(row) for row in examples.select(*info.signature.inputs.input_names()).collect()}
    assert not theirs & set(example.itertuples(index=False, name=None))
    stages = registry.load("active", "1").model.stages
    assert {type(stage).__module__.split(".")[0] for stage in stages} == {"pyspark"}
    assert all(isinstance(stage, JavaModel | JavaTransformer) for stage in stages)  # none of them needs Python


def test_mlflows_page_of_a_version_is_its_card_and_no_file_speaks_of_a_user(
    registry: Registry, open_run: OpenRun, examples: DataFrame
) -> None:
    version = registry.versions("active")[0]
    assert version.description.startswith("**Ready for review**")
    assert "tested on 2026-03" in version.description
    assert len(version.description) <= 5_000
    of_model = registry.client.get_registered_model(version.name).description
    assert "scores nobody before an approval stands in the table `model_ledger`" in of_model
    inputs = {each.dataset.name: each.dataset for each in mlflow.get_run(version.run_id).inputs.dataset_inputs}
    r, known = open_run(flow.TRAIN), json.loads(version.tags["tables"])
    assert set(inputs) == {"features", "labels"}
    for name, dataset in inputs.items():
        source = json.loads(dataset.source)
        there = source["path"], source.get("delta_table_version", 0)  # MLflow leaves out a version of 0
        assert there == (f"{r.root}/warehouse/{name}", known[name])
        assert dataset.source_type == "delta_table"
    assert inputs["features"].digest != inputs["labels"].digest
    amounts = {f"{row.asset_total_last:g}" for row in examples.where("asset_total_last > 300").collect()}
    for file in ("card.md", "review.json", "groups.csv", "drift.csv", "evidence.json", "quality.json"):
        text = mlflow.artifacts.load_text(f"runs:/{version.run_id}/{file}")
        assert "user_id" not in text
        assert not {f"{amount}.0" for amount in amounts} & set(text.replace(",", " ").split())


def test_the_terminal_shows_the_same_card(
    registry: Registry, open_run: OpenRun, capsys: pytest.CaptureFixture[str]
) -> None:
    root, conf = open_run(flow.TRAIN).root, str(Path(__file__).parent.parent.parent / "conf")
    where = ["--model", "active", "--conf-dir", conf, "--set", f"paths.root={root}"]
    assert cli.execute_alone(review_model.run, "review_model.py", where, arguments=review_model.add_arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"# {registry.name('active')} version 1\n")
    assert mlflow.artifacts.load_text(f"runs:/{registry.versions('active')[0].run_id}/card.md").strip() in said
    again = [*where, "--version", "9"]
    assert cli.execute_alone(review_model.run, "review_model.py", again, arguments=review_model.add_arguments) == 2
    assert "versions there are: 1" in capsys.readouterr().err


def test_in_prod_nothing_is_trained_or_approved_for_which_nobody_answers(open_run: OpenRun) -> None:
    for job, step in ((train_models.run, flow.TRAIN), (approve_model.run, flow.APPROVE)):
        with pytest.raises(SettingsError) as error:
            job(replace(open_run(step), env="prod"))
        assert [finding.what.removeprefix("model_card.") for finding in error.value.findings] == [
            "owner",
            "validator",
            "legal_basis",
            "impact_assessment",
        ]


def test_in_prod_conf_lets_no_model_go_live_without_a_person(open_run: OpenRun) -> None:
    with pytest.raises(SettingsError, match=r"model\.auto_approve +true, by --set or a file of conf"):
        train_models.run(replace(open_run(flow.TRAIN, "--set", "model.auto_approve=true"), env="prod"))


def test_a_logged_model_that_scores_otherwise_than_the_trained_one_is_refused(
    registry: Registry, trained: model.Trained, examples: DataFrame
) -> None:
    """`trained` is of another sample than the job's version, which stands here for a model that was lost on the way."""
    logged = f"models:/{registry.name('active')}/1"
    with pytest.raises(ModelError, match="scores otherwise than the trained one"):
        logged_models.require_same_scores(trained.fitted, logged, examples.select(*trained.fitted.features))
    assert registry.load("active", "1").model is registry.load("active", "1").model  # a session loads it once


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


def test_an_alias_that_somebody_moved_past_the_ledger_scores_nobody(registry: Registry, open_run: OpenRun) -> None:
    name, first = registry.name("active"), registry.versions("active")[0]
    copy = registry.client.create_model_version(name, first.source, run_id=first.run_id, tags=first.tags)
    registry.client.set_registered_model_alias(name, "champion", str(copy.version))
    try:
        with pytest.raises(ModelError, match="nobody is scored in cycle 2026-05") as error:
            score_users.run(open_run(flow.SCORE))
        assert error.value.exit_code == 2
        command = f"jobs/approve_model.py --model active --version {copy.version}"
        assert [command in finding.advice for finding in error.value.findings] == [True]
    finally:
        registry.client.set_registered_model_alias(name, "champion", "1")
        registry.client.delete_model_version(name, str(copy.version))
    score_users.run(open_run(flow.SCORE))


def test_a_reviewer_signs_by_tags_alone_and_goes_back_by_tags(
    registry: Registry, open_run: OpenRun, capsys: pytest.CaptureFixture[str]
) -> None:
    name, first = registry.name("active"), registry.versions("active")[0]
    untagged = {k: v for k, v in first.tags.items() if k != "approved_by"}
    copy = registry.client.create_model_version(name, first.source, run_id=first.run_id, tags=untagged)
    number, r = str(copy.version), open_run(flow.TRAIN)

    def sign(version: str, **tags: str) -> None:
        for tag, value in tags.items():
            registry.client.set_model_version_tag(name, version, tag, value)
        approve_model.run(open_run(flow.APPROVE, "--from-registry", "--set", "model.gate.champion_margin=1"))

    try:
        with pytest.raises(ModelError, match=r"nothing was done[^$]*say why in the tag `reason`"):
            sign(number, decision="approved")
        assert registry.champion("active").version == 1  # type: ignore[union-attr]
        sign(number, reason="the board read the card", reviewer="risk board")
        assert str(registry.champion("active").version) == number  # type: ignore[union-attr]
        last = Store(r.spark, r.root).read(derived.MODEL_LEDGER).orderBy(F.desc("at")).collect()[0]
        assert (last.version, last.event, last.actor, last.reason) == (
            number,
            "approved",
            "risk board",
            "the board read the card",
        )
        assert json.loads(last.evidence_json)["champion_today"] == "1"
        score_users.run(open_run(flow.SCORE))
        capsys.readouterr()
        sign("1")
        assert "no version has a decision in its tags that is not carried out yet" in capsys.readouterr().out
        with pytest.raises(ModelError, match="it is the champion"):
            sign(number, decision="rejected", reason="on second thoughts")
        registry.client.delete_model_version_tag(name, number, "decision")
        sign("1", decision="approved", reason="back", reviewer="risk board")
        assert registry.champion("active").version == 1  # type: ignore[union-attr]
        sign(number, decision="rejected")
        assert ledger(r)[-1] == ("active", number, "refused")
    finally:
        for tag in ("decision", "reason", "reviewer", "decision_carried_out"):
            registry.client.delete_model_version_tag(name, "1", tag)
        registry.client.delete_model_version(name, number)


def test_scores_of_a_running_experiment_are_not_those_of_another_model(
    registry: Registry, open_run: OpenRun, rows: Rows
) -> None:
    r = open_run(flow.SCORE)
    store, cycle = Store(r.spark, r.root), {"cycle": str(CYCLE)}
    score_users.run(r)  # no wave is planned yet
    mine = store.read(derived.SCORES).where(F.col("cycle") == str(CYCLE)).localCheckpoint()
    wave = rows(derived.WAVE_WATERFALL, ["cycle", "wave"], [(str(CYCLE), "W1")])
    store.replace(derived.WAVE_WATERFALL, wave, {**cycle, "wave": "W1"})
    score_users.run(open_run(flow.SCORE))  # the same version once more
    store.replace(derived.SCORES, mine.withColumn("active_version", F.lit("7")), cycle)
    with pytest.raises(PlanError, match="scored by 7, now 1"):
        score_users.run(open_run(flow.SCORE))
    score_users.run(open_run(flow.SCORE, "--force"))
    assert store.read(derived.SCORES).where("active_version = '7'").isEmpty()


def test_a_model_does_not_score_by_features_that_conf_no_longer_asks_for(registry: Registry, open_run: OpenRun) -> None:
    of_transactions = (
        "labels.is_active=transaction_own_count > 0",
        "population.low_activity=transaction_own_days_3m = 0",
    )
    conf = ("sources.logins=null", "campaign.waves=null", *of_transactions)
    without = open_run(flow.SCORE, *[part for one in conf for part in ("--set", one)])  # the table still has the column
    with pytest.raises(ModelError, match=r"missing +login_count_1m"):
        score_users.run(without)


def test_conf_does_not_put_an_older_cycles_version_before_a_later_ones(registry: Registry) -> None:
    name = registry.name("active")
    registry.client.set_model_version_tag(name, "1", "cycle", "2026-09")
    try:
        older = registry.client.create_model_version(
            name, registry.versions("active")[0].source, tags={"cycle": "2026-05"}
        )
        assert not registry.promote("active", str(older.version), reviewer="conf", unless_older=True)
        assert registry.champion("active").version == 1  # type: ignore[union-attr]
        assert registry.serving("active", CYCLE).version == older.version  # type: ignore[union-attr]
        registry.client.delete_model_version(name, str(older.version))
    finally:
        registry.client.set_model_version_tag(name, "1", "cycle", str(CYCLE))


def test_what_is_decided_is_not_said_twice_and_what_broke_off_is_made_good(
    registry: Registry, open_run: OpenRun
) -> None:
    r = open_run(flow.TRAIN)
    said = ledger(r)
    approve(open_run, "active", "1")  # champion already
    train_models.run(r)
    assert ledger(r) == said
    only_active = (F.col("event") == "approved") & F.col("model").endswith("_active")
    Store(r.spark, r.root).delta(derived.MODEL_LEDGER).delete(~only_active)  # as if the run had ended before it wrote
    train_models.run(r)
    assert ("active", "1", "ready_for_review") in ledger(r)
    assert ledger(r).count(("active", "1", "approved")) == said.count(("active", "1", "approved"))
    why = Store(r.spark, r.root).read(derived.MODEL_LEDGER).where("event = 'ready_for_review'").collect()[0]
    assert json.loads(why.evidence_json)


def test_versions_have_their_tags_where_a_search_gives_none(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unity Catalog's search finds `ModelVersionSearch`, which refuses to tell tags."""
    search = registry.client.search_model_versions

    def without_tags(where: str) -> list[ModelVersionSearch]:
        found = [(v.name, v.version, v.creation_timestamp) for v in search(where)]
        return [ModelVersionSearch(name, str(version), created) for name, version, created in found]

    tags = [version.tags for version in registry.versions("active")]
    monkeypatch.setattr(registry.client, "search_model_versions", without_tags)
    assert [version.tags for version in registry.versions("active")] == tags
    assert tags[0]["ready_for_review"] == "true"


def test_a_version_that_failed_its_gate_cannot_go_live_and_reloads_alike(
    registry: Registry, open_run: OpenRun, trained: model.Trained, examples: DataFrame, months: model.Months
) -> None:
    r = open_run(flow.TRAIN)
    refused = replace(trained, gate=Gate(False, (Said("reason one"), Said("reason two"))))
    training = model.Training(CYCLE, months, r.settings_hash, {"features": 7}, "2:1")
    version = registry.register("asset_uplift", refused, training=training, examples=examples, r=r)
    [data] = mlflow.get_run(version.run_id).inputs.dataset_inputs
    assert json.loads(data.dataset.source)["delta_table_version"] == 7
    assert not version.description  # without a review there is no card
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


def test_approval_compares_with_todays_champion_and_what_it_cannot_compare_needs_a_reviewers_words(
    registry: Registry, open_run: OpenRun, trained: model.Trained, examples: DataFrame, months: model.Months
) -> None:
    r = open_run(flow.TRAIN)
    training = model.Training(CYCLE, months, r.settings_hash, {"features": 0}, "of another sample")
    challenger = as_good_as(registry, "1", trained)
    registered = registry.register("active", challenger, training=training, examples=examples, r=r)
    number, name = str(registered.version), registry.name("active")
    assert registry.evidence(registered)["champion_version"] is None  # its gate knew no champion; today there is one
    with pytest.raises(ModelError, match=r"champion +of today +log loss may be worse than the champion's"):
        approve(open_run, "active", number, "--set", "model.gate.champion_margin=0")
    assert registry.champion("active").version == 1  # type: ignore[union-attr]

    registry.client.set_model_version_tag(name, "1", "test_month", "2026-04")  # as if it had learnt from March
    try:
        with pytest.raises(ModelError, match="champion 1 has learnt from 2026-03, the test month; say why"):
            approve(open_run, "active", number)
        approve(open_run, "active", number, "--without-comparison", "champion 1 scores nulls")
    finally:
        registry.client.set_model_version_tag(name, "1", "test_month", "2026-03")
    assert str(registry.champion("active").version) == number  # type: ignore[union-attr]
    last = Store(r.spark, r.root).read(derived.MODEL_LEDGER).orderBy(F.desc("at")).collect()[0]
    assert last.reason == (
        "figures read; not compared with the champion (champion 1 has learnt from 2026-03, the test month), "
        "because: champion 1 scores nulls"
    )

    approve(open_run, "active", "1", "--set", "model.gate.champion_margin=1")  # and back, as good as today's
    last = Store(r.spark, r.root).read(derived.MODEL_LEDGER).orderBy(F.desc("at")).collect()[0]
    today = json.loads(last.evidence_json)
    assert (today["champion_today"], "(" in today["log_loss_against_champion_today"]) == (number, True)
    registry.client.delete_model_version(name, number)


def test_a_version_that_only_could_not_be_compared_goes_live_by_a_reviewers_words_alone(
    registry: Registry, open_run: OpenRun, trained: model.Trained, examples: DataFrame, months: model.Months
) -> None:
    r, name = open_run(flow.TRAIN), registry.name("active")
    training = model.Training(CYCLE, months, r.settings_hash, {"features": 0}, "of a third sample")
    challenger = as_good_as(registry, "1", trained)
    uncompared = Said("it cannot be compared with the champion: it lacks x")
    outdated = Gate(False, (uncompared,), is_overrulable=True)
    hopeless = Gate(False, (uncompared, Said("slope is -1")))
    for gate, is_let in ((hopeless, False), (outdated, True)):
        version = registry.register("active", replace(challenger, gate=gate), training=training, examples=examples, r=r)
        number = str(version.version)
        with pytest.raises(ModelError, match="not ready for review"):
            approve(open_run, "active", number)
        words = ("--without-comparison", "the board read both", "--set", "model.gate.champion_margin=1")
        if is_let:
            approve(open_run, "active", number, *words)
            assert str(registry.champion("active").version) == number  # type: ignore[union-attr]
            registry.promote("active", "1", reviewer="test")
        else:
            with pytest.raises(ModelError, match="not ready for review"):
                approve(open_run, "active", number, *words)
        registry.client.delete_model_version(name, number)


def test_conf_lets_no_version_go_live_that_was_not_compared_with_todays_champion(
    registry: Registry, open_run: OpenRun, trained: model.Trained, examples: DataFrame, months: model.Months
) -> None:
    r = open_run(flow.TRAIN, "--set", "model.auto_approve=true")
    training = model.Training(CYCLE, months, r.settings_hash, {"features": 0}, "of a fourth sample")
    challenger = as_good_as(registry, "1", trained)
    logging_utils.enable_logging()  # as a part of MLflow does that is imported while a model is logged
    with redirect_stderr(io.StringIO()) as said:
        version = registry.register("active", challenger, training=training, examples=examples, r=r)
    assert "Created version" not in said.getvalue()
    train_models.decide(r, registry, "active", version)
    assert registry.champion("active").version == 1  # type: ignore[union-attr]
    assert ledger(r)[-1] == ("active", str(version.version), "ready_for_review")
    registry.client.delete_model_version(registry.name("active"), str(version.version))


def test_forgetting_empties_old_input_examples_and_fingerprints_say_how_many_are_missing(
    registry: Registry, open_run: OpenRun, trained: model.Trained, examples: DataFrame, months: model.Months
) -> None:
    """0.1.0 put users' rows into the input example."""
    r, name = open_run(flow.TRAIN), registry.name("active")
    training = model.Training(CYCLE, months, r.settings_hash, {"features": 0}, "400:17")
    version = registry.register("active", trained, training=training, examples=examples, r=r)
    old = {"columns": ["login_count_1m"], "data": [[7.0]]}
    registry.client.log_text(version.run_id, json.dumps(old), "model/input_example.json")
    registry.client.delete_model_version_tag(name, str(version.version), "input_example")
    try:
        assert registry.without_users("active", erased={"400:17": "399:12"}) == 1
        for _ in range(2):
            now = registry.client.get_model_version(name, str(version.version))
            assert (now.tags["rows"], now.tags["users_erased"]) == ("399:12", "1")
            kept = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/model/input_example.json")
            assert kept == {"columns": ["login_count_1m"], "data": [[None]]}
            assert registry.without_users("active", erased={"400:17": "399:12"}) == 0  # nothing is done twice
        assert registry.reusable("active", replace(training, rows="399:12")) is not None
    finally:
        registry.client.delete_model_version(name, str(version.version))


def test_a_root_without_a_scheme_on_a_cluster_gets_no_database_on_the_drivers_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for root, master, files in (
        ("bank/root", "yarn", "hdfs://name-node:8020"),
        (str(tmp_path / "bank"), "spark://host:7077", "file:///"),
        (str(tmp_path / "bank"), "local[*]", "dbfs:///"),
        ("dbfs:/bank", "local[*]", "file:///"),
    ):
        hadoop = {"fs.defaultFS": files}
        context = SimpleNamespace(_jsc=SimpleNamespace(hadoopConfiguration=lambda h=hadoop: h), master=master)
        settings = SimpleNamespace(model=SimpleNamespace(tracking_uri=None))
        spark = SimpleNamespace(sparkContext=context)
        r = SimpleNamespace(region="north", scenario="sleepers", root=root, settings=settings, spark=spark)
        with pytest.raises(SettingsError, match="set MLFLOW_TRACKING_URI"):
            Registry.open(r)  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []


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


def test_an_experiment_that_another_training_made_meanwhile_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    first = Registry(prefix="bank", experiment="bank", tracking_uri=uri, artifacts=str(tmp_path / "files"))
    made = first._experiment_id()
    second = Registry(prefix="bank", experiment="bank", tracking_uri=uri, artifacts=str(tmp_path / "files"))
    known = second.client.get_experiment_by_name
    answers = iter([None, known("bank")])  # it was looked for just before the first made it
    monkeypatch.setattr(second.client, "get_experiment_by_name", lambda _: next(answers))
    assert second._experiment_id() == made


def test_a_refit_serves_and_the_fit_that_was_judged_is_what_comparisons_go_by(
    registry: Registry, open_run: OpenRun, examples: DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    train_models.run(open_run(flow.TRAIN, "--set", "model.refit=true", "--set", "model.seed=11"))
    assert "refitted on 2026-02 to 2026-03: that fit goes live" in capsys.readouterr().out
    version = registry.versions("active")[0]
    assert (version.tags["refit_until"], version.tags["test_month"]) == ("2026-03", "2026-03")
    number, march, april = str(version.version), Month.parse("2026-03"), Month.parse("2026-04")
    served, later = registry.load("active", number), registry.load("active", number, tested_on=april)
    judged = registry.load("active", number, tested_on=march)
    assert served.model is later.model  # what comes after its months, it may be judged on
    test = examples.where("cycle = '2026-03'")

    def log_loss(scorer: model.Scorer) -> float | None:
        settings = open_run(flow.TRAIN).settings.model
        return model.qualities(test, scorer, settings=settings)["low_activity"].figures["log_loss"]

    told = mlflow.MlflowClient().get_run(version.run_id).data.metrics["low_activity_log_loss"]
    assert log_loss(judged) == pytest.approx(told)
    assert log_loss(served) != pytest.approx(told)
