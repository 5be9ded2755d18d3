"""A wave under other settings, from the command line: what would differ is told, and nothing is written."""

import pytest

from cycle.conftest import Bank
from reactivation.contracts import derived

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
