"""Whatever happens at or past either clock changes no feature and no score, bit for bit."""

import shutil

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cycle.conftest import USERS, Bank
from reactivation.contracts import canonical, derived
from reactivation.runtime.store import Store
from reactivation_lab.bank import tables as raw
from reactivation_lab.bank.people import FIRST_USER_ID

pytestmark = pytest.mark.cycle

CYCLE = "2026-05"
CLOCK = "2026-05-01T00:00:00+08:00"  # the observation date begins in Shanghai
SETTLES_ON = "2026-06-05"
HAPPENED = {"asset_snapshots": "snapshot_on", "contacts": "sent_at", "outside_contacts": "sent_at", "users": None}


BY_ARRIVAL = ("consents", "contacts")
"""A row of these that is dated after its arrival cannot be read, and bars from its arrival on."""


def tampered(table: DataFrame, happened: str | None, *, by_arrival: bool) -> tuple[DataFrame, DataFrame]:
    """The table with a third of what lies past a clock deleted, a third given to others, a third there twice over."""
    clock = F.to_timestamp(F.lit(CLOCK))
    late = F.col("arrived_at") >= clock
    is_past = late if happened is None or by_arrival else late | (F.try_to_timestamp(happened) >= clock)
    is_past = F.coalesce(is_past, F.lit(False))
    past = table.where(is_past).withColumn("_lot", F.pmod(F.xxhash64(*table.columns), F.lit(3)))
    number = F.expr("try_cast(user_id as bigint)") - FIRST_USER_ID
    other = (F.pmod(number + 1000, F.lit(USERS)) + FIRST_USER_ID).cast("string")  # somebody else, whom the bank knows
    moved = past.where("_lot = 1").withColumn("user_id", F.coalesce(other, "user_id"))
    kept = past.where("_lot = 2").withColumn("arrived_at", F.greatest("arrived_at", clock))
    backdated = kept if happened is None else kept.withColumn(happened, F.lit("2026-04-15"))
    changed = moved.unionByName(kept).unionByName(backdated).drop("_lot")
    return table.where(~is_past).unionByName(changed), past


@pytest.fixture(scope="module")
def other_world(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The same bank, but with another future and other late arrivals, up to the scores of the cycle."""
    other = Bank(bank.spark, tmp_path_factory.mktemp("other_world"))
    tampered_rows = 0
    for table in raw.RAW:
        happened, as_it_was = HAPPENED.get(table.name, "event_at"), Store(bank.spark, str(bank.root)).read(table)
        rows, past = tampered(as_it_was, happened, by_arrival=table.name in BY_ARRIVAL)
        rows.write.format("delta").partitionBy("segment_on").save(f"{other.root}/raw/{table.name}")
        tampered_rows += past.count()
    assert tampered_rows > 1000
    shutil.copy(bank.root / "mlflow.db", other.root / "mlflow.db")
    twice_over = (
        "--set",
        "sources.max_bad_share=0.5",
        "--set",
        "sources.max_equal_share=1",
    )  # receipts claim taken keys
    assert other.job("ingest_sources", CYCLE, "--as-of", SETTLES_ON, *twice_over) == 0  # so that all can be seen
    assert other.job("build_features", CYCLE) == 0
    return other


def test_the_other_world_is_another(bank: Bank, other_world: Bank) -> None:
    for table in (canonical.LOGINS, canonical.TRANSACTIONS, canonical.ASSET_SNAPSHOTS):
        theirs, ours = (of.read(table).where("arrival_cycle = '2026-05'") for of in (other_world, bank))
        assert theirs.select("user_id", "arrived_at").exceptAll(ours.select("user_id", "arrived_at")).count() > 100


def test_no_feature_changes(bank: Bank, other_world: Bank) -> None:
    for cycle in ("2026-02", "2026-03", CYCLE):
        assert other_world.fingerprint(derived.FEATURES, cycle) == bank.fingerprint(derived.FEATURES, cycle)
    assert bank.fingerprint(derived.FEATURES, CYCLE)[0] > 2000


def test_no_score_changes(bank: Bank, other_world: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    scored = bank.read(derived.SCORES, CYCLE).select("active_version", "asset_uplift_version").distinct().collect()[0]
    live = {model: scored[f"{model}_version"] for model in ("active", "asset_uplift")}
    assert live["active"]
    for model, version in live.items():
        if version is None:  # so small a bank may have no version of it that passed the gate
            continue
        decision = ("--version", version, "--reviewer", "the leak test", "--reason", "the version that was live then")
        assert other_world.job("approve_model", CYCLE, "--model", model, *decision) == 0
    assert other_world.job("score_users", CYCLE) == 0
    assert other_world.fingerprint(derived.SCORES, CYCLE) == bank.fingerprint(derived.SCORES, CYCLE)
