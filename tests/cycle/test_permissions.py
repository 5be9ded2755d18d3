"""Who may be contacted and profiled, from raw tables to waves, in the month that the bank has lived."""

from dataclasses import replace

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cycle.conftest import Bank
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import SettingsError
from reactivation.pipelines import permissions, training_rows

pytestmark = pytest.mark.cycle

CYCLE, NEXT = "2026-05", "2026-06"
SHANGHAI = 8 * 3600
DAYS = {"W1": "2026-05-06", "W2": "2026-05-12", "W3": "2026-05-19", "W4": "2026-05-26"}


def refusers(bank: Bank, day: str, kind: str = "profiling") -> set[int]:
    """Users whose latest decision that was known at 00:00 of a day is a refusal."""
    starts = F.unix_seconds(F.lit(f"{day} 00:00:00Z").cast("timestamp")) - SHANGHAI
    rows = bank.read(canonical.CONSENTS).where(F.col("channel") == kind)
    known = rows.where((F.unix_seconds("event_at") < starts) & (F.unix_seconds("arrived_at") < starts))
    order = F.struct("event_at", "arrived_at", ~F.col("is_allowed"))
    latest = known.groupBy("user_id").agg(F.max_by("is_allowed", order).alias("is_allowed"))
    return ids(latest.where("not is_allowed"))


def ids(rows: DataFrame) -> set[int]:
    return {row.user_id for row in rows.select("user_id").collect()}


def test_who_refuses_profiling_has_no_score_no_tier_and_no_place_in_any_order(bank: Bank) -> None:
    asleep = ids(bank.read(derived.FEATURES, CYCLE).where("is_low_activity"))
    refused = refusers(bank, "2026-05-01") & asleep
    assert len(refused) > 20
    assert not refused & ids(bank.read(derived.SCORES, CYCLE))
    assert not refused & ids(bank.read(derived.TIERS_TABLE, CYCLE))
    arms = {row.user_id: row for row in bank.read(derived.ARMS, CYCLE).collect()}
    assert set(arms) == asleep
    picks = ("is_selected", "picked_by_model", "picked_by_rule", "picked_by_random")
    assert {(arms[user].policy, arms[user].touch, arms[user].policy_rank) for user in refused} == {("none", None, None)}
    assert not any(arms[user][pick] for user in refused for pick in picks)


def test_who_refuses_profiling_teaches_no_model(bank: Bank) -> None:
    material = training_rows.known(bank.open(flow.TRAIN, NEXT))
    users = ids(material.examples(["active"])["active"])
    assert users
    assert not refusers(bank, "2026-06-01") & users  # also of the months before the refusal


def test_a_refusal_ends_the_remaining_waves_and_all_sleepers_are_still_counted(bank: Bank) -> None:
    asleep = ids(bank.read(derived.FEATURES, CYCLE).where("is_low_activity"))
    before = 0
    for wave, day in DAYS.items():
        planned = ids(bank.read(derived.WAVE_PLAN, CYCLE).where(F.col("wave") == wave))
        refused = refusers(bank, day) & asleep
        assert planned
        assert not refused & planned
        for channel in canonical.CONTACT_CHANNELS:
            by_it = ids(
                bank.read(derived.WAVE_PLAN, CYCLE).where((F.col("wave") == wave) & (F.col("channel") == channel))
            )
            assert not refusers(bank, day, channel) & by_it
        waterfall = bank.read(derived.WAVE_WATERFALL, CYCLE).where(F.col("wave") == wave).collect()
        counts = {row.reason: row.users for row in waterfall}
        assert sum(counts.values()) == len(asleep)
        assert counts["profiling_refused"] >= max(len(refused), before)
        before = len(refused)


def test_plan_wave_says_how_many_users_unreadable_rows_bar(bank: Bank) -> None:
    said = [line for line in bank.said.splitlines() if "by rows that cannot be read" in line]
    assert len(said) == len(DAYS)
    assert max(int(line.split()[3]) for line in said) > 0  # some rows of the simulated bank are broken


def test_what_counts_for_the_undecided_is_asked_for_by_the_job_that_needs_it(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    unsaid = [part for kind in ("sms", "profiling") for part in ("--set", f"population.undecided.{kind}=null")]
    assert bank.job("train_models", NEXT, *unsaid) == 2
    said = capsys.readouterr().err
    assert "missing key  population.undecided.profiling" in said
    assert "say `not_allowed`, or name legal_basis, document and valid_until" in said
    assert bank.job("score_users", NEXT, *unsaid) == 2
    capsys.readouterr()
    assert bank.job("assign_tiers", NEXT, *unsaid) == 2
    said = capsys.readouterr().err
    assert "population.undecided.sms" in said
    assert "population.undecided.profiling" in said


def test_production_takes_no_basis_that_is_assumed_and_the_plan_bears_its_name(bank: Bank) -> None:
    run = bank.open(flow.ASSIGN, NEXT)
    permissions.require_answers(run, ["sms", "profiling"])
    with pytest.raises(SettingsError, match="`assumed` is no legal basis in prod") as error:
        permissions.require_answers(replace(run, env="prod"), ["sms", "profiling"])
    assert len(error.value.findings) == 4
    plan = bank.read(derived.EXPERIMENT_PLAN, CYCLE).collect()[0].plan_json
    assert '"legal_basis": "assumed"' in plan.replace('":"', '": "')


def test_a_wave_is_not_planned_on_an_old_feed_or_on_rows_without_users(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = bank.fingerprint(derived.WAVE_PLAN, CYCLE)
    strict = ("--set", "population.consent.max_share_without_user=0", "--force", "--reason", "a test")
    assert bank.job("plan_wave", CYCLE, "--wave", "W1", *strict) == 2
    said = capsys.readouterr().err
    assert "nothing is planned: what users decided is not known well enough as of 2026-05-06" in said
    assert "user unreadable  consents" in said
    assert plans == bank.fingerprint(derived.WAVE_PLAN, CYCLE)
