"""Allocation by prices over users: what Spark gives is what the plan says, whatever the order and the partitions."""

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from reactivation.campaign.planning import dual, priced
from reactivation.campaign.planning.cells import MICRO, NEVER, Ints, Limit
from reactivation.campaign.planning.priced import PLACE, Priced
from reactivation.errors import PlanError
from reactivation_lab.comparisons import allocations
from reactivation_lab.comparisons.allocations import Instance

pytestmark = pytest.mark.rules


def frame(spark: SparkSession, instance: Instance, *, partitions: int = 2, order: str = "user_id") -> DataFrame:
    """Users 0, 1, … of an instance as `priced.valued` gives them."""
    options = instance.values.shape[1]
    columns = {f"v{n}": instance.values[:, n] for n in range(options)}
    table = pa.table({"user_id": np.arange(len(instance.values)), "branch": instance.group, **columns})
    users = spark.createDataFrame(table).repartition(partitions).sortWithinPartitions(order)
    return allocations.as_users(users, options=options)


def choice(found: Priced, users: DataFrame) -> Ints:
    """Option of each user, -1 for none."""
    rows = found.assigned(users).select("user_id", PLACE).toArrow().sort_by("user_id")
    return np.array(rows.column(PLACE).fill_null(-1).to_numpy(), dtype=np.int64)


def allocated(spark: SparkSession, instance: Instance, **how: object) -> tuple[Priced, Ints]:
    users = frame(spark, instance, **how).persist()  # type: ignore[arg-type]
    found = priced.allocate(users, instance.limits, options=instance.values.shape[1], at_most=len(instance.values))
    chosen = choice(found, users)
    users.unpersist()
    return found, chosen


@pytest.mark.parametrize("way", ["equals", "looks in memory", "looks"])
def test_users_get_what_the_plan_says_and_no_limit_breaks(
    spark: SparkSession, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = allocations.drawn(7, 800, kind="tiers" if way == "equals" else "learnt")
    if way != "equals":
        monkeypatch.setattr(dual, "FEW", 150)  # as if there were many
    if way == "looks":
        monkeypatch.setattr(priced, "SAMPLE", 400)
    found, chosen = allocated(spark, instance)
    assert (found.plan.width is None) == (way == "equals")
    assert instance.broken(chosen) == []
    of_all = {"equals": 1.0, "looks in memory": 150 / 800}.get(way, 150 / 800)
    assert found.share == pytest.approx(of_all, rel=0.15)  # of the looks by a hash's chance
    assert found.equals.users.sum() == (800 if way == "equals" else 150)
    assert {limit.name: instance.used(limit, chosen) for limit in instance.limits} == found.used()
    value = instance.value_of(chosen)
    assert 0 <= found.plan.gap(value) <= (0.001 if way == "equals" else 0.01)  # a thousand users are few for looks
    assert found.plan.bound >= value


def test_few_users_of_a_large_cell_are_all_seen(spark: SparkSession) -> None:
    """Of a cell of 2.4 million hardly any may be left for a late wave: a sample by the cell's size would be eight."""
    instance = allocations.drawn(5_003, 400)
    users = frame(spark, instance)
    found = priced.allocate(users, instance.limits, options=instance.values.shape[1], at_most=2_400_000)
    best = dual.of_equals(dual.equals(instance.values, instance.group), instance.limits)
    assert best is not None
    assert instance.value_of(choice(found, users)) == best.value


@pytest.mark.parametrize("way", ["equals", "looks"])
def test_order_and_partitions_change_nothing(spark: SparkSession, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = allocations.drawn(3, 500, kind="tiers" if way == "equals" else "learnt")
    if way == "looks":
        monkeypatch.setattr(dual, "FEW", 100)
        monkeypatch.setattr(priced, "SAMPLE", 250)
    one, chosen = allocated(spark, instance)
    other, again = allocated(spark, instance, partitions=3, order="v1")
    assert (one.plan.bound, one.plan.prices) == (other.plan.bound, other.plan.prices)
    assert np.array_equal(chosen, again)


def test_a_look_by_spark_is_a_look_in_memory(spark: SparkSession) -> None:
    instance = allocations.drawn(11, 700)
    prices = tuple(n * 1_000_003 for n, _ in enumerate(instance.limits))
    users = frame(spark, instance)
    by_spark = priced._looks(users, instance.limits, instance.values.shape[1])(prices, 300 * MICRO)
    here = dual.in_memory(instance.values, instance.group, instance.limits)(prices, 300 * MICRO)
    assert by_spark.best == here.best
    for name in ("keys", "users", "worth", "is_open"):
        assert np.array_equal(getattr(by_spark.cells, name), getattr(here.cells, name)), name


def test_limits_that_cannot_be_met_are_named(spark: SparkSession) -> None:
    values = np.array([[MICRO, NEVER], [MICRO, MICRO], [MICRO, NEVER]], dtype=np.int64)
    limits = (Limit("budget", (30, 155), most=100), Limit("least_call", (0, 1), least=1))
    users = frame(spark, Instance(values, np.zeros(3, dtype=np.int64), limits))
    with pytest.raises(PlanError, match="cannot be met together") as error:
        priced.allocate(users, limits, options=2, at_most=3)
    assert [(f.kind, f.what) for f in error.value.findings][:2] == [("at most", "budget"), ("at least", "least_call")]
    assert error.value.exit_code == 2
