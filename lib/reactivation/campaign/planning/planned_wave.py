"""What is known of a plan as a whole: rows, counts, limits, worth, and the digest by which plans are equal."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.planning import curve
from reactivation.campaign.planning.capacity import CENTS, GUIDANCE, PricedOption, RemainingCapacity
from reactivation.campaign.planning.cells import MICRO
from reactivation.campaign.planning.model_cell import CELL, PricedCell, Worth
from reactivation.campaign.planning.settings import NO_BENEFIT
from reactivation.contracts import derived
from reactivation.frames import by_value

_IN_PLAN = ("planned", "drawn_none")
NO_CHANNEL = "none"
"""In the place of the channel: exploration drew no contact."""


class PlannedWave(NamedTuple):
    """A planned wave. plan: `wave_plan` as a table; waterfall, limits: rows of `wave_waterfall` and `wave_limits`.

    decided: user_id, reason and more of each low-activity user; the waterfall counts its reasons.
    No row has a version or a contact id yet: `ledger.numbered`. contacts: how many are to be sent, by channel. cost:
    what they are expected to cost. digest: SHA-256 of all that was decided; equal plans have equal digests. barred:
    low-activity users whom rows that cannot be read bar from a channel, or from profiling. worths: of the cells by
    prices, in the region's currency. moved: users whom the options are expected to move that the cell `model` chose, by
    label. by_budget: the value of that cell by its budget (`curve.points`), where it goes by prices.
    """

    plan: DataFrame
    decided: DataFrame
    waterfall: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    contacts: Mapping[str, int]
    cost: Decimal
    digest: str
    barred: int
    worths: Mapping[str, Worth]
    moved: Mapping[str, float]
    by_budget: Sequence[Mapping[str, float]]


def as_a_whole(
    decided: DataFrame,
    options: Sequence[PricedOption],
    *,
    whole: Mapping[str, RemainingCapacity],
    left: Mapping[str, RemainingCapacity],
    priced: Mapping[str, PricedCell],
    of_wave: Mapping[str, str],
    send_on: date,
) -> PlannedWave:
    """The plan as a whole. whole, left: what each cell had and has. of_wave: cycle and wave."""
    found = _counted(decided, options)
    waterfall = [{**of_wave, "reason": reason, "users": users} for reason, users in sorted(found.reasons.items())]
    limits = []
    for policy in whole:
        rows = _limits(whole[policy], left[policy])
        rows = priced[policy].rows(rows, found.values[policy]) if policy in priced else rows
        limits += [{**of_wave, "policy": policy, **row} for row in rows]
    says = [str(send_on), str(found.rows), *map(str, options), *waterfall, *limits]
    digest = hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()
    worths = {cell: one.worth(found.values[cell], found.given_up[cell]) for cell, one in priced.items()}
    known = (_rows(decided, options), decided, waterfall, limits, found.sent, found.cost, digest, found.barred, worths)
    own = priced.get(CELL)
    by_budget = (
        [] if own is None else curve.points(own.found.equals, own.found.share, own.parts, value=found.values[CELL])
    )
    return PlannedWave(*known, found.moved, by_budget)


class _Counted(NamedTuple):
    """Users by reason, contacts by channel and their expected cost, a sum of hashes of its rows; barred users.

    values: by cell, sum over the users allocated by prices, millionths. given_up: over those who explore beside them,
    billionths. moved: as for `PlannedWave`.
    """

    reasons: Counter[str]
    sent: Counter[str]
    cost: Decimal
    rows: Decimal
    barred: int
    values: Counter[str]
    given_up: Counter[str]
    moved: dict[str, float]


def _counted(decided: DataFrame, options: Sequence[PricedOption]) -> _Counted:
    """What is known of a plan as a whole; one query."""
    reasons, sent, cost, rows = Counter[str](), Counter[str](), Decimal(0), Decimal(0)
    barred, values, given_up, moved = 0, Counter[str](), Counter[str](), dict[str, float]()
    by_label = {option.label: option for option in options}
    is_chosen = (F.col("policy") == CELL) & ~F.col("is_exploration") & (F.col("option") != GUIDANCE)
    decides = ("user_id", "policy", "reason", "option", "is_exploration", "propensity", "drawn_from", "expected_gain")
    of_row = F.xxhash64(*decides, "guide_to", "expected_asset_gain").cast("decimal(20,0)")  # null changes no hash
    gain = F.round(F.col("expected_gain") * MICRO).cast("bigint")
    sums = {"users": F.count("*"), "hash": F.sum(of_row), "value": F.sum("value"), "given_up": F.sum("given_up")}
    sums |= {"barred": F.count_if("is_barred_unread"), "moved": F.sum(F.when(is_chosen, gain))}
    found = decided.groupBy("policy", "reason", "option").agg(*[each.alias(name) for name, each in sums.items()])
    for row in found.collect():
        reasons[row.reason] += row.users
        barred += row.barred
        values[row.policy] += row.value
        given_up[row.policy] += row.given_up
        if row.reason in _IN_PLAN:
            rows += row.hash
        if row.reason == "planned":
            sent[by_label[row.option].channel] += row.users
            cost += by_label[row.option].cost * row.users
            if row.moved:
                moved[row.option] = row.moved / MICRO
    return _Counted(reasons, sent, cost, rows, barred, values, given_up, moved)


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
