"""One policy for everybody: the month's settings with a single cell of all users and no holdout."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from reactivation.campaign.planning.settings import Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts.derived import POLICIES


class Limits(NamedTuple):
    """What all waves of a month together may use, per contactable user: contacts per channel, and expected spend."""

    capacity: dict[str, float]
    budget: float


def rolled_out(settings: CampaignSettings, policy: str) -> CampaignSettings:
    """The settings under which every contactable user is open to contact by one policy, as intensely as in its cell.

    In the month itself the limits serve the share 1 - h of the users, h being both holdouts together; they grow by
    1 / (1 - h), so that a user meets the same number of contacts per head.
    """
    arms, larger = settings.arms, 1 / (1 - Decimal(str(settings.arms.untouched_share)))
    alone = {
        "cells": {name: float(name == policy) for name in POLICIES},
        "holdout_share": 0.0,
        "long_holdout_share": 0.0,
    }
    waves = {name: _larger(wave, larger) for name, wave in settings.waves.items()}
    own = {"arms": arms.model_copy(update=alone), "waves": waves, "challenger": None}
    return settings.model_copy(update=own)


def _larger(wave: Wave, factor: Decimal) -> Wave:
    capacity = {channel: number * factor for channel, number in wave.capacity_per_1000_users.items()}
    budget = wave.budget_cny_per_1000_users * factor
    return wave.model_copy(update={"capacity_per_1000_users": capacity, "budget_cny_per_1000_users": budget})


def per_user(settings: CampaignSettings, cells: Mapping[str, int]) -> Limits:
    """Limits of settings that are `rolled_out`. cells: users per cell, `none` among them."""
    low_activity = sum(cells.values())
    contactable = low_activity - cells.get("none", 0)
    share = low_activity / contactable / 1000 if contactable else 0.0
    waves = settings.waves.values()
    channels = {channel for wave in waves for channel in wave.channels}
    capacity = {c: sum(float(w.capacity_per_1000_users.get(c, 0)) for w in waves) * share for c in sorted(channels)}
    return Limits(capacity, sum(float(w.budget_cny_per_1000_users) for w in waves) * share)
