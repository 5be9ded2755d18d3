"""Values of activity, features and labels on a bank that never changes: code that changes one raises its version."""

import hashlib
import json
import tarfile
from collections import defaultdict
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from conftest import CONF
from reactivation import features, labels, population
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.periods import Month
from reactivation.pipelines.build_features import DEFINITIONS
from reactivation.runtime.store import Store
from reactivation.settings import load

pytestmark = pytest.mark.edges

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "definitions"
APRIL, MAY = Month.parse("2026-04"), Month.parse("2026-05")
PINNED = (
    "calendar.zone=Asia/Shanghai",
    "calendar.settle_days=5",
    "activity.function_groups={account: [BAL_QUERY, SETTINGS], wealth: [WEALTH_VIEW, WEALTH_BUY, FUND_VIEW]}",
    "activity.transaction_channels=[mobile, card, counter]",
    "activity.asset_products=[deposit, wealth, fund]",
    "features={lookback_months: [1, 3], min_history_months: 1}",
    "population.low_activity=login_days_3m <= 3",
    "labels.is_active=coalesce(login_days_count, 0) >= 1 or coalesce(transaction_own_mobile_count, 0) >= 1",
    "labels.asset_uplift={min_share: 0.10, min_amount: 1000, max_age_months: 3}",
)
"""Settings under which the values are golden: conf may change without that."""


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    """The three tables as today's code makes them of the canonical rows in `tests/data/root_0_1_0`."""
    root = tmp_path_factory.mktemp("definitions")
    with tarfile.open(DATA / "root_0_1_0" / "root.tar.gz") as packed:
        packed.extractall(root, filter="data")
    settings = load(CONF, env="local", region="sandbox", scenario="mobile_activity", overrides=PINNED).settings
    store, calendar, kinds = Store(spark, str(root)), settings.calendar, settings.activity
    sources = {table.name: store.read(table) for table in canonical.ALL if store.has(table)}
    arrivals = [Month.parse(month) for month in ("2026-02", "2026-03", "2026-04", "2026-05")]
    activity = features.partials.by_arrival(sources, arrivals=arrivals, calendar=calendar, settings=kinds)
    months = features.partials.merge_months(activity, cycles=[APRIL, MAY], settings=kinds, months=3)
    known = features.build(
        population.spine(sources["users"], cycles=[APRIL, MAY], calendar=calendar),
        months,
        measures=features.measures(kinds),
        features=features.catalogue(sources, settings.features, kinds=kinds),
        calendar=calendar,
        settings=settings.features,
    )
    marked = population.mark_low_activity(known, settings.population).localCheckpoint()
    did = features.partials.in_windows(
        sources, windows={APRIL.window: calendar.settle_on(APRIL)}, calendar=calendar, settings=kinds
    )
    seen = labels.build(
        marked.where("cycle = '2026-04'"),
        sources=sources,
        months=did,
        cycles=[APRIL],
        usable_on=calendar.settle_on(APRIL),
        calendar=calendar,
        settings=settings.labels,
    )
    return {"activity": activity, "features": marked, "labels": seen}


def digests(table: DataFrame, keys: tuple[str, ...]) -> dict[str, str]:
    """A short digest of each column's values in the order of the keys; doubles by nine digits."""
    sums: dict[str, hashlib._Hash] = defaultdict(hashlib.sha256)
    for row in sorted((row.asDict() for row in table.collect()), key=lambda row: tuple(row[key] for key in keys)):
        for name, value in row.items():
            sums[name].update(f"{value:.9g}|".encode() if isinstance(value, float) else f"{value}|".encode())
    return {name: sums[name].hexdigest()[:10] for name in sorted(sums)}


@pytest.mark.parametrize("table", [derived.ACTIVITY, derived.FEATURES, derived.LABELS], ids=lambda table: table.name)
def test_values_change_only_together_with_the_definitions_version(
    table: Table, made: dict[str, DataFrame], tmp_path: Path
) -> None:
    version = DEFINITIONS[table.name]
    golden, now = GOLDEN / f"{table.name}_{version}.json", digests(made[table.name], table.key)
    assert made[table.name].count() > 100
    was = json.loads(golden.read_text("utf-8")) if golden.is_file() else {}
    new = tmp_path / golden.name
    new.write_text(json.dumps(now, indent=1) + "\n", "utf-8")
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    assert not changed, (
        f"values of `{table.name}` changed: {', '.join(changed[:9])}. Raise its DEFINITION_VERSION above {version}, so "
        f"that months which are there are made again, and put {new} into tests/data/definitions under that version"
    )


def test_the_digest_sees_one_value(spark: SparkSession) -> None:
    rows = [(1, 0.5, None), (2, 1.5, "a")]
    was = digests(spark.createDataFrame(rows, "user_id int, share double, text string"), ("user_id",))
    now = digests(
        spark.createDataFrame([(2, 1.5, "b"), rows[0]], "user_id int, share double, text string"), ("user_id",)
    )
    assert [name for name in was if was[name] != now[name]] == ["text"]
