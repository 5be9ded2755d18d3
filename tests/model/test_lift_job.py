"""A lift by the jobs: learnt beside the models, registered, approved, and written into scores."""

import json
from pathlib import Path
from typing import Any

import mlflow
import pytest
from pyspark.ml.wrapper import JavaModel, JavaTransformer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import CONF
from model.moved import HELD_OUT, MONTHS, bank
from reactivation import cli, experiment
from reactivation.contracts import derived, flow, table
from reactivation.errors import ModelError
from reactivation.model.lift_rows import IS_TREATED
from reactivation.pipelines import approve_model, score_users, train_models
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


def _store(spark: SparkSession, root: Path) -> None:
    users = bank(spark).withColumns({name: F.col(own).cast("double") for own, name in NAMES.items()})
    now = users.where("cycle = '2026-04'").withColumn("cycle", F.lit(CYCLE))
    store, months = Store(spark, str(root)), [str(month) for month in MONTHS]
    store.replace(FEATURES, FEATURES.select(users.unionByName(now)), {"cycle": [*months, CYCLE]})
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


def test_a_lift_is_learnt_approved_and_written_into_scores(
    spark: SparkSession, tmp_path: Path, small: dict[str, Any]
) -> None:
    _store(spark, tmp_path)
    own = {**small, "lift": {**small["lift"], "is_learnt": True}}
    settings = [f"paths.root={tmp_path}", "calendar.settle_days=5", f"model={json.dumps(own)}"]

    def run(step: flow.Step, *more: str) -> Run:
        overrides = [part for setting in settings for part in ("--set", setting)]
        arguments = approve_model.add_arguments if step is flow.APPROVE else None
        argv = ["--cycle", CYCLE, "--conf-dir", str(CONF), *overrides, *more]
        return cli.open_run(cli.parser(step.job, "", arguments).parse_args(argv), step=step)

    for _ in range(2):  # the second time there is nothing to train
        train_models.run(run(flow.TRAIN))
    registry = Registry.open(run(flow.TRAIN))
    (version,) = registry.versions("active_uplift")
    assert version.name == "sandbox_mobile_activity_active_uplift"
    assert (version.tags["ready_for_review"], version.tags["test_month"]) == ("true", "2026-04")
    figures = mlflow.get_run(version.run_id or "").data.metrics
    assert {"qini", "qini_low", "auuc", "auuc_random_ranking", "judged_slope", "judged_low"} <= set(figures)
    scorer = registry.load("active_uplift", "1")
    assert set(scorer.features) == {*NAMES.values(), "policy"}
    assert all(isinstance(stage, JavaModel | JavaTransformer) for stage in scorer.model.stages)  # none needs Python

    def approve(target: str) -> None:
        why = ["--model", target, "--version", "1", "--reviewer", "board", "--reason", "figures read"]
        approve_model.run(run(flow.APPROVE, *why))

    approve("active")
    score_users.run(run(flow.SCORE))
    scores = Store(spark, str(tmp_path)).read(derived.SCORES)
    assert scores.where("lift_active is not null or active_uplift_version is not null").isEmpty()

    registry.client.set_registered_model_alias(version.name, "champion", "1")  # past the ledger
    with pytest.raises(ModelError, match="nobody is scored"):
        score_users.run(run(flow.SCORE))
    approve("active_uplift")
    score_users.run(run(flow.SCORE))
    scores = Store(spark, str(tmp_path)).read(derived.SCORES)
    assert scores.where("lift_active is null or active_uplift_version != '1' or reasons_active is null").isEmpty()
    kinds = bank(spark).where("cycle = '2026-04'").select("user_id", "kind")
    found = scores.join(kinds, "user_id").groupBy("kind").agg(F.avg("lift_active").alias("lift")).collect()
    lifts = {row.kind: row.lift for row in found}
    assert lifts[0] > 0.2
    assert max(lifts[1], lifts[2]) < 0.1
