"""Before registration: what each cell will send and spend, and the refusal of a cell that cannot spend its part."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reactivation.campaign import CampaignSettings, Odds, WaveSalts
from reactivation.campaign.planning import eligibility
from reactivation.campaign.planning.capacity import PricedOption, RemainingCapacity, of_cells, priced_options
from reactivation.campaign.planning.forecast import (
    Draws,
    Forecast,
    eligible_sizes,
    of_cell,
    require_equal,
    stands_in,
    why_unequal,
)
from reactivation.errors import PlanError
from reactivation.periods import Window
from reactivation.settings import load

CONF = Path(__file__).parents[2] / "conf"
PUSH = PricedOption("push/none", 0, "push", "none", Decimal(0))
SMS = PricedOption("sms/gift", 1, "sms", "gift", Decimal("1.50"))
CALL = PricedOption("call/gift", 2, "call", "gift", Decimal("4.00"))
PLAIN = Draws(explored=0.0, odds=Odds(0.25), reserve=0.2)
PLENTY = RemainingCapacity({"push": 1_000, "sms": 1_000, "call": 1_000}, 10**9)


@pytest.mark.numbers
def test_options_are_filled_in_their_order_until_channel_or_budget_ends() -> None:
    sizes = {(0, 0b110): 40.0, (1, 0b010): 60.0}  # the first forty may be called, all may get an SMS
    part = RemainingCapacity({"sms": 50, "call": 30}, 100_000)
    contacts, cents, squares = of_cell(sizes, [CALL, SMS], part=part, draws=PLAIN)
    assert contacts == {"sms": 50, "call": 30}
    assert cents == 30 * 400 + 50 * 150
    assert squares == 30 * 400**2 + 50 * 150**2
    contacts, cents, _ = of_cell(
        sizes, [CALL, SMS], part=RemainingCapacity({"sms": 50, "call": 30}, 10_000), draws=PLAIN
    )
    assert contacts == {"sms": 0, "call": 25}  # the budget ends before the channel does
    assert cents == 10_000


@pytest.mark.numbers
def test_the_same_days_of_the_month_before_stand_in_for_the_month_to_date() -> None:
    assert stands_in(date(2026, 5, 12)) == Window(date(2026, 4, 1), date(2026, 4, 12))  # to the 11th
    assert stands_in(date(2026, 3, 31)) == Window(date(2026, 2, 1), date(2026, 3, 1))  # a wave that was moved
    assert stands_in(date(2026, 1, 5)) == Window(date(2025, 12, 1), date(2025, 12, 5))


@pytest.mark.numbers
def test_draws_come_first_and_from_what_is_kept_for_them() -> None:
    sizes = {(0, 0b011): 100.0}
    contacts, cents, _ = of_cell(sizes, [PUSH, SMS], part=PLENTY, draws=Draws(0.2, Odds(0.25), 0.2))
    # twenty are drawn: five get none, seven and a half each option; the eighty others all get the push
    assert contacts == pytest.approx({"push": 87.5, "sms": 7.5, "call": 0})
    assert cents == pytest.approx(7.5 * 150)
    few = RemainingCapacity({"push": 1_000, "sms": 10}, 10**9)  # two SMS are kept for draws
    contacts, _, _ = of_cell(sizes, [PUSH, SMS], part=few, draws=Draws(0.2, Odds(0.25), 0.2))
    assert contacts["sms"] == pytest.approx(2)


def forecast(policy: str, wave: str, eligible: float, *, users: int, part: RemainingCapacity) -> Forecast:
    filled = of_cell({(0, 0b100): eligible}, [CALL], part=part, draws=PLAIN)
    return Forecast(wave, policy, users, eligible, *filled, part)


def month(settings: CampaignSettings, rule_w3: float, *, size: int = 1) -> list[Forecast]:
    """The model cell is four times the rule's; both fill the first wave, the rule perhaps not the third."""
    parts = {
        "model": RemainingCapacity({"call": 180 * size}, 10**9),
        "rule": RemainingCapacity({"call": 45 * size}, 10**9),
    }
    return [
        forecast(policy, wave, eligible * size, users=users * size, part=parts[policy])
        for wave, rule in (("W1", 500.0), ("W3", rule_w3))
        for policy, eligible, users in (("model", 500.0, 4_000), ("rule", rule, 1_000))
    ]


@pytest.fixture
def two_waves(conf: dict[str, Any]) -> CampaignSettings:
    conf["waves"]["W3"] = {**conf["waves"]["W1"], "day": 19}
    conf["waves"]["W3"]["qualifies"] = {**conf["waves"]["W1"]["qualifies"], "rule": "transaction_own_count_1m < 4"}
    return CampaignSettings.model_validate(conf)


@pytest.mark.numbers
def test_a_cell_that_cannot_spend_its_part_is_refused_by_the_wave_and_the_condition_that_binds(
    two_waves: CampaignSettings,
) -> None:
    with pytest.raises(PlanError, match="the cells of 2026-06 cannot spend alike") as error:
        require_equal(month(two_waves, 0.0), two_waves.waves, cycle="2026-06", tolerance=0.1)
    cell, wave = error.value.findings
    assert (cell.kind, cell.what) == ("cannot spend", "cell rule")
    assert cell.advice.startswith("0.1800 per user forecast over all waves, 0.3600 in model: more than 10% less")
    assert (wave.kind, wave.what) == ("W3 rule", "campaign.waves.W3.qualifies.rule")
    assert wave.advice.startswith("0 users are left by `transaction_own_count_1m < 4`: call 0 of 45, 0.00 of")
    assert "model: 500 users" in wave.advice


@pytest.mark.numbers
def test_cells_that_spend_alike_within_the_tolerance_are_let_pass(two_waves: CampaignSettings) -> None:
    assert why_unequal(month(two_waves, 45.0), two_waves.waves, tolerance=0.1) == []
    assert why_unequal(month(two_waves, 38.0, size=100), two_waves.waves, tolerance=0.1) == []  # 8 % less
    assert why_unequal(month(two_waves, 30.0, size=100), two_waves.waves, tolerance=0.1) != []  # 17 % less


@pytest.mark.numbers
def test_what_chance_may_do_in_a_small_cell_is_no_reason_to_refuse(two_waves: CampaignSettings) -> None:
    """45 calls and 30: 17 % less over the month, and two standard errors of so few contacts."""
    assert why_unequal(month(two_waves, 30.0), two_waves.waves, tolerance=0.1) == []


@pytest.mark.numbers
def test_a_row_says_what_of_each_channel_is_used(two_waves: CampaignSettings) -> None:
    row = month(two_waves, 30.0)[-1].row("2026-06")
    assert row == {
        **{"cycle": "2026-06", "wave": "W3", "policy": "rule", "open_users": 1_000, "eligible": 30},
        **{"contacts": 30.0, "spend": 120.0, "budget": 10**7, "uses": "call 30 of 45"},
    }


@pytest.mark.rules
def test_the_rules_third_wave_spends_its_calls_where_either_counts_and_none_where_both_must(facts: Any) -> None:
    """The rule picks who has most transactions, so few of its picks have few of them: it used 0 of its calls."""
    settings = load(CONF, env="local", region="sandbox", scenario="mobile_activity").settings.campaign
    names = ["user_id", "policy_rank", "policy_rank_share", "transaction_own_count_1m"]
    picks = facts(names, [(n, n, n / 1_000, 20.0 - n // 20) for n in range(1, 301)])  # 20 down to 5 transactions
    cells = {"model": 4_000, "rule": 1_000, "random": 1_000, "none": 4_000}
    found = {}
    for kind, condition in {
        "either": None,
        "both": "transaction_own_count_1m < 4 and policy_rank_share <= 0.20",
    }.items():
        wave = settings.waves["W3"]
        if condition is not None:
            wave = wave.model_copy(update={"qualifies": dict.fromkeys(wave.qualifies, condition), "first": None})
        eligible = eligibility.eligibility(
            picks, wave=wave, name="W3", cells=cells, settings=settings, salts=WaveSalts("a", "b", "c")
        )
        rows = eligible_sizes(eligible, "W3").collect()
        sizes = {(row.rank_bucket, row.options_mask): float(row.users) for row in rows}
        part = of_cells(wave, cells, settings.arms)["rule"]
        contacts, cents, _ = of_cell(sizes, priced_options(wave, settings), part=part, draws=PLAIN)
        found[kind] = (sum(sizes.values()), contacts["call"], part.contacts["call"])
        assert cents <= part.cents
    assert found == {"either": (200, 25, 25), "both": (0, 0, 25)}
