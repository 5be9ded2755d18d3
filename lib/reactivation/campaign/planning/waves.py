"""One wave: who of the low-activity users gets what, and of everybody else the first reason why not."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.assignment.arms import LIFT
from reactivation.campaign.planning import capacity, curve, exploration, model_cell
from reactivation.campaign.planning.allocation import allocate
from reactivation.campaign.planning.capacity import CENTS, GUIDANCE, PricedOption, RemainingCapacity
from reactivation.campaign.planning.gains import WaveGains, in_conf_order
from reactivation.campaign.planning.model_cell import CELL, VALUE, PricedCell, Terms, Worth
from reactivation.campaign.settings import NO_BENEFIT, CampaignSettings, Wave
from reactivation.contracts import derived
from reactivation.contracts.derived import POLICIES
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

_IN_PLAN = ("planned", "drawn_none")
NO_CHANNEL = "none"
"""In the place of the channel: exploration drew no contact."""


class PlannedWave(NamedTuple):
    """A planned wave. plan: `wave_plan` as a table; waterfall, limits: rows of `wave_waterfall` and `wave_limits`.

    decided: user_id, reason and more of each low-activity user; the waterfall counts its reasons.

    No row has a version or a contact id yet: `ledger.numbered`. contacts: how many are to be sent, by channel. cost:
    what they are expected to cost. digest: SHA-256 of all that was decided; equal plans have equal digests. barred:
    low-activity users whom rows that cannot be read bar from a channel, or from profiling. worth: of the cell `model`
    where it is allocated by prices, in the region's currency; by_budget: its value by its budget (`curve.points`).
    """

    plan: DataFrame
    decided: DataFrame
    waterfall: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    contacts: Mapping[str, int]
    cost: Decimal
    digest: str
    barred: int
    worth: Worth | None = None
    by_budget: Sequence[Mapping[str, float]] = ()


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
) -> PlannedWave:
    """Plan one wave: the draws first, from reserved capacity, then the cells' queues, then guidance.

    eligible: from `eligibility.eligibility`. Every contact is sent on `send_on`. At most one contact per user; holdouts
    have none. gains: what the options are known to add (`gains.of_wave`); None while nothing is known. The cell `model`
    alone goes by it: with `terms` at the best total value (`model_cell`), else in the order of the gains.
    """
    options, expected = capacity.priced_options(wave, settings), gains or in_conf_order(wave)
    guidance, none_share = capacity.guidance_option(wave, settings), settings.exploration.none_share
    whole = capacity.of_cells(wave, cells, settings.arms, most=settings.release.most_contacts)
    waiting = eligible.where(F.col("reason").isNull())
    thresholds, draws = exploration.drawn(waiting, wave=wave, options=options, whole=whole, settings=settings)
    is_explorer = exploration.is_explorer(F.col("exploration_bucket"), F.col("queue"), thresholds)
    remaining = dict(whole)
    for policy, one in product(POLICIES, options):
        remaining[policy] = remaining[policy].after(one, draws[policy, one.label])
    orders = {CELL: [options[place] for place in expected.order], "rule": options, "random": options}
    priced, is_priced = None, F.lit(False)
    lift = F.col(LIFT) if LIFT in eligible.columns else None
    if terms is not None and model_cell.is_priced(settings, expected):
        is_priced = F.col("reason").isNull() & (F.col("queue") == CELL) & ~is_explorer
        own = {one.label: draws[CELL, one.label] for one in options}
        common: dict[str, Any] = {"wave": wave, "options": options, "cells": cells, "settings": settings}
        more: dict[str, Any] = {"whole": whole[CELL], "drawn": own, "gains": expected, "terms": terms, "lift": lift}
        priced = model_cell.allocate(eligible, is_priced, **common, **more)
        remaining[CELL], orders = priced.remaining(remaining[CELL], options), {**orders, CELL: ()}
    last = (GUIDANCE, CELL, guidance) if wave.guidance is not None else None
    allocated = allocate(waiting.where(~is_explorer), orders, remaining, last=last)
    of_draw = F.col("option_bucket"), F.col("options_mask")
    drawn = exploration.option_drawn(*of_draw, options=options, none_share=none_share)
    by_price = F.lit(None).cast("string") if priced is None else priced.option(options)
    option = F.when(is_explorer, drawn).otherwise(F.coalesce(by_price, allocated.option))
    reason = F.coalesce(
        "reason",
        F.when(option == exploration.DRAWN_NONE, "drawn_none"),
        F.when(option.isNotNull(), "planned"),
        F.when(is_priced, "below_price"),
        F.when(allocated.is_over_budget, "no_budget"),
        F.lit("no_capacity"),
    )
    is_model = F.col("policy") == CELL
    is_own_draw = F.col("reason").isNull() & (F.col("queue") == CELL) & is_explorer
    gain = expected.column(option, options=options, tier=F.col("tier"), is_model=is_model, lift=lift)
    decided = (eligible if priced is None else priced.users).select(
        "user_id",
        "policy",
        reason.alias("reason"),
        option.alias("option"),
        "is_barred_unread",
        gain.alias("expected_gain"),
        by_value(option, capacity.guides(wave)).cast("string").alias("guide_to"),
        *(F.lit(value).alias(of) for of, value in (("cycle", cycle), ("wave", name), ("send_on", send_on))),
        *exploration.columns(is_explorer, options, none_share=none_share),
        (F.lit(0) if priced is None else F.col(VALUE)).cast("bigint").alias("value"),
        (F.lit(0) if priced is None else F.when(is_own_draw, priced.given_up(drawn, options))).alias("given_up"),
    )
    ends: dict[str, Any] = {"whole": whole, "left": allocated.remaining, "priced": priced, "send_on": send_on}
    return _planned(decided, (*options, guidance), **ends, of_wave={"cycle": cycle, "wave": name})


def first_reasons(eligible: DataFrame, in_plan: DataFrame) -> DataFrame:
    """Per user the reason that the waterfall counts, by what was planned; null: a limit of the wave left the user out.

    eligible: of `eligibility.eligibility`. in_plan: the wave's rows of `wave_plan`, of one version. Grain: user_id.
    """
    is_contact = F.when(F.col("channel") == NO_CHANNEL, "drawn_none").otherwise("planned")
    planned = in_plan.select("user_id", is_contact.alias("in_plan"))
    reasons = eligible.join(planned, "user_id", "left")
    return reasons.select("user_id", F.coalesce("in_plan", "reason").alias("reason"))


def _planned(
    decided: DataFrame,
    options: Sequence[PricedOption],
    *,
    whole: Mapping[str, RemainingCapacity],
    left: Mapping[str, RemainingCapacity],
    priced: PricedCell | None,
    of_wave: Mapping[str, str],
    send_on: date,
) -> PlannedWave:
    """The plan as a whole. whole, left: what each cell had and has. of_wave: cycle and wave."""
    found = _counted(decided, options)
    waterfall = [{**of_wave, "reason": reason, "users": users} for reason, users in sorted(found.reasons.items())]
    limits = []
    for policy in POLICIES:
        rows = _limits(whole[policy], left[policy])
        rows = rows if priced is None or policy != CELL else priced.rows(rows, found.value)
        limits += [{**of_wave, "policy": policy, **row} for row in rows]
    says = [str(send_on), str(found.rows), *map(str, options), *waterfall, *limits]
    digest = hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()
    worth = None if priced is None else priced.worth(found.value, found.given_up)
    by_budget = (
        [] if priced is None else curve.points(priced.found.equals, priced.found.share, priced.parts, value=found.value)
    )
    known = (_rows(decided, options), decided, waterfall, limits, found.sent, found.cost, digest, found.barred)
    return PlannedWave(*known, worth, by_budget)


class _Counted(NamedTuple):
    """Users by reason, contacts by channel and their expected cost, a sum of hashes of its rows; barred users.

    value: sum over the users allocated by prices, millionths; given_up: over those who explore beside them, billionths.
    """

    reasons: Counter[str]
    sent: Counter[str]
    cost: Decimal
    rows: Decimal
    barred: int
    value: int
    given_up: int


def _counted(decided: DataFrame, options: Sequence[PricedOption]) -> _Counted:
    """What is known of a plan as a whole; one query."""
    reasons, sent, cost, rows = Counter[str](), Counter[str](), Decimal(0), Decimal(0)
    barred = value = given_up = 0
    by_label = {option.label: option for option in options}
    decides = ("user_id", "policy", "reason", "option", "is_exploration", "propensity", "drawn_from", "expected_gain")
    of_row = F.xxhash64(*decides, "guide_to").cast("decimal(20,0)")  # null changes no hash
    sums = [F.count("*").alias("users"), F.sum(of_row).alias("hash"), F.sum("value").alias("value")]
    sums.append(F.sum("given_up").alias("given_up"))
    sums.append(F.count_if("is_barred_unread").alias("barred"))
    for row in decided.groupBy("reason", "option").agg(*sums).collect():
        reasons[row.reason] += row.users
        barred, value, given_up = barred + row.barred, value + (row.value or 0), given_up + (row.given_up or 0)
        if row.reason in _IN_PLAN:
            rows += row.hash
        if row.reason == "planned":
            sent[by_label[row.option].channel] += row.users
            cost += by_label[row.option].cost * row.users
    return _Counted(reasons, sent, cost, rows, barred, value, given_up)


def _rows(decided: DataFrame, options: Sequence[PricedOption]) -> DataFrame:
    """`wave_plan`: the planned, and those who drew none. Grain and key: cycle, wave, user_id."""
    option = F.col("option")
    found = decided.where(F.col("reason").isin(*_IN_PLAN)).withColumns(
        {
            "channel": by_value(option, {o.label: o.channel for o in options}, NO_CHANNEL),
            "benefit": by_value(option, {o.label: o.benefit for o in options}, NO_BENEFIT),
            "cost": by_value(option, {o.label: o.cost for o in options}, Decimal(0)),
            "contact_id": F.lit(None).cast("string"),
            "plan_version": F.lit(None).cast("int"),
            "registered_on": F.lit(None).cast("date"),
        }
    )
    return derived.WAVE_PLAN.select(found)


def _limits(whole: RemainingCapacity, left: RemainingCapacity) -> list[dict[str, Any]]:
    """Each limit of one cell: what there was of it, what is used, and what is left."""
    limits = {f"capacity_{c}": (float(n), float(left.contacts[c])) for c, n in whole.contacts.items()}
    limits["budget"] = (whole.cents / CENTS, left.cents / CENTS)
    return [
        {"limit": name, "capacity": most, "used": round(most - gap, 2), "shadow_price": None, "gap": gap}
        for name, (most, gap) in limits.items()
    ]
