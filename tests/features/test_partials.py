"""Partials: exact, merged without loss, and no different from the raw rows they stand for."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation import features
from reactivation.contracts import canonical
from reactivation.contracts.measure import Measure
from reactivation.periods import Calendar, Month, Window

pytestmark = pytest.mark.rules

KINDS = features.ActivitySettings(
    function_groups={},
    transaction_channels=("mobile",),
    asset_products=("deposit",),
)
SETTINGS = features.FeatureSettings(lookback_months=(1, 3), min_history_months=1)
CYCLES = (Month.parse("2026-03"), Month.parse("2026-05"))
ARRIVALS = [Month.parse("2025-12") + back for back in range(8)]


def scattered(rows: Rows) -> dict[str, DataFrame]:
    """Some 200 rows of four users over half a year, a third of them arriving weeks after they happened."""
    events = []
    for n in range(60):
        happened = datetime.fromisoformat("2025-12-03 09:00") + timedelta(hours=n * 73 % 4400)
        late = timedelta(days=n * 17 % 50) if n % 3 == 0 else timedelta(minutes=n)
        events.append((n % 4 + 1, str(happened), str(happened + late), n))
    logins = [(user, at, known, n * 7) for user, at, known, n in events]
    transactions = [(user, at, known, f"{n}.1{n % 10}", n % 5 > 0, "mobile") for user, at, known, n in events]
    balances = [(u, at[:10], known, "deposit", f"{n - 9}.25") for u, at, known, n in events[:40]]
    uses = [(user, at, known, "transfer" if n % 2 else "bill") for user, at, known, n in events]
    benefits = [(u, at, known, "redeemed" if n % 3 else "claimed", f"{n}.5") for u, at, known, n in events[:30]]
    sent = [(user, at, known, "sms", "delivered" if n % 4 else "failed") for user, at, known, n in events[10:]]
    outside = [(user, at, known, "call") for user, at, known, _ in events[20:]]
    times = ["user_id", "event_at", "arrived_at"]
    return {
        "logins": rows(canonical.LOGINS, [*times, "session_seconds"], logins),
        "transactions": rows(canonical.TRANSACTIONS, [*times, "amount", "is_self_initiated", "channel"], transactions),
        "asset_snapshots": rows(
            canonical.ASSET_SNAPSHOTS, ["user_id", "snapshot_on", "arrived_at", "product", "balance"], balances
        ),
        "function_uses": rows(canonical.FUNCTION_USES, [*times, "function_code"], uses),
        "benefit_events": rows(canonical.BENEFIT_EVENTS, [*times, "action", "value"], benefits),
        "contacts": rows(canonical.CONTACTS, ["user_id", "sent_at", "arrived_at", "channel", "status"], sent),
        "outside_contacts": rows(canonical.OUTSIDE_CONTACTS, ["user_id", "sent_at", "arrived_at", "channel"], outside),
    }


def features_of(spark: SparkSession, months: DataFrame, sources: dict[str, DataFrame], calendar: Calendar) -> DataFrame:
    users = [(str(c), u, date(2020, 1, 1), 1980, "f", "mass", True, None) for c in CYCLES for u in range(1, 6)]
    schema = (
        "cycle string, user_id bigint, signed_up_on date, birth_year int, gender string, segment string,"
        " has_phone boolean, has_push boolean"
    )
    return features.build(
        spark.createDataFrame(users, schema),
        months,
        measures=features.measures(KINDS),
        features=features.catalogue(["users", *sources], SETTINGS, kinds=KINDS),
        calendar=calendar,
        settings=SETTINGS,
    )


def straight_from_rows(sources: dict[str, DataFrame], calendar: Calendar) -> DataFrame:
    """What `merge_months` gives, computed from the raw rows of each cycle at once."""
    each = []
    for cycle in CYCLES:
        window = Window((cycle - SETTINGS.longest).first, cycle.first)
        months = features.partials.in_window(
            sources, window=window, known_before=cycle.first, calendar=calendar, settings=KINDS
        )
        back = [F.when(F.col("event_month") == str(cycle - b), b) for b in range(1, SETTINGS.longest + 1)]
        each.append(months.withColumns({"cycle": F.lit(str(cycle)), "months_back": F.coalesce(*back)}))
    return each[0].unionByName(each[1])


def test_features_from_partials_equal_features_straight_from_raw_rows(spark: SparkSession, rows: Rows) -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    sources = scattered(rows)
    local = {name: table.withColumn("arrival_cycle", shanghai.month("arrived_at")) for name, table in sources.items()}
    stored = features.partials.by_arrival(local, arrivals=ARRIVALS, calendar=shanghai, settings=KINDS)
    merged = features.partials.merge_months(stored, cycles=CYCLES, settings=KINDS, months=SETTINGS.longest)
    from_partials = features_of(spark, merged, sources, shanghai)
    from_rows = features_of(spark, straight_from_rows(local, shanghai), sources, shanghai)
    assert_df_equality(from_partials, from_rows, ignore_row_order=True)


def test_a_late_row_makes_a_partial_of_its_own_and_merges_into_its_month(rows: Rows, utc: Calendar) -> None:
    transactions = rows(
        canonical.TRANSACTIONS,
        ["user_id", "event_at", "arrived_at", "amount", "is_self_initiated"],
        [
            (1, "2026-04-10 10:00", "2026-04-10 11:00", "0.10", True),
            (1, "2026-04-10 12:00", "2026-05-02 00:00", "0.20", True),  # the same day, arrived a month later
            (1, "2026-05-03 12:00", "2026-05-03 12:00", "0.40", True),
        ],
    )
    stored = features.partials.by_arrival(
        {"transactions": transactions}, arrivals=ARRIVALS, calendar=utc, settings=KINDS
    ).persist()
    keys = {(row.arrival_cycle, row.event_month): row for row in stored.collect()}
    assert sorted(keys) == [("2026-04", "2026-04"), ("2026-05", "2026-04"), ("2026-05", "2026-05")]

    def april(cycle: str) -> Any:
        merged = features.partials.merge_months(stored, cycles=[Month.parse(cycle)], settings=KINDS, months=2)
        return merged.where(f"months_back = {Month.parse(cycle).month - 4}").collect()[0]

    assert (april("2026-05").transaction_own_count, april("2026-05").transaction_own_amount) == (1, Decimal("0.10"))
    assert (april("2026-06").transaction_own_count, april("2026-06").transaction_own_amount) == (2, Decimal("0.30"))
    assert april("2026-06").transaction_own_days == 1 << 9  # one day, seen twice
    assert april("2026-06").login_count is None  # an absent source says nothing, not 0


def test_the_contract_keeps_measures_exact_and_named_once() -> None:
    names = features.partials.contract(KINDS).column_names
    assert len(names) == len(set(names))
    types = {measure.type for group in features.measures(KINDS).values() for measure in group}
    assert not types & {"double", "float"}


def test_a_measure_that_cannot_merge_exactly_is_refused() -> None:
    with pytest.raises(ValueError, match="must be exact"):
        Measure("login_seconds", "double", "session_seconds", "sum", "time")
    with pytest.raises(ValueError, match="end with _days"):
        Measure("login_days", "bigint", "1L", "sum", "days")
