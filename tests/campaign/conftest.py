"""A small campaign for the tests, and the facts that a wave looks at."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from reactivation.campaign import CampaignSettings

Facts = Callable[[Sequence[str], Sequence[tuple[Any, ...]]], DataFrame]


@pytest.fixture
def conf() -> dict[str, Any]:
    """One wave that pushes, or else sends an SMS, with nothing drawn; tests change what they are about."""
    return _conf()


def settings_of_conf() -> CampaignSettings:
    """The same as settings, for what needs no fixture."""
    return CampaignSettings.model_validate(_conf())


def _conf() -> dict[str, Any]:
    return {
        "learning": {"frozen_after": None},
        "tiers": {
            "band_borders": [0.2, 0.5, 0.8],
            "assumed_high_from": 0.2,
            "assumed_natural_from": 0.8,
            "evidence_months": 3,
            "evidence_weight_per_month": 0.8,
            "confidence": 0.95,
            "prior_users": 20,
            "lift_spread_share": 0.02,
            "lift_slope": 0.2,
            "minimum_users": 10,
            "minimum_lift_share": 0.05,
            "natural_conversion_from": 0.7,
            "low_conversion_below": 0.1,
            "unrandomised_cycles": [],
        },
        "arms": {
            "cells": {"model": 0.5, "rule": 0.25, "random": 0.25},
            "holdout_share": 0.2,
            "long_holdout_share": 0.05,
            "long_holdout_since": "2026-01",
            "long_holdout_exit": "2027-01",
            "long_holdout_valid_months": 12,
            "selected_share": 0.3,
            "rule_order": "transaction_own_count_3m",
            "suppression": "alike",
        },
        "channel_cost_cny": {"push": 0, "sms": 0.05, "call": 2.5},
        "guidance_channel": "push",
        "allocation": "prices",
        "lift": "tier",
        "benefits": {
            "none": {"value_cny": 0, "redemption_share": 0},
            "gift": {"value_cny": 10, "redemption_share": 0.15},
        },
        "redemption": {"is_learnt": True, "prior_offers": 200},
        "exploration": {"none_share": 0.25, "reserve_share": 0.2, "adaptive": False},
        "lead_days": 0,
        "templates": {
            name: {
                "channel": channel,
                "benefit": benefit,
                "version": 2,
                "text": "come back",
                "signature": "the bank",
                "opt_out": "R",
                "approver": "somebody",
                "valid_until": "2026-12-31",
            }
            for name, channel, benefit in (
                ("gift_sms", "sms", "gift"),
                ("gift_push", "push", "gift"),
                ("gift_call", "call", "gift"),
                ("plain_push", "push", "none"),
            )
        },
        "release": {
            "automatic": False,
            "four_eyes": True,
            "send_days": {"push": 1, "sms": 1, "call": 3},
            "benefit_days": {"gift": 30},
            "stock_per_month": {"gift": None},
            "call_centre": {"seats": 10, "hours_per_day": 8, "dials_per_hour": 12, "attempts_max": 3},
            "budget": {"approved_cny": 1000, "frozen_on": None},
        },
        "waves": {
            "W1": {
                "day": 5,
                "qualifies": {"model": "tier = 'high_potential'", "rule": "true", "random": "true"},
                "guidance": "true",
                "options": [{"channel": "push", "benefit": "none"}, {"channel": "sms", "benefit": "gift"}],
                "capacity_per_1000_users": {"push": 1000, "sms": 1000},
                "budget_cny_per_1000_users": 10000,
                "exploration_share": 0,
            }
        },
    }


@pytest.fixture(scope="session")
def settings() -> CampaignSettings:
    return CampaignSettings.model_validate(_conf())


@pytest.fixture
def facts(spark: SparkSession) -> Facts:
    """Rows as `facts.gather` gives them: selected, touched, reachable by all, unless a test says otherwise."""
    plain: dict[str, tuple[str, Any]] = {
        "user_id": ("bigint", None),
        "policy": ("string", "rule"),
        "policy_rank": ("bigint", 1),
        "is_selected": ("boolean", True),
        "touch": ("string", "touched"),
        "tier": ("string", "high_potential"),
        "p_active": ("double", 0.3),
        "raw_active": ("double", 0.0),
        "lift_active": ("double", None),
        "transaction_own_count_1m": ("double", 0.0),
        "login_days_to_date": ("bigint", 0),
        "can_push": ("boolean", True),
        "can_sms": ("boolean", True),
        "can_call": ("boolean", True),
        "is_contactable": ("boolean", True),
        "is_over_contact_limit": ("boolean", False),
        "is_in_quiet_days": ("boolean", False),
        "is_over_sms_limit": ("boolean", False),
        "is_over_push_limit": ("boolean", False),
        "is_over_call_limit": ("boolean", False),
        "is_profiling_refused": ("boolean", False),
        "is_barred_unread": ("boolean", False),
        "policy_rank_share": ("double", 0.1),
    }
    schema = ", ".join(f"{name} {kind}" for name, (kind, _) in plain.items())

    def make(names: Sequence[str], values: Sequence[tuple[Any, ...]]) -> DataFrame:
        defaults = {name: value for name, (_, value) in plain.items()}
        records = [{**defaults, **dict(zip(names, row, strict=True))} for row in values]
        return spark.createDataFrame([tuple(record[name] for name in plain) for record in records], schema)

    return make
