"""One wave: who of the low-activity users gets what, and of everybody else the first reason why not."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.planning import capacity, exploration
from reactivation.campaign.planning.allocation import GUIDANCE, Filled, Offer, fill
from reactivation.campaign.planning.capacity import CENTS, Room
from reactivation.campaign.planning.gains import WaveGains, as_conf
from reactivation.campaign.settings import NO_BENEFIT, CampaignSettings, Wave
from reactivation.contracts import derived
from reactivation.contracts.derived import POLICIES
from reactivation.errors import Finding, PlanError
from reactivation.periods import Month

REASONS = (
    "not_contactable",
    "holdout",
    "long_holdout",
    "not_selected",
    "does_not_qualify",
    "no_channel",
    "over_contact_limit",
    "no_capacity",
    "no_budget",
    "drawn_none",
    "planned",
)
"""Why a user has no contact in a wave, in the order in which the reasons are asked for."""


class Planned(NamedTuple):
    """A planned wave: `wave_plan` and `wave_waterfall` as tables, `wave_limits` as plain rows."""

    plan: DataFrame
    waterfall: DataFrame
    limits: list[dict[str, Any]]


def day_of(settings: CampaignSettings, *, cycle: Month, wave: str | None, as_of: date | None) -> date:
    """The day a wave is planned as of: the one given, else conf's; PlanError where there is no such wave or day."""
    days = settings.days_of(cycle)
    if wave is None or wave not in days:
        advice = f"known here: {', '.join(days)}; name one with --wave"
        raise PlanError(f"cycle {cycle} has no wave `{wave}`", [Finding("wave", str(wave), advice)])
    day = as_of or days[wave]
    if not cycle.first < day < (cycle + 1).first:
        advice = f"must lie in the cycle and after its first day; conf plans {wave} for {days[wave]}"
        raise PlanError(f"{wave} of cycle {cycle} cannot be planned as of {day}", [Finding("as_of", str(day), advice)])
    return day


def as_plain(settings: CampaignSettings, cycle: Month) -> list[dict[str, Any]]:
    """The waves of a cycle as plain values, each with its name and `as_of`, for the registered plan."""
    days = settings.days_of(cycle)
    return [
        {"wave": name, "as_of": str(days[name]), **wave.model_dump(mode="json")}
        for name, wave in settings.waves.items()
    ]


def benefits_offered(settings: CampaignSettings) -> tuple[str, ...]:
    """Codes of the benefits that some wave offers."""
    named = (option.benefit for wave in settings.waves.values() for option in wave.options)
    return tuple(dict.fromkeys(name for name in named if name != NO_BENEFIT))


def plan(
    line: DataFrame,
    *,
    wave: Wave,
    name: str,
    cycle: str,
    as_of: date,
    cells: Mapping[str, int],
    settings: CampaignSettings,
    gains: WaveGains | None = None,
) -> Planned:
    """Plan one wave: the draws first, from reserved room, then the cells' lines, then guidance.

    line: from `lines.line_up`. Every contact is sent on `as_of`. At most one contact per user; holdouts have none.
    gains: what the options are known to add (`gains.of_wave`); None while nothing is known. The cell `model` alone goes
    by it.
    """
    none_share, options = settings.exploration.none_share, len(wave.options)
    costs = capacity.costs(wave, settings)
    whole = capacity.rooms(wave, cells, settings.arms)
    waiting = line.where(F.col("out").isNull())
    thresholds = _thresholds(waiting, wave=wave, costs=costs, rooms=whole, settings=settings)
    is_explorer = exploration.is_drawn(F.col("explorer"), F.col("line"), thresholds)
    drawn = exploration.option_drawn(F.col("draw"), F.col("mask"), options=options, none_share=none_share)
    odds = exploration.propensity(F.col("draw"), F.col("mask"), options=options, none_share=none_share)

    draws = waiting.where(is_explorer).groupBy("line", drawn.alias("option")).count().collect()
    used = {(row.line, row.option): row["count"] for row in draws if row.option >= 0}
    rooms = {p: _less(room, p, used, wave=wave, costs=costs) for p, room in whole.items()}
    others = waiting.where(~is_explorer)
    offers = [Offer(i, option.channel, costs[i]) for i, option in enumerate(wave.options)]
    expected = gains or as_conf(wave)
    cells_filled = _fill_cells(others, offers, rooms, order=expected.order)
    free = Offer(options, settings.guidance_channel, Decimal(0))
    guided = fill(others, [free] if wave.guidance is not None else [], {GUIDANCE: cells_filled.left["model"]})

    left = {**cells_filled.left, "model": guided.left[GUIDANCE]}
    option = F.when(is_explorer, drawn).otherwise(F.coalesce(cells_filled.option, guided.option))
    reason = F.coalesce(
        "out",
        F.when(option == exploration.DRAWN_NONE, "drawn_none"),
        F.when(option.isNotNull(), "planned"),
        F.when(cells_filled.no_budget, "no_budget"),
        F.lit("no_capacity"),
    )
    decided = line.select(
        "user_id",
        "policy",
        reason.alias("reason"),
        option.alias("option"),
        expected.column(option, tier=F.col("tier"), is_model=F.col("policy") == "model").alias("expected_gain"),
        F.lit(cycle).alias("cycle"),
        F.lit(name).alias("wave"),
        F.lit(as_of).alias("send_on"),
        is_explorer.alias("is_exploration"),
        F.when(is_explorer, odds).alias("propensity"),
        F.when(is_explorer, exploration.drawn_from(F.col("mask"), wave.options)).alias("drawn_from"),
    )
    waterfall = decided.groupBy("cycle", "wave", "reason").agg(F.count("*").alias("users"))
    return Planned(
        _rows(decided, offers=[*offers, free], benefits=[*(o.benefit for o in wave.options), NO_BENEFIT]),
        derived.WAVE_WATERFALL.select(waterfall),
        [row for policy in POLICIES for row in _limits(cycle, name, policy, whole[policy], left[policy])],
    )


def _fill_cells(
    others: DataFrame, offers: Sequence[Offer], rooms: Mapping[str, Room], *, order: Sequence[int]
) -> Filled:
    """Serve all cells with the options in conf's order, the cell `model` with its own."""
    if list(order) == [offer.bit for offer in offers]:
        return fill(others, offers, rooms)
    facts_only = fill(others, offers, {name: room for name, room in rooms.items() if name != "model"})
    by_gain = fill(others, [offers[place] for place in order], {"model": rooms["model"]})
    return Filled(
        F.coalesce(by_gain.option, facts_only.option),
        by_gain.no_budget | facts_only.no_budget,
        {**facts_only.left, **by_gain.left},
    )


def _thresholds(
    waiting: DataFrame,
    *,
    wave: Wave,
    costs: Sequence[Decimal],
    rooms: Mapping[str, Room],
    settings: CampaignSettings,
) -> dict[str, int]:
    """Hash buckets that explore, per cell."""
    wanted = waiting.where(
        F.col("line").isin(*POLICIES) & randomization.is_within(F.col("explorer"), wave.exploration_share)
    )
    counts = wanted.groupBy("line", "explorer", "mask").count().collect()
    found = {p: [exploration.Candidates(*row[1:]) for row in counts if row.line == p] for p in POLICIES}
    return {
        policy: exploration.threshold(
            found[policy],
            wanted_share=wave.exploration_share,
            options=wave.options,
            costs=costs,
            reserve=rooms[policy].part(settings.exploration.reserve_share),
            whole=rooms[policy],
            none_share=settings.exploration.none_share,
        )
        for policy in POLICIES
    }


def _less(
    room: Room, policy: str, used: Mapping[tuple[str, int], int], *, wave: Wave, costs: Sequence[Decimal]
) -> Room:
    for i, option in enumerate(wave.options):
        room = room.less(option.channel, used.get((policy, i), 0), cost=costs[i])
    return room


def _rows(decided: DataFrame, *, offers: Sequence[Offer], benefits: Sequence[str]) -> DataFrame:
    """`wave_plan`: the planned, and those who drew none. Grain and key: cycle, wave, user_id."""
    option = F.col("option")
    is_planned = F.col("reason") == "planned"
    found = decided.where(F.col("reason").isin("planned", "drawn_none")).withColumns(
        {
            "channel": F.coalesce(*[F.when(option == o.bit, o.channel) for o in offers], F.lit("none")),
            "benefit": F.coalesce(
                *[F.when(option == o.bit, benefit) for o, benefit in zip(offers, benefits, strict=True)],
                F.lit(NO_BENEFIT),
            ),
            "cost": F.coalesce(*[F.when(option == o.bit, F.lit(o.cost)) for o in offers], F.lit(Decimal(0))),
            "contact_id": F.when(is_planned, F.concat_ws("-", "cycle", "wave", F.col("user_id").cast("string"))),
        }
    )
    return derived.WAVE_PLAN.select(found)


def _limits(cycle: str, wave: str, policy: str, whole: Room, left: Room) -> list[dict[str, Any]]:
    capacities = {f"capacity_{c}": (float(n), float(left.contacts[c])) for c, n in whole.contacts.items()}
    return [
        {
            "cycle": cycle,
            "wave": wave,
            "policy": policy,
            "limit": limit,
            "capacity": capacity,
            "used": round(capacity - gap, 2),
            "shadow_price": None,
            "gap": gap,
        }
        for limit, (capacity, gap) in {**capacities, "budget": (whole.cents / CENTS, left.cents / CENTS)}.items()
    ]
