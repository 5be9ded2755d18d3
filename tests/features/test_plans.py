"""How Spark computes partials and features, with conf's own measures: by hashing, shuffled once, compiled."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import CONF, Rows
from reactivation import features, population
from reactivation.contracts import canonical
from reactivation.frames import checkpointed
from reactivation.periods import Month
from reactivation.runtime.session import changed
from reactivation.settings import load

pytestmark = pytest.mark.rules

MOST_BYTES = 8000
"""Java never compiles a larger method."""
COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}
CYCLES = [Month.parse("2026-05"), Month.parse("2026-06")]
SOURCES = ("logins", "function_uses", "transactions", "asset_snapshots", "benefit_events", "contacts")


@pytest.fixture(scope="module")
def settings() -> Any:
    return load(CONF, env="benchmark", region="sandbox", scenario="mobile_activity").settings


@pytest.fixture
def compiled(spark: SparkSession) -> Iterator[None]:
    with changed(spark, {**COMPILED, "spark.sql.adaptive.enabled": "false"}):
        yield


@pytest.fixture
def sources(rows: Rows) -> dict[str, DataFrame]:
    """Every source that has measures, without a row: plans do not go by rows."""
    tables = [canonical.BY_NAME[name] for name in (*SOURCES, "outside_contacts", "users")]
    return {table.name: checkpointed(rows(table, [], [])) for table in tables}


def plan_of(frame: DataFrame) -> Any:
    return frame._jdf.queryExecution()


def bytes_of_methods(frame: DataFrame) -> list[int]:
    """The largest method of each stage that Spark generates for a frame, in bytes of Java's code."""
    stages = plan_of(frame).debug().codegenToSeq()
    return [stages.apply(n)._3().maxMethodCodeSize() for n in range(stages.size())]


@pytest.mark.parametrize("arrivals", [CYCLES[:1], CYCLES], ids=["one month", "two months"])
def test_partials_are_hashed_and_each_source_is_shuffled_once(
    compiled: None, sources: dict[str, DataFrame], arrivals: list[Month], settings: Any
) -> None:
    partials = features.partials.by_arrival(
        sources, arrivals=arrivals, calendar=settings.calendar, settings=settings.activity
    )
    plan = plan_of(partials).executedPlan().toString()
    assert "SortAggregate" not in plan
    assert plan.count("Exchange hashpartitioning") == len(features.measures(settings.activity)) == 7
    sizes = bytes_of_methods(partials)
    assert len(sizes) > 7
    assert 0 < max(sizes) <= MOST_BYTES


def test_features_are_hashed_and_compiled(compiled: None, sources: dict[str, DataFrame], settings: Any) -> None:
    kinds, known = settings.activity, {name: table for name, table in sources.items() if name != "users"}
    partials = checkpointed(
        features.partials.by_arrival(known, arrivals=CYCLES, calendar=settings.calendar, settings=kinds)
    )
    months = features.partials.merge_months(partials, cycles=CYCLES, settings=kinds, months=settings.features.longest)
    table = features.build(
        population.spine(sources["users"], cycles=CYCLES, calendar=settings.calendar),
        months,
        measures=features.measures(kinds),
        features=features.catalogue(sources, settings.features, kinds=kinds),
        calendar=settings.calendar,
        settings=settings.features,
    )
    assert "SortAggregate" not in plan_of(table).executedPlan().toString()
    sizes = bytes_of_methods(table)
    assert len(sizes) > 3
    assert 0 < max(sizes) <= MOST_BYTES
