"""A real bank by conf alone: its published counts, and balances that fit its amounts."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from reactivation import ingest
from reactivation.ingest import Batch, EarlierIngests, SourcesSettings
from reactivation.periods import Calendar
from reactivation.runtime.raw import RawTables

pytestmark = pytest.mark.edges

PROJECT = Path(__file__).parents[2]
PRAGUE = Calendar(zone="Europe/Prague", settle_days=0)


@pytest.fixture(scope="module")
def berka(spark: SparkSession) -> Batch:
    import yaml

    region = yaml.safe_load((PROJECT / "conf/regions/berka.yml").read_text())["sources"]
    base = yaml.safe_load((PROJECT / "conf/base/sources.yml").read_text())["sources"]
    settings = SourcesSettings.model_validate({**base, **region})
    raw = RawTables(spark, settings, folder=str(PROJECT / settings.path), region="berka")
    return ingest.ingest(
        raw.open(),
        EarlierIngests({}, None, []),
        as_of=date(1994, 4, 2),  # the last day's balances arrive on 1 April
        force=False,
        calendar=PRAGUE,
        settings=settings,
        allowed={"asset_snapshots": {"product": ("account",)}},
        require_rows=raw.require_rows,
    )


def test_every_published_booking_is_kept_and_none_is_bad_or_double(berka: Batch) -> None:
    counts = berka.counted({name: rows.count() for name, rows in berka.kept.items()})
    names = "rows_in", "rows_kept", "rows_quarantined", "rows_duplicate"
    totals = {n: tuple(sum(r[k] for r in counts if r["source"] == n) for k in names) for n in berka.kept}
    assert totals["transactions"] == (49_102, 49_102, 0, 0)
    assert totals["users"] == (1_230, 1_230, 0, 0)  # of 4 500 accounts those opened before 2 April 1994
    assert totals["asset_snapshots"] == (39_960, 39_960, 0, 0)  # one per account and day with a booking


def test_own_withdrawals_balances_and_owners_are_those_of_the_source(berka: Batch) -> None:
    transactions, snapshots = berka.kept["transactions"], berka.kept["asset_snapshots"]
    own = transactions.where("is_self_initiated")
    assert own.count() == 13_477 + 651  # operation VYBER without k_symbol, of type VYDAJ and VYBER

    is_credit = F.col("transaction_type").isin("deposit", "transfer_in", "interest")
    days = transactions.groupBy("user_id", PRAGUE.day("event_at").alias("snapshot_on")).agg(
        F.count("*").alias("n"), F.sum(F.when(is_credit, F.col("amount")).otherwise(-F.col("amount"))).alias("moved")
    )
    before = Window.partitionBy("user_id").orderBy("snapshot_on")
    pairs = snapshots.join(days, ["user_id", "snapshot_on"], "inner").select(
        "n",
        F.lag("n").over(before).alias("n_before"),
        (F.lag("balance").over(before) + F.col("moved") - F.col("balance")).alias("off"),
    )
    is_plain = (F.col("n") == 1) & (F.col("n_before") == 1)
    fits = F.abs("off") < 0.15
    found = pairs.agg(
        F.count_if(is_plain).alias("plain"),
        F.count_if(is_plain & fits).alias("plain_fits"),
        F.avg(fits.cast("int")).alias("all_fit"),
    ).collect()[0]
    assert (found.plain, found.plain_fits) == (24_291, 24_269)  # SOURCE.md
    assert found.all_fit > 0.99  # days with several bookings too
    owners = {
        r.gender: r.users for r in berka.kept["users"].groupBy("gender").agg(F.count("*").alias("users")).collect()
    }
    assert sum(owners.values()) == 1_230
    assert set(owners) == {"female", "male"}
