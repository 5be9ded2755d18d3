"""Conf of the campaign: what is refused at the door, and what a contact costs."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning.settings import Option
from reactivation.campaign.planning.waves import benefits_offered
from reactivation.errors import PlanError
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.numbers

CONF = Path(__file__).parents[2] / "conf"


def test_the_programmes_four_waves_are_fine_and_in_order(utc: Calendar) -> None:
    base, scenario = (
        yaml.safe_load((CONF / name).read_text())["campaign"]
        for name in ("base/campaign.yml", "scenarios/mobile_activity.yml")
    )
    arms = {**base.pop("arms"), **scenario.pop("arms")}
    release = {**base.pop("release"), **scenario.pop("release")}
    settings = CampaignSettings.model_validate({**base, **scenario, "arms": arms, "release": release})
    days = settings.days_of(Month.parse("2026-06"), utc)
    assert list(days) == ["W1", "W2", "W3", "W4"]
    assert days["W1"] == date(2026, 6, 5)
    assert all(wave.qualifies["rule"] == wave.qualifies["random"] for wave in settings.waves.values())


def test_a_wave_is_planned_lead_days_before_it_is_sent_and_within_its_cycle(
    conf: dict[str, Any], utc: Calendar
) -> None:
    june = Month.parse("2026-06")
    settings = CampaignSettings.model_validate({**conf, "lead_days": 3})
    sent, planned = settings.days_of(june, utc)["W1"], settings.planned_on(june, utc)["W1"]
    assert (sent, planned) == (date(2026, 6, 5), date(2026, 6, 2))
    with pytest.raises(ValidationError, match="planned before day 2"):
        CampaignSettings.model_validate({**conf, "lead_days": 4})


def test_a_contact_costs_its_channel_and_the_part_of_the_benefit_that_is_redeemed(settings: CampaignSettings) -> None:
    assert settings.cost(Option(channel="sms", benefit="gift")) == Decimal("1.55")
    assert settings.cost(Option(channel="push", benefit="none")) == Decimal("0.00")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("waves", "W1", "qualifies", "rule"), "tier = 'high_potential'", "reads tier: only conditions of the cell"),
        (("waves", "W1", "qualifies", "random"), "P_ACTIVE > 0.3", "reads p_active"),
        (("waves", "W1", "options", 0, "only_if"), "raw_active > 0", "reads raw_active"),
        (("arms", "rule_order"), "expected_gain", "reads expected_gain"),
        (("waves", "W1", "options", 0, "benefit"), "gold", "`gold` is none of none, gift"),
        (("waves", "W1", "options", 0, "channel"), "call", "`call` is none of"),  # a channel without a capacity
        (("waves", "W1", "options", 0, "guide_to"), "x = 1 or y", "String should match pattern"),
        (
            ("waves", "W1", "options", 1),
            {"channel": "push", "benefit": "none", "guide_to": "payment"},
            "push/none more than once",
        ),
        (("waves", "W1"), {"guide_to": "payment"}, "waves.W1.guide_to: the wave has no guidance"),
        (("guidance_channel",), "sms", "must be a channel that costs nothing"),
        (("channel_cost_cny", "push"), 0.004, "no more than 2 decimal places"),  # else it would cost nothing
        (("channel_cost_cny", "sms"), -0.05, "greater than or equal to 0"),
        (("benefits", "gift", "value_cny"), 9.999, "no more than 2 decimal places"),
        (("benefits", "gift", "redemption_share"), {"push": 0.2}, "gift redemption_share lacks: `sms` is none of push"),
        (("benefits", "gift", "redemption_share"), {"sms": 1.2}, "less than or equal to 1"),
        (("redemption", "prior_offers"), 0, "greater than or equal to 1"),
        (("arms", "cells"), {"model": 0.5, "rule": 0.5, "random": 0.5}, "add up to 1"),
        (("arms", "holdout_share"), 0.95, "must leave somebody to touch"),
        (("tiers", "band_borders"), [0.5, 0.2], "must increase"),
        (("tiers", "assumed_high_from"), 0.3, "both be one of"),  # a band would be half of each tier
    ],
)
def test_conf_that_contradicts_the_design_is_refused(
    conf: dict[str, Any], path: tuple[Any, ...], value: Any, message: str
) -> None:
    *parents, last = path
    branch: Any = conf
    for name in parents:
        branch = branch[name]
    if path == ("waves", "W1"):
        value = {name: of for name, of in {**branch[last], **value}.items() if name != "guidance"}
    branch[last] = value
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        CampaignSettings.model_validate(conf)


@pytest.mark.parametrize("cycle", ["2025-12", "2027-01", "2028-06"])
def test_outside_its_months_a_long_holdout_is_refused_and_what_to_do_is_said(conf: dict[str, Any], cycle: str) -> None:
    arms = CampaignSettings.model_validate(conf).arms
    with pytest.raises(PlanError, match="leaves in 2027-01; let another begin: set long_holdout_since"):
        arms.check_long_holdout(Month.parse(cycle))
    arms.check_long_holdout(Month.parse("2026-01"))
    arms.check_long_holdout(Month.parse("2026-12"))
    conf["arms"]["long_holdout_share"] = 0
    CampaignSettings.model_validate(conf).arms.check_long_holdout(Month.parse(cycle))  # there is none to end


def test_a_registered_plan_says_what_was_offered_at_what_price_conf_what_it_lacks(settings: CampaignSettings) -> None:
    text = (Path(__file__).parents[1] / "data" / "plans" / "plan_0_1_0.json").read_text(encoding="utf-8")
    found = settings.as_registered(plan := json.loads(text))
    assert found.channel_cost_cny == {"push": Decimal(0), "sms": Decimal("0.05"), "call": Decimal("2.5")}
    assert found.benefits["transfer_coupon"].value_cny == 3
    offers = ("login_discount", "payment_cashback", "transfer_coupon", "activation_gift")
    assert benefits_offered(found) == offers != benefits_offered(settings)
    assert (found.arms.rule_order, found.arms.selected_share) == ("transaction_own_count_3m", 0.5)
    assert list(found.arms.cells) == plan["cell_order"]
    assert found.arms.suppression == settings.arms.suppression  # 0.1.0 did not register it
    assert settings.as_registered({}) == settings
