"""Lifts of single users: which rows teach them, that pseudo-outcomes are unbiased, and when a lift may count."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
import xgboost
from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import CONF, Rows
from model.moved import HELD_OUT, MONTHS, bank, draw
from reactivation import model
from reactivation.contracts import derived
from reactivation.errors import ModelError
from reactivation.model import lift_fit, lift_judgement
from reactivation.model.gate import Recipe
from reactivation.model.lift_fit import FOLD, PSEUDO, Line, pseudo_outcome
from reactivation.model.lift_rows import IS_TREATED, PROPENSITY, LiftMonths
from reactivation.model.paired import LossDifference
from reactivation.statistics.proportions import Share
from reactivation.statistics.uplift_curves import RANDOM, Decile, quality

HILLSTROM = CONF.parent / "tests" / "data" / "hillstrom" / "hillstrom.parquet"


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("outcome", "is_treated", "found"),
    [
        (1.0, 1.0, 0.1 + (1 - 0.4) / 0.8),  # touched and active: more than was expected
        (0.0, 1.0, 0.1 - 0.4 / 0.8),
        (1.0, 0.0, 0.1 - (1 - 0.3) / 0.2),  # held out and active all the same: weighs 1 / 0.2
        (0.0, 0.0, 0.1 + 0.3 / 0.2),
    ],
)
def test_a_pseudo_outcome_is_what_was_expected_and_the_weighed_surprise(
    outcome: float, is_treated: float, found: float
) -> None:
    assert pseudo_outcome(outcome, is_treated, 0.8, touched=0.4, held_out=0.3) == pytest.approx(found)


@pytest.mark.numbers
def test_pseudo_outcomes_are_unbiased_with_the_recorded_propensity_however_wrong_the_expectations() -> None:
    errors: dict[str, list[float]] = {"recorded": [], "another": []}
    for seed in range(400):
        one = draw(seed, 500, HELD_OUT)
        wrong = {"touched": 0.1 + 0.1 * one["kind"], "held_out": 0.05 * one["deep"]}
        for name, propensity in (("recorded", 1 - HELD_OUT), ("another", 0.5)):
            found = pseudo_outcome(one["label"], one[IS_TREATED], propensity, **wrong)
            errors[name].append(float(np.mean((found - one["lift"])[one["kind"] == 0])))
    mean, error = (float(f(errors["recorded"])) for f in (np.mean, lambda e: np.std(e) / np.sqrt(len(e))))
    assert abs(mean) < 3 * error < 0.03
    assert abs(np.mean(errors["another"])) > 0.05


@pytest.mark.rules
def test_month_lift_is_of_users_picked_in_their_own_cell_by_months_with_adraw(rows: Rows) -> None:
    arms = rows(
        derived.ARMS,
        ["cycle", "user_id", "policy", "is_selected", "touch"],
        [
            ("2026-01", 1, "model", True, "touched"),
            ("2026-01", 2, "random", True, "holdout"),
            ("2026-01", 3, "model", False, "touched"),  # not picked: guided at most
            ("2026-01", 4, "model", True, "long_holdout"),  # another draw
            ("2026-01", 5, "none", False, None),
            ("2026-01", 6, "rule", True, "touched"),  # of whom no label is known
            ("2026-02", 1, "model", True, "holdout"),
            ("2026-03", 1, "model", True, "touched"),  # no draw decided, or it has not settled
        ],
    )
    features = rows(
        derived.FEATURES,
        ["cycle", "user_id"],
        [(cycle, user) for cycle in ("2026-01", "2026-02", "2026-03") for user in range(1, 7)],
    )
    labels = rows(
        derived.LABELS,
        ["cycle", "user_id", "is_active"],
        [(c, user, user == 1) for c in ("2026-01", "2026-02", "2026-03") for user in range(1, 6)],
    )
    examples = model.examples(features, labels, target="active")
    found = model.month_lift(examples, arms, propensities={"2026-01": 0.9, "2026-02": 0.8})
    columns = ("cycle", "user_id", "policy", IS_TREATED, PROPENSITY, "label")
    assert sorted(tuple(row) for row in found.select(*columns).collect()) == [
        ("2026-01", 1, "model", 1.0, 0.9, 1.0),
        ("2026-01", 2, "random", 0.0, 0.9, 0.0),
        ("2026-02", 1, "model", 0.0, 0.8, 1.0),
    ]


@pytest.mark.rules
def test_option_lift_compares_an_option_with_none_of_the_samedraw(rows: Rows, spark: SparkSession) -> None:
    names = ["cycle", "wave", "user_id", "channel", "benefit", "is_exploration", "propensity", "drawn_from"]
    names.append("policy")
    both, alone = "push/none sms/none", "push/none"
    plans = rows(
        derived.WAVE_PLAN,
        names,
        [
            ("2026-01", "W1", 1, "sms", "none", True, 0.375, both, "model"),
            ("2026-01", "W1", 2, "none", "none", True, 0.25, both, "model"),
            ("2026-01", "W1", 3, "push", "none", True, 0.375, both, "model"),  # another option
            ("2026-01", "W1", 4, "none", "none", True, 0.25, alone, "model"),  # could not have drawn it
            ("2026-01", "W1", 5, "sms", "none", False, None, None, "model"),  # no draw
            ("2026-01", "W1", 6, "none", "none", True, 0.25, both, "model"),  # of whom nothing is known
            ("2026-01", "W2", 2, "sms", "none", True, 0.75, "sms/none", "model"),  # nobody drew none beside
        ],
    )
    known = spark.createDataFrame(
        [("2026-01", wave, user, float(user == 1)) for wave in ("W1", "W2") for user in range(1, 6)],
        "cycle string, wave string, user_id bigint, label double",
    )
    found = model.option_lift(plans, known, option="sms/none")
    columns = ("cycle", "wave", "user_id", "drawn_from", IS_TREATED, PROPENSITY, "label")
    assert sorted(tuple(row) for row in found.select(*columns).collect()) == [
        ("2026-01", "W1", 1, both, 1.0, pytest.approx(0.6), 1.0),
        ("2026-01", "W1", 2, both, 0.0, pytest.approx(0.6), 0.0),
    ]
    assert {row.policy for row in found.collect()} == {"model"}
    with pytest.raises(Exception, match=r"(?i)column"):
        found.unionByName(spark.createDataFrame([], "cycle string, user_id bigint, policy string")).collect()


@pytest.mark.rules
def test_one_draw_is_that_of_most_users_and_has_one_propensity(spark: SparkSession) -> None:
    both, alone = "push/none sms/none", "sms/none"
    of_draws = [*((user, both, 0.6) for user in range(3)), *((user, alone, 0.75) for user in range(3, 5))]
    rows = spark.createDataFrame(
        [("2026-01", "W1", *row) for row in of_draws],
        f"cycle string, wave string, user_id bigint, drawn_from string, {PROPENSITY} double",
    )
    found = model.of_one_draw(rows)
    assert found.columns == ["cycle", "user_id", PROPENSITY]
    assert sorted(tuple(row) for row in found.collect()) == [("2026-01", user, 0.6) for user in range(3)]
    tied = model.of_one_draw(rows.where("user_id > 0"))
    assert {row[PROPENSITY] for row in tied.collect()} == {0.6}  # of equal numbers the first by name


@pytest.mark.rules
def test_an_options_lift_is_learnt_by_the_same_learner_and_gate(
    spark: SparkSession, settings: model.ModelSettings
) -> None:
    """Two of three explorers who could draw it drew the SMS: a third of them are moved by it, by 0.3."""
    users = bank(spark, users=7_000).withColumn("wave", F.lit("W1"))
    is_sms = F.col(IS_TREATED) == 1
    options = "call/none push/none sms/none"
    drawn = {
        "channel": F.when(is_sms, "sms").otherwise("none"),
        "benefit": F.lit("none"),
        "is_exploration": F.lit(True),
        "propensity": F.when(is_sms, (1 - HELD_OUT) / 2).otherwise(HELD_OUT / 2),  # half drew another option
        "drawn_from": F.lit(options),
    }
    plans = users.withColumns(drawn).select("cycle", "wave", "user_id", "policy", *drawn)
    known = users.drop("policy", IS_TREATED, PROPENSITY)
    rows = model.of_one_draw(model.option_lift(plans, known, option="sms/none"))
    found = model.train_lift(rows, salt="s", settings=settings, srm_p=0.001)
    assert found.gate.is_ready, found.gate.text
    assert set(found.fitted.features) == {"kind", "deep", "policy"}
    lifts = lift_of(found, bank(spark))
    assert lifts[0] == pytest.approx(0.3, abs=0.05)
    assert max(lifts[1], lifts[2]) == pytest.approx(0.0, abs=0.05)
    few = settings.model_copy(update={"lift": settings.lift.model_copy(update={"min_rows": 5_000})})
    with pytest.raises(ModelError, match=r"touched in first .* users, at least 5000 are needed"):
        model.train_lift(rows, salt="s", settings=few, srm_p=0.001)


@pytest.mark.rules
def test_what_is_expected_of_a_user_comes_from_trees_that_never_saw_the_user(spark: SparkSession) -> None:
    expected = {"touched_first": 0.5, "touched_second": 0.7, "held_out_first": 0.1, "held_out_second": 0.3}
    told = ", ".join(f"double({value}) AS model_{name}" for name, value in expected.items())
    outcomes = PipelineModel([SQLTransformer(statement=f"SELECT *, {told} FROM __THIS__")])
    users = spark.createDataFrame(
        [("first", 1.0, 1.0, 0.5), ("second", 1.0, 1.0, 0.5), ("choose", 0.0, 0.0, 0.5)],
        f"{FOLD} string, label double, {IS_TREATED} double, {PROPENSITY} double",
    )
    found = {row[FOLD]: row[PSEUDO] for row in lift_fit.with_pseudo_outcomes(users, outcomes).collect()}
    assert found["first"] == pytest.approx(0.4 + (1 - 0.7) / 0.5)  # by the trees of the second half
    assert found["second"] == pytest.approx(0.4 + (1 - 0.5) / 0.5)
    assert found["choose"] == pytest.approx(0.4 + 0.2 / 0.5)
    each = spark.range(300).select(F.col("id").alias("user_id")).withColumn(FOLD, lift_fit.fold("s"))
    assert {row[FOLD]: row["count"] for row in each.groupBy(FOLD).count().collect()} == pytest.approx(
        dict.fromkeys(lift_fit.FOLDS, 100), abs=30
    )


@pytest.mark.rules
def test_a_line_has_the_robust_interval_of_statsmodels(spark: SparkSession) -> None:
    draws = np.random.default_rng(3)
    x = draws.normal(0.1, 0.05, 200)
    y = 0.02 + 0.8 * x + draws.normal(0, 1, 200) * (0.1 + x)
    users = spark.createDataFrame(pd.DataFrame({"lift": x, PSEUDO: y}))
    found = lift_fit.line(users, "lift", confidence=0.95)
    peer = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC1")
    assert (found.intercept, found.slope) == pytest.approx(tuple(peer.params), abs=1e-8)
    assert (found.low, found.high) == pytest.approx(tuple(peer.conf_int()[1]), abs=1e-6)
    alike = lift_fit.line(users.withColumn("lift", F.lit(0.1)), "lift", confidence=0.95)
    assert (alike.slope, alike.mean) == (None, pytest.approx(y.mean(), abs=1e-8))


def _line(slope: float | None, low: float | None = None, high: float | None = None) -> Line:
    return Line(1_000, 0.05, 0.0, slope, low, high)


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("calibration", "judged", "champion", "why_not"),
    [
        (_line(0.8), _line(0.9, 0.2, 1.6), None, None),
        (_line(0.8), _line(0.9, 0.2, 1.6), LossDifference(1_000, -0.001, -0.002, 0.0005), None),
        (_line(0.8), _line(0.4, -0.1, 1.1), None, "do not surely rise"),
        (_line(0.8), _line(0.5, 0.2, 0.8), None, "must hold 1"),
        (_line(0.8), _line(2.0, 1.2, 2.8), None, "must hold 1"),
        (_line(-0.1), _line(0.9, 0.2, 1.6), None, "keeps no order"),
        (_line(None), _line(None), None, "keeps no order"),
        (_line(0.8), _line(0.9, 0.2, 1.6), LossDifference(1_000, 0.0, -0.002, 0.002), "worse than the champion"),
    ],
)
def test_a_lift_counts_where_the_later_slope_holds_1_and_excludes_0(
    calibration: Line, judged: Line, champion: LossDifference | None, why_not: str | None
) -> None:
    gate = lift_judgement.decide(calibration, judged, champion, not_compared=None, margin=0.001)
    assert gate.is_ready == (why_not is None)
    assert not gate.is_overrulable
    assert (why_not or "excludes 0") in gate.text


@pytest.mark.numbers
def test_a_lift_of_another_recipe_must_be_better_among_all_that_the_month_has_judged() -> None:
    seen = LossDifference(1_000, -0.02, -0.0372, -0.0028)
    for rivals, is_ready in ((0, True), (1, True), (2, False)):
        recipe = Recipe.of(is_refit=False, rivals=rivals)
        gate = lift_judgement.decide(
            _line(0.8), _line(0.9, 0.2, 1.6), seen, not_compared=None, margin=0.01, recipe=recipe
        )
        assert (gate.is_ready, gate.recipe) == (is_ready, recipe)


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("found", "reach", "is_refuted"),
    [
        (_line(0.9, 0.2, 1.6), 0.0, False),
        (_line(0.4, -0.3, 1.1), 0.0, False),  # too wide to tell
        (_line(0.2, -0.3, 0.7), 0.0, True),
        (_line(0.5, 0.2, 0.8), 0.0, True),
        (_line(0.5, 0.2, 0.8), 0.5, False),  # 0.3 and 0.5 reach 0.58
        (_line(2.0, 1.2, 2.8), 0.5, True),
        (_line(2.0, 1.2, 2.8), 0.7, False),
        (_line(None), 0.0, False),
    ],
)
def test_a_live_lift_is_refuted_where_a_later_slope_excludes_1(found: Line, reach: float, is_refuted: bool) -> None:
    assert (lift_judgement.refutation(found, reach) is not None) == is_refuted


@pytest.mark.numbers
def test_a_true_lift_that_passed_its_gate_is_refuted_by_chance_in_one_of_twenty_months_at_most() -> None:
    """Three months of equal size: one calibrates by its slope of 2, one judges, one comes later."""
    rng, refuted, without = np.random.default_rng(20261201), [], []
    for _ in range(20_000):
        slopes, error = rng.normal(2.0, 0.4, 3), 1.96 * 0.4
        if slopes[0] <= 0:
            continue
        reach, (judged, later) = error / slopes[0], slopes[1:] / slopes[0]
        if abs(judged - 1) <= reach < judged:
            found = _line(later, later - reach, later + reach)
            refuted.append(lift_judgement.refutation(found, reach) is not None)
            without.append(lift_judgement.refutation(found, 0.0) is not None)
    assert len(refuted) > 10_000
    assert np.mean(refuted) < 0.05
    assert np.mean(without) > 0.1


@pytest.mark.numbers
def test_what_cannot_be_compared_waits_for_a_reviewer() -> None:
    gate = lift_judgement.decide(_line(0.8), _line(0.9, 0.2, 1.6), None, not_compared="it is gone", margin=0.001)
    assert (gate.is_ready, gate.is_overrulable) == (False, True)


@pytest.fixture(scope="module")
def learnt(spark: SparkSession, small: Mapping[str, Any]) -> model.TrainedLift:
    return model.train_lift(bank(spark), salt="s", settings=model.ModelSettings(**small), srm_p=0.001)


def lift_of(trained: model.TrainedLift, rows: DataFrame) -> dict[int, float]:
    """Mean lift by kind of users, by the model."""
    found = model.lifts(trained.fitted.model, rows, features=trained.fitted.features, keep=["kind"])
    return {row.kind: row.lift for row in found.groupBy("kind").agg(F.avg("lift").alias("lift")).collect()}


@pytest.mark.rules
def test_the_moved_are_found_and_the_lift_is_theirs(
    learnt: model.TrainedLift, spark: SparkSession, settings: model.ModelSettings
) -> None:
    assert learnt.gate.is_ready, learnt.gate.text
    assert learnt.months == LiftMonths((MONTHS[0], MONTHS[1]), MONTHS[2], MONTHS[3])
    assert set(learnt.fitted.features) == {"kind", "deep", "policy"}
    found = lift_of(learnt, bank(spark))
    assert found[0] == pytest.approx(0.3, abs=0.05)
    assert max(found[1], found[2]) == pytest.approx(0.0, abs=0.05)
    by_lot = learnt.metrics["auuc_random_ranking"]
    assert learnt.metrics["auuc"] > by_lot == pytest.approx(learnt.judged.mean / 2, abs=0.02)
    assert learnt.metrics["qini_low"] > 0
    assert "Qini" in learnt.card

    spread = bank(spark).repartition(5, "deep", "cycle")
    champion = model.Scorer("1", learnt.fitted.model, learnt.fitted.features)
    again = model.train_lift(spread, salt="s", settings=settings, srm_p=0.001, champion=champion)
    assert lift_of(again, bank(spark)) == lift_of(learnt, bank(spark))
    assert again.against_champion is not None
    assert (again.against_champion.mean, again.gate.is_ready) == (0.0, True)
    assert again.champion_judged is None  # nobody knows which month judged it


@pytest.mark.rules
def test_a_champion_is_judged_anew_on_a_later_month_alone(
    learnt: model.TrainedLift, spark: SparkSession, settings: model.ModelSettings
) -> None:
    """In the judging month nobody is moved any longer: what the champion says of it does not hold."""
    lost = bank(spark, moved=0.0).where("cycle = '2026-04'")
    rows = bank(spark).where("cycle < '2026-04'").unionByName(lost)
    champion = model.Scorer("1", learnt.fitted.model, learnt.fitted.features)
    few = settings.lift.trees.model_copy(update={"max_iter": 2})  # what is learnt here is of no interest
    how: dict[str, Any] = {"salt": "s", "srm_p": 0.001}
    how["settings"] = settings.model_copy(update={"lift": settings.lift.model_copy(update={"trees": few})})
    found = {
        month: model.train_lift(rows, **how, champion=replace(champion, judged_on=month))
        for month in ("2026-03", "2026-04", "2026-05")
    }
    later, same, earlier = found.values()
    assert later.champion_judged is not None
    assert later.metrics["champion_judged_slope"] == later.champion_judged.slope == pytest.approx(0, abs=0.4)
    assert "does not hold 1" in str(later.champion_refuted)
    assert later.evidence["champion_refuted"] == later.champion_refuted
    assert f"Champion 1, judged anew on 2026-04: {later.champion_refuted}." in later.card
    assert (same.champion_judged, same.champion_refuted) == (None, None)
    assert same.against_champion is not None
    assert (earlier.champion_judged, earlier.against_champion) == (None, None)
    assert "was judged on 2026-05 and may have learnt from this month" in earlier.gate.text


@pytest.mark.rules
def test_where_nobody_can_be_moved_no_lift_counts(spark: SparkSession, settings: model.ModelSettings) -> None:
    found = model.train_lift(bank(spark, moved=0.0), salt="s", settings=settings, srm_p=0.001)
    assert not found.gate.is_ready
    assert found.metrics["qini_low"] < 0 < found.metrics["qini_high"]


@pytest.mark.rules
def test_what_is_too_little_to_learn_from_is_said(spark: SparkSession, settings: model.ModelSettings) -> None:
    whole = bank(spark, users=300)
    with pytest.raises(ModelError, match="three are needed"):
        model.train_lift(whole.where("cycle > '2026-02'"), salt="s", settings=settings, srm_p=0.001)
    few = settings.model_copy(update={"lift": settings.lift.model_copy(update={"min_rows": 100})})
    with pytest.raises(ModelError, match="held out in 2026-03"):
        model.train_lift(whole, salt="s", settings=few, srm_p=0.001)
    lost = whole.where(f"not (cycle = '2026-04' and {IS_TREATED} = 0 and user_id % 2 = 0)")
    with pytest.raises(ModelError, match="held out in 2026-02"):  # April teaches nothing: February calibrates
        model.train_lift(lost, salt="s", settings=few, srm_p=0.001)


@pytest.mark.rules
def test_hillstroms_womens_mail_beside_two_models_by_xgboost(spark: SparkSession, small: Mapping[str, Any]) -> None:
    """Women's e-mail against none, on visits: both Qini of the same users, by the same deciles and intervals."""
    table = pd.read_parquet(HILLSTROM)
    table = table[table["segment"] != "Mens E-Mail"].reset_index(drop=True)
    names = ["recency", "history", "mens", "womens", "newbie", "zip_code", "channel"]
    users = table[names].assign(user_id=np.arange(len(table)), label=table["visit"].astype(float))
    users[IS_TREATED] = (table["segment"] == "Womens E-Mail").astype(float)
    place = np.random.default_rng(8).random(len(users))
    users["cycle"] = np.select([place < 0.45, place < 0.6], ["2008-01", "2008-02"], "2008-03")
    rows = spark.createDataFrame(pa.Table.from_pandas(users, preserve_index=False))
    rows = rows.withColumns({PROPENSITY: F.lit(0.5), "policy": F.lit("all"), "is_low_activity": F.lit(True)})
    trees = {**small["lift"]["trees"], "max_iter": 10, "max_depth": 3, "step_size": 0.2, "min_instances_per_node": 200}
    own = model.ModelSettings(**{**small, "lift": {**small["lift"], "trees": trees}})
    ours = model.train_lift(rows, salt="s", settings=own, srm_p=0.001)

    x = pd.get_dummies(users[names], dtype=float).to_numpy()
    test, treated = (users["cycle"] == "2008-03").to_numpy(), (users[IS_TREATED] == 1).to_numpy()
    y, expected = users["label"].to_numpy(), []
    for side in (treated, ~treated):
        one = xgboost.XGBRegressor(n_estimators=20, max_depth=3, learning_rate=0.2, min_child_weight=200, seed=1)
        expected.append(one.fit(x[side & ~test], y[side & ~test]).predict(x[test]))
    decile = pd.qcut(pd.Series(expected[1] - expected[0]).rank(method="first"), 10, labels=False) + 1
    cut = []
    for number in range(1, 11):
        mine = (decile == number).to_numpy()
        sides = [Share(y[test][mine & of].sum(), (mine & of).sum()) for of in (treated[test], ~treated[test])]
        cut.append(Decile(number, int(mine.sum()), *sides))
    peer, by_lot = quality({"xgboost": cut}, alpha=0.05)
    assert by_lot.ranking == RANDOM
    m = ours.metrics
    assert m["qini_low"] < peer.qini.estimate < m["qini_high"]
    assert peer.qini.low < m["qini"] < peer.qini.high
    assert m["qini_low"] > 0
    assert m["auuc_random_ranking"] == pytest.approx(by_lot.auuc.estimate, abs=0.002)
