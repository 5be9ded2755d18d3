"""One user's month in words: the reasons are those that the waterfall counts, and who asked is noted."""

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cycle.conftest import CYCLE, Bank
from reactivation import campaign
from reactivation.contracts import derived, flow
from reactivation.pipelines import explain_user, plan_wave, releases
from reactivation.runtime.one_user import OneUser
from reactivation.runtime.run import Run

pytestmark = pytest.mark.cycle


def counted(reasons: DataFrame) -> dict[str, int]:
    return {row.reason: row["count"] for row in reasons.groupBy("reason").count().collect()}


def cells(r: Run) -> dict[str, int]:
    return campaign.arms.cell_sizes(r.read(derived.ARMS, F.col("cycle") == CYCLE))


@pytest.fixture(scope="module")
def asked() -> set[str | None]:
    """Reasons of which one user has been asked for alone: each costs a plan of its own."""
    return set()


@pytest.mark.parametrize("wave", ["W1", "W3"])
def test_reasons_of_all_users_are_those_that_the_waterfall_counts(
    bank: Bank, wave: str, asked: set[str | None]
) -> None:
    r = bank.open(flow.EXPLAIN, CYCLE)
    version = explain_user.version_of(releases.ledger(r), cycle=CYCLE, wave=wave)
    assert version is not None
    event = version.event
    first = explain_user.first_reasons(r, releases.ledger(r), version, cells(r)).withColumnRenamed("reason", "first")
    days = event["as_of"], event["send_on"]
    again = plan_wave.looked_at(r.at(r.step, wave=wave), releases.ledger(r), wave, *days).planned()
    assert again.digest == event["plan_digest"]  # what came since changes no wave of the past
    both = first.join(again.decided.select("user_id", F.col("reason").alias("decided")), "user_id", "full").collect()
    left_out = {row.decided for row in both if row.first is None}
    assert left_out <= {"no_capacity", "no_budget"}
    assert [row for row in both if row.first not in (None, row.decided)] == []
    waterfall = bank.read(derived.WAVE_WATERFALL, CYCLE).where(
        (F.col("wave") == wave) & (F.col("plan_version") == event["plan_version"])
    )
    found = counted(first.join(again.decided, "user_id").select(F.coalesce("first", "reason").alias("reason")))
    assert found == {row.reason: row.users for row in waterfall.collect()}
    one_of_each = {row.first: row.user_id for row in both if row.first not in asked}
    for user in one_of_each.values():
        alone = explain_user.first_reasons(OneUser.of(r, user), releases.ledger(r), version, cells(r)).collect()
        assert [(row.user_id, row.reason) for row in alone] == [(u.user_id, u.first) for u in both if u.user_id == user]
    asked |= one_of_each.keys()


def test_a_user_is_explained_to_the_staff_and_it_is_noted_who_asked(
    bank: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    offers = bank.read(derived.CONTACT_LEDGER, CYCLE).where("wave = 'W1' and benefit = 'login_discount'")
    sent = offers.where("channel = 'push'").orderBy("user_id").head()
    assert sent is not None
    assert bank.job("explain_user", CYCLE, "--user-id", str(sent.user_id), "--reason", "complaint 17") == 0
    said = capsys.readouterr().out
    log = (bank.root / "logs" / CYCLE / "explain_user.log").read_text(encoding="utf-8")
    assert "probability" not in log
    assert "W1 (version" not in log
    scores = bank.read(derived.SCORES, CYCLE).where(F.col("user_id") == sent.user_id).collect()[0]
    assert f"active: probability {scores.p_active:.3f}" in said
    assert len(scores.reasons_active) == 5
    for reason in scores.reasons_active:
        assert f"  {reason.contribution:+.3f}  " in said
        assert f"{reason.contribution:+.3f}  {reason.feature}" not in said  # in the feature's words, not by its name
    arm = bank.read(derived.ARMS, CYCLE).where(F.col("user_id") == sent.user_id).collect()[0]
    assert f"cell {arm.policy} (rank {arm.policy_rank}), picked, touched" in said
    assert "W1 (version 1, released, planned as of 2026-05-06, to be sent on 2026-05-06): push, login_discount" in said
    for wave in ("W2", "W3", "W4"):
        assert f"{wave} (version 1, released" in said
    assert "logged_in: " in said
    noted = bank.read(derived.EXPLANATION_LOG, CYCLE).where(F.col("user_id") == sent.user_id).collect()
    assert {(row.audience, row.reason) for row in noted} == {("staff", "complaint 17")}
    assert all(row.principal for row in noted)


def test_the_customer_reads_no_score_and_no_cell(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    user = bank.read(derived.ARMS, CYCLE).where("touch = 'holdout'").orderBy("user_id").head()
    assert user is not None
    ask = ("--user-id", str(user.user_id), "--reason", "request of the customer", "--for", "customer")
    assert bank.job("explain_user", CYCLE, *ask) == 0
    before, _, said = capsys.readouterr().out.partition("Your data")
    assert "learnt from" not in before  # waves are worked out again for the holdout
    assert said.count("you got no message from us: a part of our customers, drawn by chance") == 4
    assert "What counted most for you: " in said
    assert [word for word in ("probability", "score", "tier", "holdout", user.policy, "0.") if word in said] == []


def test_a_user_who_was_stopped_and_sent_to_by_the_next_version_hears_of_what_was_sent() -> None:
    first, second = ({"plan_version": n, "stopped_on": None} for n in (1, 2))
    stopped, stopped_too = ({**row, "stopped_on": "2026-05-07"} for row in (first, second))
    for rows in ([stopped, second], [second, stopped]):  # a cluster gives them in any order
        assert explain_user.that_counts(rows) == second
    assert explain_user.that_counts([first, stopped_too]) == first
    assert explain_user.that_counts([stopped_too, stopped]) == stopped_too
    assert explain_user.that_counts([]) is None


def test_nobody_is_looked_up_without_a_reason(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    before = bank.read(derived.EXPLANATION_LOG, CYCLE).count()
    assert bank.job("explain_user", CYCLE, "--user-id", "1", "--reason", " ") == 2
    assert "say why it is asked for" in capsys.readouterr().err
    assert bank.read(derived.EXPLANATION_LOG, CYCLE).count() == before


def test_of_a_user_who_is_not_there_nothing_is_known(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert bank.job("explain_user", CYCLE, "--user-id", "999999999", "--reason", "review") == 0
    said = capsys.readouterr().out
    assert "none: the user was not of low activity at the observation date, or refuses profiling" in said
    assert "W1" not in said


def test_every_score_has_its_reasons_and_nobody_else_has_any(bank: Bank) -> None:
    scores = bank.read(derived.SCORES, CYCLE)
    known = set(bank.read(derived.FEATURES, CYCLE).columns)
    assert scores.where("raw_active is not null and coalesce(size(reasons_active), 0) < 3").isEmpty()
    assert scores.where("raw_asset_uplift is null and reasons_asset_uplift is not null").isEmpty()
    named = scores.select(F.explode("reasons_active.feature").alias("name")).distinct().collect()
    assert {row.name for row in named} <= known
    assert len(named) > 5
