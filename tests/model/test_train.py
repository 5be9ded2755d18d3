"""Training on a small example: no leak, no dependence on partitions, an order that calibration keeps."""

import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import model
from reactivation.errors import ModelError

pytestmark = pytest.mark.rules


def scores(trained: model.Trained, rows: DataFrame) -> list[tuple[int, float, float]]:
    """(user, raw, p) of the rows in the test month, best first."""
    found = model.score(trained.fitted.model, rows, features=trained.fitted.features, keep=["user_id", "cycle"])
    return sorted(((r.user_id, r.raw, r.p) for r in found.where("cycle = '2026-03'").collect()), key=lambda r: -r[1])


def test_calibration_keeps_the_order_and_gives_probabilities(trained: model.Trained, examples: DataFrame) -> None:
    found = scores(trained, examples)
    assert trained.fitted.slope > 0
    assert [p for _, _, p in found] == sorted((p for _, _, p in found), reverse=True)
    assert 0 < found[-1][2] < found[0][2] < 1
    raws = len({raw for _, raw, _ in found})
    assert raws == len({p for _, _, p in found}) > 5  # no two scores fall into one probability


def test_it_finds_the_signal_out_of_time(trained: model.Trained) -> None:
    low = trained.quality["low_activity"]
    assert (low.users, trained.quality["all"].users) == (320, 400)
    assert low.auc is not None
    assert low.auc > 0.65
    assert trained.gate.is_ready, trained.gate.text
    assert next(iter(trained.fitted.importances)) == "login_count_1m"


def test_partitions_of_the_input_change_no_score_and_a_champion_is_judged_on_the_same_rows(
    trained: model.Trained, examples: DataFrame, months: model.Months, settings: model.ModelSettings
) -> None:
    champion = model.Scorer("1", trained.fitted.model, trained.fitted.features)
    spread = examples.repartition(5, "login_count_1m", "cycle")
    again = model.train(spread, months=months, salt="s", settings=settings, champion=champion)
    assert scores(again, examples) == scores(trained, examples)
    assert again.against_champion is not None
    assert (again.against_champion.n, again.against_champion.mean) == (320, 0.0)
    assert again.gate.is_ready
    assert champion.is_refitted_by(again.fitted.model, again.fitted.features)
    assert not champion.is_refitted_by(again.fitted.model, again.fitted.features[1:])
    deeper = [s.copy({s.maxDepth: 9}) if s.hasParam("maxDepth") else s for s in again.fitted.model.stages]
    assert not champion.is_refitted_by(PipelineModel(deeper), again.fitted.features)


def test_the_test_month_and_later_ones_teach_nothing(
    trained: model.Trained, examples: DataFrame, months: model.Months, settings: model.ModelSettings
) -> None:
    is_later = F.col("cycle") == "2026-03"
    turned = examples.withColumn("label", F.when(is_later, 1 - F.col("label")).otherwise(F.col("label")))
    later = examples.where(is_later).withColumn("cycle", F.lit("2026-04"))
    outdated = model.Scorer("1", trained.fitted.model, (*trained.fitted.features, "benefit_count_3m"))
    again = model.train(turned.unionByName(later), months=months, salt="s", settings=settings, champion=outdated)
    assert scores(again, examples) == scores(trained, examples)
    assert not again.gate.is_ready  # the same scores, judged by turned labels
    assert again.against_champion is None  # this champion reads a feature that is not there any more
    assert "benefit_count_3m" in again.notes[0]
    assert "cannot be compared with the champion: champion 1 cannot score these rows any more" in again.gate.text


def test_one_class_is_refused_in_words(
    examples: DataFrame, months: model.Months, settings: model.ModelSettings
) -> None:
    with pytest.raises(ModelError, match="nothing can be trained on 2026-01 to 2026-02") as refused:
        model.train(examples.withColumn("label", F.lit(0.0)), months=months, salt="s", settings=settings)
    assert {(f.kind, f.what) for f in refused.value.findings} == {("one class", "fit"), ("one class", "calibrate")}
    with pytest.raises(ModelError, match="too few"):
        model.train(examples.limit(0), months=months, salt="s", settings=settings)


def test_a_missing_feature_is_named(trained: model.Trained, examples: DataFrame) -> None:
    with pytest.raises(ModelError, match="login_count_1m"):
        scores(trained, examples.drop("login_count_1m"))


def test_unknown_texts_and_nulls_are_scored(trained: model.Trained, spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [(1, "2026-03", 9.0, 5.0, "a"), (2, "2026-03", 9.0, None, "never seen"), (3, "2026-03", 9.0, None, None)],
        "user_id bigint, cycle string, login_count_1m double, asset_total_last double, profile_segment string",
    )
    by_user = {user: raw for user, raw, _ in scores(trained, rows)}
    assert by_user[2] == by_user[3] < by_user[1]


def test_without_a_model_scores_stay_null(trained: model.Trained, examples: DataFrame) -> None:
    scorer = model.Scorer("3", trained.fitted.model, trained.fitted.features)
    found = model.score_users(
        examples.where("cycle = '2026-03'"), {"active": scorer, "asset_uplift": None}, reasons=True
    )
    row = found.orderBy("user_id").head()
    assert row is not None
    assert (row.cycle, row.user_id, row.active_version) == ("2026-03", 1, "3")
    assert (row.p_asset_uplift, row.raw_asset_uplift, row.asset_uplift_version) == (None, None, None)
    assert row.raw_active is not None


def test_a_refit_learns_from_the_test_month_and_keeps_the_figures_that_were_judged(
    examples: DataFrame, months: model.Months, settings: model.ModelSettings
) -> None:
    """Where the gate was passed, and nowhere else."""
    again = settings.model_copy(update={"refit": True})
    refitted = model.train(examples, months=months, salt="s", settings=again)
    assert refitted.gate.is_ready
    assert [str(month) for month in refitted.refit_months] == ["2026-02", "2026-03"]
    judged = model.train(examples, months=months, salt="s", settings=settings)
    assert judged.refitted is None
    assert (refitted.metrics, refitted.gate) == (judged.metrics, judged.gate)
    assert refitted.evidence == {**judged.evidence, "refit_months": ["2026-02", "2026-03"]}
    newest = model.Months(refitted.refit_months, months.test)
    alone = model.train(examples, months=newest, salt="s", settings=settings)
    keep = {"features": alone.fitted.features, "keep": ["user_id", "cycle"]}
    by_refit, by_newest, by_judged = (
        sorted(tuple(row) for row in model.score(fitted.model, examples, **keep).collect())
        for fitted in (refitted.served, alone.fitted, judged.served)
    )
    assert by_refit == by_newest != by_judged

    strict = again.model_copy(update={"gate": settings.gate.model_copy(update={"min_rows": 10_000})})
    refused = model.train(examples, months=months, salt="s", settings=strict)
    assert not refused.gate.is_ready
    assert refused.served is refused.fitted
