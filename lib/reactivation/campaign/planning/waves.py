"""One wave: who of the low-activity users gets what, and of everybody else the first reason why not."""

from collections.abc import Mapping
from datetime import date
from itertools import product
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.assignment.arms import LIFT
from reactivation.campaign.planning import capacity, exploration, model_cell
from reactivation.campaign.planning.allocation import allocate
from reactivation.campaign.planning.capacity import GUIDANCE_QUEUES
from reactivation.campaign.planning.gains import WaveGains, in_conf_order
from reactivation.campaign.planning.model_cell import PricedCell, Terms
from reactivation.campaign.planning.planned_wave import NO_CHANNEL, PlannedWave, as_a_whole
from reactivation.campaign.planning.settings import NO_BENEFIT, Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts.derived import READS_MODEL
from reactivation.frames import by_value

REASONS = (
    "profiling_refused",
    "not_contactable",
    "holdout",
    "long_holdout",
    "not_selected",
    "does_not_qualify",
    "no_channel",
    "over_contact_limit",
    "quiet_days",
    "no_capacity",
    "no_budget",
    "below_price",
    "drawn_none",
    "planned",
)
"""Why a user has no contact in a wave, the first that holds counts."""


def benefits_offered(settings: CampaignSettings) -> tuple[str, ...]:
    """Codes of the benefits that some wave offers."""
    named = (option.benefit for wave in settings.waves.values() for option in wave.options)
    return tuple(dict.fromkeys(name for name in named if name != NO_BENEFIT))


def plan(
    eligible: DataFrame,
    *,
    wave: Wave,
    name: str,
    cycle: str,
    send_on: date,
    cells: Mapping[str, int],
    settings: CampaignSettings,
    gains: WaveGains | None = None,
    terms: Terms | None = None,
    odds: exploration.Odds | None = None,
) -> PlannedWave:
    """Plan one wave: the draws first, from reserved capacity, then the cells' queues, then guidance.

    eligible: from `eligibility.eligibility`. Every contact is sent on `send_on`. At most one contact per user; holdouts
    have none. gains: what the options are known to add (`gains.of_wave`); None while nothing is known. Cells that read
    the model alone go by it: with `terms` at the best total value (`model_cell`), else in their order. No odds: alike.
    """
    options, expected = capacity.priced_options(wave, settings), gains or in_conf_order(wave)
    guidance, odds = capacity.guidance_option(wave, settings), odds or exploration.Odds(settings.exploration.none_share)
    whole = capacity.of_cells(wave, cells, settings.arms, most=settings.release.most_contacts)
    waiting = eligible.where(F.col("reason").isNull())
    kept, share = settings.exploration.reserve_share, wave.exploration_share
    of_draw: dict[str, Any] = {"options": options, "odds": odds, "branches": wave.least_per_branch_per_1000_users or ()}
    thresholds, draws = exploration.drawn(waiting, share, kept, whole=whole, **of_draw)
    is_explorer = exploration.is_explorer(F.col("exploration_bucket"), F.col("queue"), thresholds)
    remaining = dict(whole)
    for policy, one in product(whole, options):
        remaining[policy] = remaining[policy].after(one, draws[policy].options[one.label])
    orders = {cell: [options[n] for n in expected.order] if cell in READS_MODEL else options for cell in whole}
    lift = F.col(LIFT) if LIFT in eligible.columns else None
    how: dict[str, Any] = {"options": options, "cells": cells, "settings": settings, "gains": expected, "terms": terms}
    priced: dict[str, PricedCell] = {}
    users, is_priced = eligible, F.lit(False)
    for cell in model_cell.cells_by_prices(settings, expected, whole, terms):
        among = F.col("reason").isNull() & (F.col("queue") == cell) & ~is_explorer
        more: dict[str, Any] = {"whole": whole[cell], "drawn": draws[cell], "lift": lift}
        one_cell = model_cell.allocate(users, among, cell=cell, wave=wave, **how, **more)
        remaining[cell], orders[cell] = one_cell.remaining(remaining[cell], options), ()
        priced[cell], users, is_priced = one_cell, one_cell.users, is_priced | among
    sources = {queue: cell for cell, queue in GUIDANCE_QUEUES.items() if cell in whole}
    last = (sources, guidance) if wave.guidance is not None else None
    allocated = allocate(waiting.where(~is_explorer), orders, remaining, last=last)
    drawn = exploration.option_drawn(F.col("option_bucket"), F.col("options_mask"), options=options, odds=odds)
    chosen = F.coalesce(*[one.option(options) for one in priced.values()], allocated.option)
    option = F.when(is_explorer, drawn).otherwise(chosen)
    reason = F.coalesce(
        "reason",
        F.when(option == exploration.DRAWN_NONE, "drawn_none"),
        F.when(option.isNotNull(), "planned"),
        F.when(is_priced, "below_price"),
        F.when(allocated.is_over_budget, "no_budget"),
        F.lit("no_capacity"),
    )
    is_model, is_draw = F.col("policy").isin(*READS_MODEL), F.col("reason").isNull() & is_explorer
    given_up = [F.when(is_draw & (F.col("queue") == c), one.given_up(drawn, options)) for c, one in priced.items()]
    gained = expected.columns(option, options=options, tier=F.col("tier"), is_model=is_model, lift=lift)
    of_wave = {"cycle": cycle, "wave": name}
    decided = users.select(
        *("user_id", "policy", "is_barred_unread"),
        *(each.alias(of) for of, each in {"reason": reason, "option": option, **gained}.items()),
        by_value(option, capacity.guides(wave)).cast("string").alias("guide_to"),
        *[F.lit(value).alias(column) for column, value in {**of_wave, "send_on": send_on}.items()],
        *exploration.columns(is_explorer, options, odds=odds),
        F.coalesce(*[one.value for one in priced.values()], F.lit(0)).cast("bigint").alias("value"),
        F.coalesce(*given_up, F.lit(0)).cast("bigint").alias("given_up"),
    )
    ends: dict[str, Any] = {"whole": whole, "left": allocated.remaining, "priced": priced, "send_on": send_on}
    return as_a_whole(decided, (*options, guidance), **ends, of_wave=of_wave)


def first_reasons(eligible: DataFrame, in_plan: DataFrame) -> DataFrame:
    """Per user the reason that the waterfall counts, by what was planned; null: a limit of the wave left the user out.

    eligible: of `eligibility.eligibility`. in_plan: the wave's rows of `wave_plan`, of one version. Grain: user_id.
    """
    is_contact = F.when(F.col("channel") == NO_CHANNEL, "drawn_none").otherwise("planned")
    planned = in_plan.select("user_id", is_contact.alias("in_plan"))
    reasons = eligible.join(planned, "user_id", "left")
    return reasons.select("user_id", F.coalesce("in_plan", "reason").alias("reason"))
