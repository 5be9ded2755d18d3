"""A wave may let some go before the others of their cell; the third wave takes either kind, those with both first."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reactivation.campaign import CampaignSettings, WaveSalts
from reactivation.campaign.planning import eligibility, wave_days, waves
from reactivation.errors import SettingsError
from reactivation.periods import Calendar, Month
from reactivation.settings import load

pytestmark = pytest.mark.rules

CONF = Path(__file__).parents[2] / "conf"
SALTS = WaveSalts(explorers="a|W3", options="b|W3", guidance="c|W3")
CELLS = {"model": 0, "rule": 1_000, "random": 0, "none": 0}


def eligible(known: Any, settings: CampaignSettings, name: str, cells: dict[str, int] = CELLS) -> Any:
    wave = settings.waves[name]
    return eligibility.eligibility(known, wave=wave, name=name, cells=cells, settings=settings, salts=SALTS).persist()


@pytest.mark.parametrize("policy", ["model", "rule", "random"])
def test_the_third_wave_takes_few_transactions_or_high_in_the_cells_own_order_those_with_both_first(
    facts: Any, policy: str
) -> None:
    settings = load(CONF, env="local", region="sandbox", scenario="mobile_activity").settings.campaign
    names = ["user_id", "policy", "policy_rank", "policy_rank_share", "transaction_own_count_1m"]
    people = [
        (1, policy, 10, 0.01, 9.0),  # high, and many transactions: the bank's own rule picks such users
        (2, policy, 300, 0.30, 3.0),  # few transactions, not high
        (3, policy, 150, 0.15, 0.0),  # both
        (4, policy, 201, 0.201, 4.0),  # neither
        (5, policy, 200, 0.20, 3.0),  # both, at both borders
    ]
    cells = {"model": 0, "rule": 0, "random": 0, "none": 0, policy: 1_000}
    rows = {row.user_id: row for row in eligible(facts(names, people), settings, "W3", cells).collect()}
    assert {user: row.reason for user, row in rows.items()} == {
        1: None,
        2: None,
        3: None,
        4: "does_not_qualify",
        5: None,
    }
    in_order = sorted((row.rank, user) for user, row in rows.items() if row.reason is None)
    assert [user for _, user in in_order] == [3, 5, 1, 2]
    by_bucket = sorted((row.rank_bucket, row.rank, user) for user, row in rows.items() if row.reason is None)
    assert [user for *_, user in by_bucket] == [3, 5, 1, 2]  # buckets follow ranks


def test_those_who_go_first_get_what_is_scarce(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"] |= {
        "first": {"model": "false", "rule": "transaction_own_count_1m < 4", "random": "false"},
        "options": [{"channel": "sms", "benefit": "gift"}],
        "capacity_per_1000_users": {"push": 1000, "sms": 2},
        "guidance": None,
    }
    settings = CampaignSettings.model_validate(conf)
    names = ["user_id", "policy_rank", "transaction_own_count_1m"]
    known = facts(names, [(1, 1, 9.0), (2, 2, 9.0), (3, 900, 0.0), (4, 800, 3.0), (5, 999, 1.0)])
    planned = waves.plan(
        eligible(known, settings, "W1"),
        wave=settings.waves["W1"],
        name="W1",
        cycle="2026-06",
        send_on=date(2026, 6, 5),
        cells=CELLS,
        settings=settings,
    )
    assert sorted(row.user_id for row in planned.plan.collect()) == [3, 4]


def test_who_goes_first_outside_the_models_cell_is_no_matter_of_the_model(conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["first"] = {"model": "true", "rule": "tier = 'high_potential'", "random": "false"}
    with pytest.raises(ValueError, match="reads tier: only conditions of the cell `model`"):
        CampaignSettings.model_validate(conf)
    conf["waves"]["W1"]["first"] = {"model": "true"}
    with pytest.raises(ValueError, match="has model, must have model, rule, random"):
        CampaignSettings.model_validate(conf)


def test_a_condition_that_names_no_fact_is_refused_by_its_place_in_conf(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["first"] = {"model": "true", "rule": "logins > 3", "random": "false"}
    settings = CampaignSettings.model_validate(conf)
    with pytest.raises(SettingsError, match=r"campaign\.waves\.W1\.first\.rule"):
        eligible(facts(["user_id"], [(1,)]), settings, "W1")


def test_a_wave_that_lets_nobody_go_first_is_registered_as_ever(settings: CampaignSettings) -> None:
    (plain,) = wave_days.as_plain(settings, Month.parse("2026-06"), Calendar(zone="UTC", settle_days=5))
    assert "first" not in plain
