"""Lifts by the jobs: learnt beside the models and registered; that of a month is approved and written into scores."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from pyspark.ml.wrapper import JavaModel, JavaTransformer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import CONF, Rows
from model.moved import HELD_OUT, MONTHS, bank
from reactivation import cli, experiment, model
from reactivation.contracts import canonical, derived, flow, table
from reactivation.errors import ModelError
from reactivation.frames import of_records
from reactivation.model.lift_rows import IS_TREATED
from reactivation.periods import Month
from reactivation.pipelines import approve_model, model_ledger, score_users, train_models, training_rows
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

CYCLE = "2026-06"  # with settling days: judges on April, calibrates on March, trains on February
NAMES = {"kind": "login_count_1m", "deep": "login_count_3m"}  # features that conf asks for stand for what moves users
FEATURES = derived.FEATURES.extended([table.Column(name, "double", name) for name in NAMES.values()])


def _plan(cycle: str) -> dict[str, Any]:
    """What a registered plan says of the draw: of 30 in 100 users held out."""
    arms = {"holdout_share": HELD_OUT, "long_holdout_share": 0.0}
    text = experiment.canonical({"cycle": cycle, "arms": arms, "waves": [], "thresholds": {}})
    return {"cycle": cycle, "plan_json": text, "plan_hash": experiment.sealed(text), "power_json": "[]"}


def _store(users: DataFrame, root: Path, *, months: list[str], cycle: str) -> None:
    """Features, labels and draws of settled months; in the cycle the users are as in April."""
    spark, store = users.sparkSession, Store(users.sparkSession, str(root))
    users = users.withColumns({name: F.col(own).cast("double") for own, name in NAMES.items()})
    now = users.where("cycle = '2026-04'").withColumn("cycle", F.lit(cycle))
    store.replace(FEATURES, FEATURES.select(users.unionByName(now)), {"cycle": [*months, cycle]})
    nothing = {"has_asset_uplift": F.lit(None), "transaction_count": F.lit(0), "asset_change": F.lit(None)}
    labels = users.withColumn("is_active", F.col("label") == 1).withColumns(nothing)
    store.replace(derived.LABELS, derived.LABELS.select(labels), {"cycle": months})
    touch = F.when(F.col(IS_TREATED) == 1, "touched").otherwise("holdout")
    picked = {f"picked_by_{name}": F.lit(True) for name in derived.ALL_POLICIES}
    arms = users.withColumns({**picked, "policy_rank": F.lit(1), "is_selected": F.lit(True), "touch": touch})
    store.replace(derived.ARMS, derived.ARMS.select(arms), {"cycle": months})
    more = {c.name: F.lit(None) for c in derived.TIERS_TABLE.columns if c.name not in ("cycle", "user_id")}
    tiers = users.withColumns({**more, "tier": F.lit("high_potential"), "band": F.lit(1)})
    store.replace(derived.TIERS_TABLE, derived.TIERS_TABLE.select(tiers), {"cycle": months})
    plans = spark.createDataFrame([_plan(month) for month in months], derived.EXPERIMENT_PLAN.schema)
    store.replace(derived.EXPERIMENT_PLAN, plans, {"cycle": months})


def _explored(users: DataFrame, root: Path, *, months: list[str]) -> None:
    """In W1 of each month 70 of 100 explorers drew an SMS with a discount, 30 none; who was active logged in later."""
    spark, store = users.sparkSession, Store(users.sparkSession, str(root))
    is_sent = F.col(IS_TREATED) == 1
    drawn = users.withColumns(
        {
            **{c.name: F.lit(None) for c in derived.WAVE_PLAN.columns if c.name not in users.columns},
            "wave": F.lit("W1"),
            "channel": F.when(is_sent, "sms").otherwise("none"),
            "benefit": F.when(is_sent, "login_discount").otherwise("none"),
            "cost": F.lit(0),
            "send_on": F.make_date(F.lit(2026), F.substring("cycle", 6, 2).cast("int"), F.lit(6)),
            "is_exploration": F.lit(True),
            "propensity": F.when(is_sent, 1 - HELD_OUT).otherwise(HELD_OUT),
            "drawn_from": F.lit("none sms/login_discount"),
            "plan_version": F.lit(1),
        }
    )
    store.replace(derived.WAVE_PLAN, derived.WAVE_PLAN.select(drawn), {"cycle": months, "wave": "W1"})
    logged_in = users.where("label = 1").withColumns(
        {
            **{c.name: F.lit(None) for c in canonical.LOGINS.columns if c.name not in users.columns},
            "event_at": F.to_timestamp(F.concat("cycle", F.lit("-20 12:00:00"))),
            "arrived_at": F.to_timestamp(F.concat("cycle", F.lit("-20 13:00:00"))),
            "arrival_cycle": F.col("cycle"),
        }
    )
    store.replace(canonical.LOGINS, canonical.LOGINS.select(logged_in), {"arrival_cycle": months})
    about = {"wave": "W1", "plan_version": 1, "principal": "x", "settings_hash": "x", "run_id": "x"}
    events = [
        {
            "event_id": f"{month}-W1-v1-{status}",
            "cycle": month,
            "status": status,
            "happened_at": datetime.fromisoformat(f"{month}-05").replace(tzinfo=UTC),
            "as_of": date.fromisoformat(f"{month}-05"),
            "send_on": date.fromisoformat(f"{month}-06"),
            **about,
        }
        for month in months
        for status in ("planned", "released")
    ]
    told = of_records(spark, events, derived.WAVE_RELEASES.schema)
    store.replace(derived.WAVE_RELEASES, told, {"event_id": [event["event_id"] for event in events]})


@dataclass(frozen=True)
class Trained:
    """A root in which models and lifts are trained, by conf that learns both kinds of lift."""

    spark: SparkSession
    root: Path
    conf: dict[str, Any]

    def run(self, step: flow.Step, *more: str) -> Run:
        settings = [f"paths.root={self.root}", "calendar.settle_days=5", f"model={json.dumps(self.conf)}"]
        overrides = [part for setting in settings for part in ("--set", setting)]
        arguments = approve_model.add_arguments if step is flow.APPROVE else None
        argv = ["--cycle", CYCLE, "--conf-dir", str(CONF), *overrides, *more]
        return cli.open_run(cli.parser(step.job, "", arguments).parse_args(argv), step=step)

    @property
    def registry(self) -> Registry:
        return Registry.open(self.run(flow.TRAIN))

    @property
    def scores(self) -> DataFrame:
        return Store(self.spark, str(self.root)).read(derived.SCORES)

    def approve(self, target: str, *more: str) -> None:
        why = ["--model", target, "--version", "1", "--reviewer", "board", "--reason", "figures read"]
        approve_model.run(self.run(flow.APPROVE, *why, *more))

    def events(self, event: str) -> list[Any]:
        """Of the month's lift in `model_ledger`."""
        ledger, name = Store(self.spark, str(self.root)).read(derived.MODEL_LEDGER), self.registry.name("active_uplift")
        return ledger.where((F.col("model") == name) & (F.col("event") == event)).orderBy("at").collect()

    def lifts_known(self, cycle: str) -> int:
        """Users whose lift the scores of a cycle tell, once they are written anew."""
        score_users.run(self.run(flow.SCORE, "--cycle", cycle))
        return self.scores.where((F.col("cycle") == cycle) & F.col("lift_active").isNotNull()).count()


@pytest.fixture(scope="module")
def trained(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any]) -> Trained:
    root = tmp_path_factory.mktemp("lifts")
    months = [str(month) for month in MONTHS]
    _store(bank(spark), root, months=months, cycle=CYCLE)
    _explored(bank(spark), root, months=months)
    lift = {**small["lift"], "is_learnt": True, "option": "W1/sms/login_discount"}
    result = Trained(spark, root, {**small, "lift": lift})
    for _ in range(2):  # the second time there is nothing to train
        train_models.run(result.run(flow.TRAIN))
    return result


@pytest.mark.parametrize("name", ["active_uplift", "option_uplift"])
def test_a_lift_is_registered_once_with_how_it_was_judged(trained: Trained, name: str) -> None:
    (version,) = trained.registry.versions(name)
    assert version.name == f"sandbox_mobile_activity_{name}"
    assert (version.tags["ready_for_review"], version.tags["test_month"]) == ("true", "2026-04")
    figures = mlflow.get_run(version.run_id or "").data.metrics
    assert {"qini", "qini_low", "auuc", "auuc_random_ranking", "judged_slope", "judged_low"} <= set(figures)
    scorer = trained.registry.load(name, "1")
    assert {*NAMES.values(), "policy"} <= set(scorer.features)
    assert all(isinstance(stage, JavaModel | JavaTransformer) for stage in scorer.model.stages)  # none needs Python


def told_apart(lifts: DataFrame) -> bool:
    """Whether those whom a contact moves by 0.3 have other lifts than those whom it does not. lifts: kind, lift."""
    by_kind = {row.kind: row.lift for row in lifts.groupBy("kind").agg(F.avg("lift").alias("lift")).collect()}
    return by_kind[0] > 0.2 and max(by_kind[1], by_kind[2]) < 0.1


def test_what_an_option_adds_is_learnt_from_its_draws_and_what_was_known_on_its_day(trained: Trained) -> None:
    registry = trained.registry
    told = registry.client.get_registered_model("sandbox_mobile_activity_option_uplift").description
    assert "one option of a wave adds to P(active) from its wave's day" in told
    (version,) = registry.versions("option_uplift")
    assert version.tags["option"] == "W1/sms/login_discount"
    assert "Option: `W1/sms/login_discount`." in (version.description or "")
    scorer, users = registry.load("option_uplift", "1"), bank(trained.spark).where("cycle = '2026-04'")
    known = users.withColumns({name: F.col(own).cast("double") for own, name in NAMES.items()})
    to_date = {name: F.lit(0.0) for name in scorer.features if name.endswith("_to_date")}
    assert "login_count_to_date" in to_date
    read = {"features": scorer.features, "keep": ["kind"]}
    assert told_apart(model.lifts(scorer.model, known.withColumns(to_date), **read))


def test_a_champion_of_another_option_is_no_rival(trained: Trained) -> None:
    registry, r = trained.registry, trained.run(flow.TRAIN)
    (champion,), own = registry.versions("option_uplift"), "W1/sms/login_discount"
    april = Month.parse("2026-04")
    registry.client.set_registered_model_alias(champion.name, "champion", champion.version)
    try:
        found, why_not = train_models.live(r, registry, "option_uplift", april, own)
        assert (found is not None, why_not) == (True, None)
        assert train_models.live(r, registry, "option_uplift", april, "W2/push/none") == (None, None)
        for option, is_free in ((own, False), ("W2/push/none", True)):  # judged beside no champion
            tags = {"option": option, "test_month": "2026-04"}
            version: Any = SimpleNamespace(version="2", name=champion.name, tags=tags)
            judged = {"champion_version": None}
            assert train_models.is_compared(r, registry, "option_uplift", version, judged) == is_free
            known: Any = SimpleNamespace(
                check_approvable=lambda *_, version=version, **__: version,
                champion=registry.champion,
                name=registry.name,
                evidence=lambda _, judged=judged: judged,
            )
            approval = approve_model.Approval("option_uplift", "2", "board", "figures read", None)
            if is_free:
                assert approve_model.judged(r, known, approval).today == {"champion_today": "1"}
            else:
                with pytest.raises(ModelError, match="it was judged beside another than 1"):
                    approve_model.judged(r, known, approval)
    finally:
        registry.client.delete_registered_model_alias(champion.name, "champion")


def test_a_month_s_lift_is_approved_and_written_into_scores(trained: Trained) -> None:
    assert set(trained.registry.load("active_uplift", "1").features) == {*NAMES.values(), "policy"}
    trained.approve("active")
    score_users.run(trained.run(flow.SCORE))
    assert trained.scores.where("lift_active is not null or active_uplift_version is not null").isEmpty()

    registry = trained.registry
    registry.client.set_registered_model_alias(registry.name("active_uplift"), "champion", "1")  # past the ledger
    with pytest.raises(ModelError, match="nobody is scored"):
        score_users.run(trained.run(flow.SCORE))
    trained.approve("active_uplift")
    score_users.run(trained.run(flow.SCORE))
    missing = "lift_active is null or active_uplift_version != '1' or reasons_active is null"
    assert trained.scores.where(f"{missing} or reasons_active_uplift is null").isEmpty()
    kinds = bank(trained.spark).where("cycle = '2026-04'").select("user_id", "kind")
    assert told_apart(trained.scores.join(kinds, "user_id").select("kind", F.col("lift_active").alias("lift")))


def test_a_live_lift_that_a_later_month_refutes_is_silent_until_it_is_approved_again(
    trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    """In May nobody is moved any longer; the cycle before is scored as it was. An approval outlives the same month."""
    trained = replace(trained, conf={**trained.conf, "lift": {**trained.conf["lift"], "option": None}})
    spark, july = trained.spark, ("--cycle", "2026-07")
    for target in ("active", "active_uplift"):
        trained.approve(target)
    may = bank(spark, moved=0.0).where("cycle = '2026-04'").withColumn("cycle", F.lit("2026-05"))
    months = [*[str(month) for month in MONTHS], "2026-05"]
    _store(bank(spark).unionByName(may), trained.root, months=months, cycle="2026-07")
    _explored(bank(spark).unionByName(may), trained.root, months=months)
    assert trained.lifts_known("2026-07") == 3_000
    train_models.run(trained.run(flow.TRAIN, *july))
    (why,) = trained.events("refuted")
    assert (why.version, why.cycle) == ("1", "2026-07")
    assert "does not hold 1; judged on 2026-05" in why.reason
    assert json.loads(why.evidence_json)["champion_version"] == "1"
    assert [row.version for row in trained.events("refused")] == ["2"]

    capsys.readouterr()
    assert trained.lifts_known("2026-07") == 0
    said = capsys.readouterr().out
    assert "active_uplift: version 1 was refuted in 2026-07: slope" in said
    assert "jobs/approve_model.py --model active_uplift --version 1" in said
    assert trained.lifts_known(CYCLE) == 3_000
    registry, before = trained.registry, len(trained.events("approved"))
    for tag, text in (("decision", "approved"), ("reason", "chance: one of twenty"), ("reviewer", "board")):
        registry.client.set_model_version_tag(registry.name("active_uplift"), "1", tag, text)
    approve_model.run(trained.run(flow.APPROVE, "--from-registry", *july))
    trained.approve("active_uplift", *july)  # it is champion already
    assert len(trained.events("approved")) == before + 1
    train_models.run(trained.run(flow.TRAIN, "--force", *july))
    assert len(trained.events("refuted")) == 1
    assert trained.lifts_known("2026-07") == 3_000


def test_a_past_cycle_is_scored_by_what_was_decided_then(
    spark: SparkSession, tmp_path: Path, rows: Rows, small: dict[str, Any]
) -> None:
    """Version 1 was refuted in July and approved again in August; version 2 was approved after its cycle."""
    told = [("1", "approved", "2026-06"), ("1", "refuted", "2026-07"), ("1", "approved", "2026-08")]
    told.append(("2", "approved", "2026-08"))
    r = Trained(spark, tmp_path, small).run(flow.SCORE)
    assert model_ledger.decided(r) == {}
    events = [(datetime(2026, 9, n, tzinfo=UTC), "m", *event) for n, event in enumerate(told, start=1)]
    names = ["at", "model", "version", "event", "cycle"]
    Store(spark, str(tmp_path)).append(derived.MODEL_LEDGER, rows(derived.MODEL_LEDGER, names, events))
    for cycle, event in (("2026-06", "approved"), ("2026-07", "refuted"), ("2026-08", "approved"), (None, "approved")):
        last = model_ledger.decided(r, until=Month.parse(cycle) if cycle else None)
        assert (last["m", "1"].event, last["m", "2"].event) == (event, "approved")


def test_a_month_refutes_an_approved_version_once() -> None:
    approved, refuted = model_ledger.Event("1", "approved", None), model_ledger.Event("1", "refuted", "2026-05")
    assert model_ledger.is_news([approved], "1", "2026-05")
    assert not model_ledger.is_news([approved, refuted, approved], "1", "2026-05")
    assert model_ledger.is_news([approved, refuted, approved], "1", "2026-06")
    assert not model_ledger.is_news([approved], "2", "2026-05")  # which nobody approved


def test_months_in_which_an_option_led_elsewhere_teach_no_lift_of_it(trained: Trained) -> None:
    r, option = trained.run(flow.TRAIN), "W1/sms/login_discount"
    waves = r.settings.campaign.waves
    offered = [
        one.model_copy(update={"guide_to": "payment"}) if one.label == "sms/login_discount" else one
        for one in waves["W1"].options
    ]
    changed = {**waves, "W1": waves["W1"].model_copy(update={"options": tuple(offered)})}
    r = r.under(campaign=r.settings.campaign.model_copy(update={"waves": changed}))
    with pytest.raises(ModelError, match=f"no lift of {option}") as error:
        training_rows.known(r).option_rows(option)
    assert [(f.what, f.advice) for f in error.value.findings if f.kind == "left out"] == [
        (f"2026-0{n}", "W1: sms/login_discount led to nowhere, and now to payment") for n in (2, 3, 4)
    ]
