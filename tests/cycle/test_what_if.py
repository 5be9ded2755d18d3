"""A wave under other settings, from the command line: what would differ is told, and nothing is written."""

from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conftest import Rows
from cycle.conftest import Bank
from reactivation import campaign
from reactivation.contracts import derived
from reactivation.pipelines import what_if
from reactivation.runtime.store import Store

pytestmark = pytest.mark.cycle

CYCLE = "2026-05"
PLANS = (derived.WAVE_PLAN, derived.WAVE_WATERFALL, derived.WAVE_LIMITS, derived.WAVE_RELEASES)


def test_a_smaller_budget_spends_less_and_no_plan_notices(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    before = [bank.fingerprint(table, CYCLE) for table in PLANS]
    less = ("--set", "campaign.waves.W1.budget_cny_per_1000_users=30")
    assert bank.job("what_if", CYCLE, "--wave", "W1", *less, "--budgets", "1", "2") == 0
    said = capsys.readouterr().out
    assert f"W1 of {CYCLE} as of 2026-05-06, nothing is written" in said
    [spend] = [line.split() for line in said.splitlines() if line.strip().startswith("spend ")]
    assert float(spend[2].replace(" ", "")) < float(spend[1].replace(" ", ""))
    assert "W1: value against budget" in said
    assert before == [bank.fingerprint(table, CYCLE) for table in PLANS]


def test_a_wave_whose_day_is_not_ingested_is_not_planned_on_an_empty_month(
    spark: SparkSession, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bank, store, planned = Bank(spark, tmp_path), Store(spark, str(tmp_path)), list[str]()
    counts = rows(derived.INGEST_COUNTS, ["cycle", "source", "arrived_before"], [(CYCLE, "logins", "2026-05-06")])
    store.replace(derived.INGEST_COUNTS, counts, {"cycle": [CYCLE]})
    monkeypatch.setattr(what_if, "_one", lambda r, *_: planned.append(r.wave))
    assert bank.job("what_if", CYCLE) == 0
    assert planned == ["W1"]  # of the 6th
    assert "W2 is left out: its day, 2026-05-12, is not ingested yet" in capsys.readouterr().out
    assert bank.job("what_if", CYCLE, "--wave", "W2") == 2
    assert planned == ["W1"]
    assert "not ingested up to 2026-05-12" in capsys.readouterr().err


def test_prices_are_those_of_the_models_cell(rows: Rows) -> None:
    columns = ["policy", "channel", "is_exploration", "cost", "expected_gain", "expected_asset_gain"]
    plan = rows(derived.WAVE_PLAN, columns, [("model", "sms", False, "1.55", 0.10, 0.02)])
    limits = [
        {"policy": policy, "limit": "capacity_sms", "shadow_price": price}
        for policy, price in (("rule", None), ("model", 2.5), ("challenger", 9.0))
    ]
    with_assets = campaign.Terms(Decimal(20), asset_uplift=Decimal(30))
    assert what_if._figures(plan, limits, with_assets)["value"] == 1.05
    assert what_if._figures(plan, limits, campaign.Terms(Decimal(20))) == {
        "users reached": 1.0,
        "spend": 1.55,
        "value": 0.45,
        "one more of capacity_sms": 2.5,
    }
