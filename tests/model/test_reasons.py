"""Reasons of MLlib's scores: they add up to the raw score, agree with xgboost's, and are what is stored."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from pyspark import cloudpickle
from pyspark.ml.classification import GBTClassificationModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from model import xgboost_reference
from model.moved import bank
from reactivation import model, randomization
from reactivation.contracts import derived
from reactivation.model import lift_fit, reasons
from reactivation.model.pipeline import raw_score

pytestmark = pytest.mark.rules

KINDS = ("login", "transfer", "card", "wealth", "claim", "sms", "tenure", "age")


@pytest.fixture(scope="module")
def real(examples: DataFrame, months: model.Months, small: dict[str, object]) -> model.Trained:
    """A model of eight more features, some of them unknown of some users, with trees as deep as base's."""
    trees = {**small["trees"], "max_depth": 4, "max_iter": 20, "step_size": 0.1, "subsampling_rate": 0.8}  # type: ignore[dict-item]
    settings = model.ModelSettings(**{**small, "trees": trees, "reasons": True})  # type: ignore[arg-type]
    return model.train(wide(examples), months=months, salt="s", settings=settings)


def wide(examples: DataFrame) -> DataFrame:
    """The examples with a feature for each of `KINDS`, not known of every seventh user or so."""
    columns = {kind: randomization.bucket(kind, F.col("user_id") * 13 + F.hash("cycle")) for kind in KINDS}
    return examples.withColumns({f"{k}_count_1m": F.when(b % 7 > 0, b % 40 / 3) for k, b in columns.items()})


def inputs(trained: model.Trained, rows: DataFrame) -> pd.DataFrame:
    """What the trees read of some rows, by feature, and `raw`, in the order of the keys."""
    own = model.explained(trained.fitted.model).inputs
    read = trained.fitted.model.transform(rows.orderBy("cycle", "user_id"))
    return read.select(raw_score(), *[F.col(name).alias(feature) for feature, name in own.items()]).toPandas()


def columns(frame: pd.DataFrame) -> list[np.ndarray]:
    return [frame[name].to_numpy() for name in frame.columns[1:]]


def test_base_and_contributions_are_the_raw_score_of_every_row(real: model.Trained, examples: DataFrame) -> None:
    found, own = inputs(real, wide(examples)), model.explained(real.fitted.model)
    total = own.trees.base + own.trees.contributions(columns(found)).sum(axis=0)
    assert len(found) == 1200
    np.testing.assert_allclose(total, found["raw"].to_numpy(), rtol=1e-6, atol=1e-12)


def test_a_thousand_rows_agree_with_xgboost(real: model.Trained, examples: DataFrame) -> None:
    found, own = inputs(real, wide(examples)).head(1000), model.explained(real.fitted.model)
    [boosted] = [stage for stage in real.fitted.model.stages if isinstance(stage, GBTClassificationModel)]
    trees = reasons.trees_of(boosted)
    values = np.zeros((len(found), 1 + max(own.trees.features)))
    for place, column in zip(own.trees.features, columns(found), strict=True):
        values[:, place] = column
    theirs = xgboost_reference.contributions(trees, values)
    assert len(found) == 1000
    assert len(own.inputs) > 8
    ours = own.trees.contributions(columns(found)).T
    np.testing.assert_allclose(ours, theirs[:, list(own.trees.features)], atol=1e-5)  # theirs are floats
    assert own.trees.base == pytest.approx(theirs[0, -1], abs=1e-5)


def test_what_is_not_known_is_read_as_the_pipeline_reads_it(trained: model.Trained, spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [
            (1, "2026-03", 9.0, 5.0, "a"),
            (2, "2026-03", None, None, None),
            (3, "2026-03", float("nan"), float("nan"), "never seen"),  # as little is known of this user
        ],
        "user_id bigint, cycle string, login_count_1m double, asset_total_last double, profile_segment string",
    )
    found, own = inputs(trained, rows), model.explained(trained.fitted.model)
    by_row = own.trees.contributions(columns(found)).T
    assert (by_row[1] == by_row[2]).all()
    assert not (by_row[0] == by_row[1]).all()
    np.testing.assert_allclose(own.trees.base + by_row.sum(axis=1), found["raw"].to_numpy(), rtol=1e-6)


def test_scores_carry_the_strongest_reasons(real: model.Trained, examples: DataFrame) -> None:
    scorer = model.Scorer("3", real.fitted.model, real.fitted.features)
    rows = wide(examples).where("cycle = '2026-03'")
    scored = model.score_users(rows, {"active": scorer, "asset_uplift": scorer}, reasons=True)
    without = model.score_users(rows, {"active": scorer, "asset_uplift": None}, reasons=False)
    assert scored.dtypes == without.dtypes
    found = scored.orderBy("user_id").collect()
    of_rows, own = inputs(real, rows), model.explained(real.fitted.model)
    by_row = own.trees.contributions(columns(of_rows)).T
    names = list(own.inputs)
    for row, raw, contributed in zip(found, of_rows["raw"], by_row, strict=True):
        by_size = sorted(zip(names, contributed, strict=True), key=lambda pair: -abs(pair[1]))
        strongest = [(name, value) for name, value in by_size if value][: reasons.MOST_REASONS]
        assert [tuple(reason) for reason in row.reasons_active] == strongest
        assert row.reasons_asset_uplift == row.reasons_active
        assert row.raw_active == raw


@pytest.mark.parametrize("learner", ["doubly robust", "two models"])
def test_a_lift_has_reasons_that_add_up_to_what_its_trees_say(
    spark: SparkSession, small: dict[str, Any], monkeypatch: pytest.MonkeyPatch, trained: model.Trained, learner: str
) -> None:
    """Of two models the held out count against the lift: with the sign turned round nothing adds up."""
    monkeypatch.setattr(lift_fit, "_LEARNERS", {learner: lift_fit._LEARNERS[learner]})
    rows, settings = bank(spark), model.ModelSettings(**{**small, "reasons": True})
    learnt = model.train_lift(rows, salt="s", settings=settings, srm_p=0.001)
    assert learnt.fitted.learner == learner
    own, april = model.explained(learnt.fitted.model), rows.where("cycle = '2026-04'")
    read = [F.col(name).alias(feature) for feature, name in own.inputs.items()]
    found = learnt.fitted.model.transform(april.orderBy("user_id")).select(lift_fit.LIFT, *read).toPandas()
    by_row = own.trees.contributions(columns(found))
    np.testing.assert_allclose(own.trees.base + by_row.sum(axis=0), found[lift_fit.LIFT], rtol=1e-6, atol=1e-12)
    assert learnt.contributions[0]["feature"] == "kind"  # who is moved is a matter of the kind
    assert "What moves a lift, mean amount as a share of users before calibration: kind 0." in learnt.card

    scorer = model.Scorer("3", trained.fitted.model, trained.fitted.features)
    lift = model.Scorer("4", learnt.fitted.model, learnt.fitted.features)
    known = {"login_count_1m": F.col("deep") + 0.0, "asset_total_last": F.lit(1.0), "profile_segment": F.lit("a")}
    facts = april.drop("policy").withColumns(known)
    scored = model.score_users(facts, {"active": scorer, "asset_uplift": None}, reasons=True, lift=lift)
    told = scored.orderBy("user_id").select("reasons_active_uplift", "reasons_active", "lift_active").collect()
    names = list(own.inputs)
    for row, contributed in zip(told[:200], by_row.T, strict=False):
        by_size = sorted(zip(names, contributed, strict=True), key=lambda pair: -abs(pair[1]))
        strongest = [(name, value) for name, value in by_size if value][: reasons.MOST_REASONS]
        assert [tuple(reason) for reason in row.reasons_active_uplift] == strongest
        assert row.reasons_active
        assert row.lift_active is not None


def test_where_nobody_asks_for_reasons_the_scores_are_the_same_and_reasons_null(
    trained: model.Trained, examples: DataFrame
) -> None:
    scorer = model.Scorer("3", trained.fitted.model, trained.fitted.features)
    rows, ways = examples.where("cycle = '2026-03'"), {"active": scorer, "asset_uplift": None}
    with_them, without = (model.score_users(rows, ways, reasons=asked) for asked in (True, False))
    names = [name for name in derived.SCORES.column_names if not name.startswith("reasons_")]
    assert with_them.select(names).orderBy("user_id").collect() == without.select(names).orderBy("user_id").collect()
    assert without.where("reasons_active is not null or reasons_asset_uplift is not null").isEmpty()
    assert with_them.where("reasons_active is null or reasons_asset_uplift is not null").isEmpty()


def test_a_worker_needs_numpy_and_pyarrow_and_nothing_of_the_library(trained: model.Trained) -> None:
    own = model.explained(trained.fitted.model)
    stage = reasons._stage(["user_id"], ["reasons_active"], [(["a"], [*own.inputs], own.trees)])
    code = "import pickle, sys; pickle.load(sys.stdin.buffer); print(*sorted(m for m in sys.modules if '.' not in m))"
    given = cloudpickle.dumps(stage)
    said = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, check=True).stdout.split()
    assert b"numpy" in said
    assert b"pyarrow" in said
    assert not {b"reactivation", b"pydantic", b"mlflow", b"scipy"} & set(said)


def test_mean_contributions_are_those_of_all_rows_where_these_are_few(real: model.Trained, examples: DataFrame) -> None:
    rows, own = wide(examples), model.explained(real.fitted.model)
    found = model.mean_contributions(real.fitted.model, rows)
    means = np.abs(own.trees.contributions(columns(inputs(real, rows)))).mean(axis=1)
    assert {row["feature"]: row["mean_contribution"] for row in found} == pytest.approx(
        dict(zip(own.inputs, means, strict=True))
    )
    assert [row["mean_contribution"] for row in found] == pytest.approx(sorted(means, reverse=True))
    assert sum(row["share"] for row in found) == pytest.approx(1)


def test_trees_too_deep_for_reasons_are_refused_by_conf(small: dict[str, object]) -> None:
    deep = {**small, "trees": {**small["trees"], "max_depth": 9}}  # type: ignore[dict-item]
    with pytest.raises(ValidationError, match=r"trees\.max_depth of 8 at most"):
        model.ModelSettings(**{**deep, "reasons": True})  # type: ignore[arg-type]
    assert not model.ModelSettings(**{**deep, "reasons": False}).reasons  # type: ignore[arg-type]
    lift: dict[str, Any] = dict(small["lift"])  # type: ignore[call-overload]
    deep_lift = {**lift, "trees": {**lift["trees"], "max_depth": 9}}
    with pytest.raises(ValidationError, match=r"need lift\.trees\.max_depth of 8 at most"):
        model.ModelSettings(**{**small, "lift": {**deep_lift, "is_learnt": True}, "reasons": True})  # type: ignore[arg-type]
    assert model.ModelSettings(**{**small, "lift": deep_lift, "reasons": True}).reasons  # type: ignore[arg-type]
