"""Users of the test month counted by group and score: against scikit-learn on the same rows, one by one."""

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn import metrics

from reactivation import model, randomization
from reactivation.errors import ModelError
from reactivation.frames import checkpointed
from reactivation.model.card_settings import GroupSettings
from reactivation.model.score_table import (
    CHAMPION,
    EVERYBODY,
    LOW,
    OTHERS,
    PICKED,
    UNKNOWN,
    WHOLE,
    bin_of,
    card_facts,
    group_columns,
    score_table,
)
from reactivation.statistics import ranking

pytestmark = pytest.mark.rules

GROUPS = {
    "age": GroupSettings(column="age", edges=(30, 50)),
    "branch": GroupSettings(column="branch"),
    "tenure": GroupSettings(column="not there"),
}


@pytest.fixture(scope="module")
def scored(spark: SparkSession) -> DataFrame:
    """3 000 users of 40 branches, the first 12 of some size; one in three is busy, one in fifty has no age."""
    luck = randomization.bucket("luck", F.col("user_id")) / 10_000
    users = spark.range(3_000).select(F.col("id").alias("user_id"))
    rows = (
        users.withColumn("p", (randomization.bucket("p") + 1) / 10_002)
        .withColumn("label", (luck < F.col("p")).cast("double"))
        .withColumn("weight", F.when(F.col("user_id") % 4 == 0, 2.0).otherwise(1.0))
        .withColumn("is_low_activity", F.col("user_id") % 3 > 0)
        .withColumn("age", F.when(F.col("user_id") % 50 > 0, 20 + F.col("user_id") % 60))
        .withColumn("branch", F.concat(F.lit("b"), F.least(F.col("user_id") % 40, F.lit(38)) % 13))
        .withColumn("p_champion", 1 - F.col("p"))
    )
    facts = card_facts(
        users.withColumn("branch", F.lit("unused")),
        users.where("user_id < 300").withColumn(PICKED, F.lit(True)),
    )
    rows = rows.join(facts.drop("branch"), "user_id", "left")
    columns = group_columns(rows, GROUPS)
    assert set(columns) == {"age", "branch"}  # a column that is not there parts nobody
    return checkpointed(rows.withColumns({f"group_{name}": column for name, column in columns.items()}))


def test_counts_give_scikit_learns_figures_of_every_group(scored: DataFrame) -> None:
    found = score_table(scored, dimensions=["group_age", "group_branch"], missing=["tenure"], most=30)
    rows = scored.toPandas()
    low = rows[rows.is_low_activity]
    age = np.select([low.age < 30, low.age < 50, low.age >= 50], ["below 30", "30 to below 50", "50 and more"], UNKNOWN)
    parts = {
        (EVERYBODY, WHOLE): (rows, "p"),
        (LOW, WHOLE): (low, "p"),
        (CHAMPION, WHOLE): (low, "p_champion"),
        **{("group_age", name): (low[age == name], "p") for name in set(age)},
        **{("group_branch", name): (low[low.branch == name], "p") for name in set(low.branch)},
    }
    assert set(found.bins) == set(parts)
    assert found.missing == ("tenure",)
    for key, (own, p) in parts.items():
        bins = found.bins[key]
        assert (bins.users.sum(), bins.events.sum()) == (len(own), own.label.sum()), key
        area, loss = ranking.area(bins, confidence=0.95), ranking.log_loss(bins, confidence=0.95)
        assert area is not None
        assert loss is not None
        exact = metrics.roc_auc_score(own.label, own[p], sample_weight=own.weight)
        assert abs(area.value - exact) <= area.ties + 1e-9, key
        assert loss.value == pytest.approx(metrics.log_loss(own.label, own[p], sample_weight=own.weight), abs=1e-3)
    picked = low[low.user_id < 300].weight.sum()
    assert found.picked[LOW, WHOLE] == picked
    assert sum(users for (kind, _), users in found.picked.items() if kind == "group_age") == picked


def test_small_groups_and_those_beyond_the_most_are_told_together(scored: DataFrame) -> None:
    whole = score_table(scored, dimensions=["group_branch"], most=30)
    few = score_table(scored, dimensions=["group_branch"], most=3)
    names = {group for kind, group in few.bins if kind == "group_branch"}
    assert len(names) == 4
    assert OTHERS in names
    for table in (whole, few):
        sizes = [bins.users.sum() for (kind, _), bins in table.bins.items() if kind == "group_branch"]
        assert sum(sizes) == table.bins[LOW, WHOLE].users.sum()
    lonely = scored.withColumn("group_branch", F.when(F.col("user_id") < 20, F.col("user_id").cast("string")))
    found = score_table(lonely, dimensions=["group_branch"], most=30)
    assert {group for kind, group in found.bins if kind == "group_branch"} == {UNKNOWN, OTHERS}


def test_the_driver_and_the_query_agree_on_bins(scored: DataFrame) -> None:
    bins = score_table(scored, dimensions=[], most=30).bins[EVERYBODY, WHOLE]
    rows = scored.toPandas()
    assert np.array_equal(bins.users, np.bincount(bin_of(rows.p.to_numpy()), minlength=len(bins.users)))


def test_excluded_features_are_read_by_no_model_and_a_name_of_none_is_refused(
    examples: DataFrame, months: model.Months, settings: model.ModelSettings
) -> None:
    chosen = settings.model_copy(update={"excluded_features": ("profile_segment",)})
    trained = model.train(examples, months=months, salt="s", settings=chosen)
    assert trained.fitted.features == ("login_count_1m", "asset_total_last")
    assert trained.counts is None  # no card was asked for
    typo = settings.model_copy(update={"excluded_features": ("profile_segmnt",)})
    with pytest.raises(ModelError, match=r"profile_segmnt.*did you mean `profile_segment`"):
        model.train(examples, months=months, salt="s", settings=typo)
