"""The registered plan from the command line: who may change it, who is held to it, and where it is kept."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import mlflow
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from cycle.conftest import Bank
from reactivation import campaign
from reactivation.campaign.planning.settings import Option
from reactivation.contracts import derived, flow
from reactivation.pipelines import plan_registration
from reactivation.pipelines.readout_outcomes import offered
from reactivation.runtime.store import Store

pytestmark = pytest.mark.cycle

CYCLE = "2026-05"
OTHER = ("--set", "campaign.arms.holdout_share=0.3")


def test_a_running_experiment_is_not_changed_and_nothing_is_written(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [bank.fingerprint(table, CYCLE) for table in (derived.TIERS_TABLE, derived.ARMS, derived.EXPERIMENT_PLAN)]
    assert bank.job("assign_tiers", CYCLE, *OTHER) == 2
    said = capsys.readouterr().err
    assert "is running and cannot be changed" in said
    assert "campaign.arms.holdout_share" in said
    assert before == [
        bank.fingerprint(table, CYCLE) for table in (derived.TIERS_TABLE, derived.ARMS, derived.EXPERIMENT_PLAN)
    ]


def test_a_wave_that_differs_from_the_plan_is_refused(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert bank.job("plan_wave", CYCLE, "--wave", "W1", "--as-of", "2026-05-07", *OTHER) == 2
    said = capsys.readouterr().err
    assert "registered 2026-05-06, now 2026-05-07" in said
    assert "registered 0.45, now 0.3" in said


def test_who_takes_part_what_counts_as_an_outcome_and_what_offers_cost_is_registered(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {
        "labels.asset_uplift.min_share": "0.3",
        "campaign.exploration.none_share": "0.5",
        "population.contact_policy.counts_outside_contacts": "false",
    }
    changed = [part for name, value in other.items() for part in ("--set", f"{name}={value}")]
    assert bank.job("plan_wave", CYCLE, "--wave", "W1", *changed) == 2
    said = capsys.readouterr().err
    assert [name for name in other if name not in said] == []


def test_nobody_is_put_into_tiers_without_scores(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert bank.job("assign_tiers", "2026-09") == 2
    assert "run jobs/score_users.py for this cycle first" in capsys.readouterr().err
    assert bank.read(derived.EXPERIMENT_PLAN, "2026-09").isEmpty()


def test_a_wave_waits_for_the_days_before_it(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert bank.job("plan_wave", "2026-06", "--wave", "W2") == 2
    said = capsys.readouterr().err
    assert "run jobs/ingest_sources.py --cycle 2026-06 --as-of 2026-06-12 first; it stopped at 2026-06-0" in said
    assert bank.read(derived.WAVE_PLAN, "2026-06").isEmpty()
    assert not (bank.root / "exports" / "2026-06" / "W2").exists()


def test_the_plan_is_kept_in_mlflow_before_the_first_wave(bank: Bank) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{bank.root}/mlflow.db")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    kept = [run for run in runs if run.info.run_name == f"{CYCLE} experiment plan"]
    row = bank.read(derived.EXPERIMENT_PLAN, CYCLE).collect()[0]
    assert [run.data.tags["plan_hash"] for run in kept] == [row.plan_hash]
    found = {name: mlflow.artifacts.load_text(f"runs:/{kept[0].info.run_id}/{name}.json") for name in ("plan", "power")}
    assert found == {"plan": row.plan_json, "power": row.power_json}
    known = {line["metric"] for line in json.loads(row.power_json) if line["minimum_detectable"] is not None}
    assert {"login", "transaction", "active"} <= known  # in the first month, before any outcome


def test_the_report_says_whether_it_is_what_was_registered(bank: Bank) -> None:
    text = (bank.root / "reports" / CYCLE / "report.txt").read_text(encoding="utf-8")
    assert "What was analysed is what was registered." in text


def test_a_month_is_read_out_at_the_prices_and_offers_it_was_registered_with(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    Store(spark, str(tmp_path)).replace(
        derived.WAVE_PLAN,
        rows(
            derived.WAVE_PLAN,
            ["cycle", "wave", "user_id", "channel", "benefit", "contact_id"],
            [
                (CYCLE, "W1", 1, "sms", "login_discount", "a"),
                (CYCLE, "W1", 2, "sms", "gift_by_force", "b"),  # what no plan offers was given all the same
                (CYCLE, "W1", 3, "none", "none", None),
            ],
        ),
        {"cycle": CYCLE, "wave": "W1"},
    )
    r = Bank(spark, tmp_path).open(flow.READ_OUT, CYCLE)
    then, plan = r.settings.campaign, plan_registration.draft(r)
    others = {
        "channel_cost_cny": dict.fromkeys(then.channel_cost_cny, Decimal(9)),
        "benefits": {"none": then.benefits["none"]},
        "waves": {"W1": then.waves["W1"].model_copy(update={"options": (Option(channel="sms", benefit="none"),)})},
        "arms": then.arms.model_copy(update={"selected_share": 0.1, "rule_order": "1"}),
    }
    found = plan_registration.under_the_plan(r.under(campaign=then.model_copy(update=others)), plan)
    now = found.run.settings.campaign
    assert {name: getattr(now, name) for name in others} == {name: getattr(then, name) for name in others}
    assert "campaign.channel_cost_cny.sms" in {change.what for change in found.changes}  # and the report says so
    assert offered(found.run) == (*campaign.waves.benefits_offered(then), "gift_by_force")


def test_each_arm_is_balanced_against_its_holdout(bank: Bank) -> None:
    rows = bank.read(derived.BALANCE, CYCLE).collect()
    assert {row.kind for row in rows} == {"covariate", "pre_period"}
    assert {"arms_model", "arms_rule", "arms_random"} <= {row.contrast for row in rows}
    assert max(abs(row.standardised_difference or 0) for row in rows) < 0.6  # a small bank, but chance all the same


def test_what_each_cell_will_send_and_spend_is_forecast_wave_by_wave(bank: Bank) -> None:
    rows = {(row.wave, row.policy): row for row in bank.read(derived.SPEND_FORECAST, CYCLE).collect()}
    assert set(rows) == {(wave, policy) for wave in ("W1", "W2", "W3", "W4") for policy in derived.POLICIES}
    sent = bank.read(derived.WAVE_PLAN, CYCLE).where("contact_id is not null and wave = 'W1' and policy = 'model'")
    picked = bank.read(derived.ARMS, CYCLE).where("is_selected").select("user_id")
    contacts = sent.join(picked, "user_id", "left_semi").count()  # guidance is at no cost and in no forecast
    assert rows["W1", "model"].contacts == pytest.approx(contacts, rel=0.15)
    assert all(row.spend <= row.budget + 0.01 for row in rows.values())


def test_a_cell_that_cannot_spend_its_part_is_refused_before_anything_is_registered(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    before = bank.read(derived.EXPERIMENT_PLAN, "2026-06").collect()
    waves = [
        part
        for wave in ("W1", "W2", "W3", "W4")
        for part in ("--set", f"campaign.waves.{wave}.qualifies.rule=transaction_own_count_1m < 0")
    ]
    assert bank.job("assign_tiers", "2026-06", *waves) == 2
    said = capsys.readouterr().err
    assert "the cells of 2026-06 cannot spend alike: the policies could not be compared" in said
    assert "campaign.waves.W1.qualifies.rule" in said
    assert "0 users are left by `transaction_own_count_1m < 0`" in said
    assert bank.read(derived.EXPERIMENT_PLAN, "2026-06").collect() == before


def test_other_senders_are_told_whom_to_leave_alone(bank: Bank) -> None:
    held = bank.read(derived.ARMS, CYCLE).where(F.col("touch").isNotNull()).collect()
    until = {"touched": "2026-06-01", "holdout": "2026-06-01", "long_holdout": "2027-01-01"}
    with (bank.root / "exports" / CYCLE / "suppression.csv").open(encoding="utf-8") as lines:
        found = {int(row["user_id"]): row["until"] for row in csv.DictReader(lines)}
    assert found == {row.user_id: until[row.touch] for row in held}


def test_the_design_answers_before_the_launch_and_writes_no_table(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bank.job("design_experiment", "2026-06", "--see", "0.05", "--metric", "login") == 0
    said = capsys.readouterr().out
    assert "the price is" in said or "no holdout among" in said
    assert (bank.root / "reports" / "2026-06" / "design.html").is_file()
    assert bank.job("design_experiment", "2026-06", "--see", "5", "--metric", "logins") == 2
    error = capsys.readouterr().err
    assert "did you mean `login`" in error
    assert "0.005 is half a point" in error
