"""A cell that reads the model, by prices: what its options are worth, its limits, and what one unit more would add.

Only who is selected, touched and qualifies is allocated, explorers apart: their draws stand, and take from the limits
first. Cells that do not go by prices fill in their own order.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.planning import capacity, priced
from reactivation.campaign.planning.capacity import CENTS, PricedOption, RemainingCapacity
from reactivation.campaign.planning.cells import FINE, MICRO, Limit
from reactivation.campaign.planning.exploration import Drawn
from reactivation.campaign.planning.gains import WaveGains
from reactivation.campaign.planning.priced import PLACE, Priced
from reactivation.campaign.planning.settings import NO_BENEFIT, Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.frames import by_value

CELL = "model"
BUDGET = "budget"
VALUE = "_value"
_IN_BRANCH = "least_in_"


class Terms(NamedTuple):
    """What an allocation by prices reckons with beside the wave's own settings.

    active_user, asset_uplift: value of a user who becomes active because of a contact, and of one whose assets rise, as
    registered. budget, stock: of the month's money and grants what no release has taken; None, absent: no end.
    """

    active_user: Decimal
    budget: Decimal | None = None
    stock: Mapping[str, int] = {}
    asset_uplift: Decimal = Decimal(0)


class Worth(NamedTuple):
    """What a plan is worth, what no plan exceeds, and by which share it is at most short of the best (certified).

    draws: what exploration gives up: see `PricedCell.given_up`.
    """

    value: float
    bound: float
    gap: float
    draws: float


class Part(NamedTuple):
    """The cell's part of one limit, of which its draws have taken some, in the limit's units."""

    limit: Limit
    whole: int
    drawn: int = 0

    def row(self, used: int) -> dict[str, Any]:
        """Its row of `wave_limits`, but for prices. used: units, without draws."""
        scale = self.limit.scale
        whole, taken = self.whole / scale, round((used + self.drawn) / scale, 2)
        return {"limit": self.limit.name, "capacity": whole, "used": taken, "gap": round(whole - taken, 2)}


@dataclass(frozen=True)
class PricedCell:
    """The cell's plan. users: all eligible, with the number of the option they get and its `value`, null elsewhere.

    worths: what each option is worth to a user of `users`, millionths; null: the user cannot get it.
    """

    cell: str
    found: Priced
    parts: tuple[Part, ...]
    users: DataFrame
    worths: tuple[Column, ...]

    @property
    def value(self) -> Column:
        """What the option that a user of `users` gets is worth, millionths."""
        return F.col(f"{VALUE}_{self.cell}")

    def remaining(self, before: RemainingCapacity, options: Sequence[PricedOption]) -> RemainingCapacity:
        """What the plan leaves of capacity and budget."""
        for option, users in zip(options, self.found.plan.counts[:, :-1].sum(axis=0).tolist(), strict=True):
            before = before.after(option, users)
        return before

    def option(self, options: Sequence[PricedOption]) -> Column:
        """Label of the option that a user of `users` gets; null: none."""
        return by_value(F.col(f"{PLACE}_{self.cell}"), {place: option.label for place, option in enumerate(options)})

    def given_up(self, drawn: Column, options: Sequence[PricedOption]) -> Column:
        """What a user is worth less, billionths, who gets the option drawn (its label) instead of the best one.

        Both are taken at the plan's prices, less what they take of the limits from others; no contact is worth 0.
        """
        prices = priced.option_prices_of_users(self.found.limits, self.found.plan.prices, options=len(options))
        reduced = [worth * FINE - price for worth, price in zip(self.worths, prices, strict=True)]
        own = [F.when(drawn == option.label, each) for option, each in zip(options, reduced, strict=True)]
        return F.greatest(F.lit(0), *reduced) - F.coalesce(*own, F.lit(0))

    def worth(self, value: int, draws: int) -> "Worth":
        """What the plan is worth. value: of its users, millionths. draws: what they give up, billionths."""
        plan = self.found.plan
        return Worth(value / MICRO, plan.bound / MICRO, plan.gap(value), draws / (MICRO * FINE))

    def rows(self, capacities: Sequence[Mapping[str, Any]], value: int) -> list[dict[str, Any]]:
        """Rows of `wave_limits`: those of capacities and budget as given, the others its own, all with their prices."""
        used, given = self.found.used(), {row["limit"]: row for row in capacities}
        prices = zip(self.parts, self.found.plan.prices, strict=True)
        return [
            {
                **given.get(part.limit.name, part.row(used[part.limit.name])),
                "shadow_price": price * part.limit.scale / (MICRO * FINE),
                "certified_gap": self.found.plan.gap(value),
            }
            for part, price in prices
        ]


def told(worths: Mapping[str, Worth], limits: Sequence[Mapping[str, Any]], terms: Terms) -> list[str]:
    """What a run prints of an allocation by prices: its value, its certified gap, what one unit more would add."""
    return [line for cell in (CELL, *(worths.keys() - {CELL})) for line in _told(cell, worths.get(cell), limits, terms)]


def _told(cell: str, worth: Worth | None, limits: Sequence[Mapping[str, Any]], terms: Terms) -> list[str]:
    if worth is None:
        return [f"the {cell}'s cell goes by the options' order: not all of their gains are known, or conf asks for it"]
    first = f"the {cell}'s cell by prices: worth {worth.value:.2f}, no plan more than {worth.bound:.2f}"
    lines = [f"{first}; certified gap {worth.gap:.6f}"]
    lines.append(f"its exploration gives up {worth.draws:.2f}: what is drawn against the best, at the prices below")
    for row in limits:
        if row["policy"] == cell and (price := row["shadow_price"]):
            moved = price / float(terms.active_user) if terms.active_user else 0.0
            of = "users moved" if not terms.asset_uplift else "active users' worth"
            lines.append(f"one more of {row['limit']} adds {price:.4f}, or {moved:.4f} {of}")
    return lines


def value_of(plan: DataFrame, terms: Terms) -> DataFrame:
    """One row: users reached, spend of all cells, and `value` of the model's contacts outside exploration.

    plan: rows of `wave_plan`. value: gains at what they are worth, less cost; what is not known to gain has cost alone.
    """
    sent = plan.where(F.col("channel") != "none")
    worth = {"expected_gain": terms.active_user, "expected_asset_gain": terms.asset_uplift}
    gains = [F.coalesce(F.col(name), F.lit(0.0)) * float(each) for name, each in worth.items()]
    gain = gains[0] + gains[1] - F.col("cost").cast("double")
    is_own = (F.col("policy") == CELL) & ~F.col("is_exploration")
    return sent.agg(
        F.count("*").cast("double").alias("users reached"),
        F.coalesce(F.sum("cost").cast("double"), F.lit(0.0)).alias("spend"),
        F.coalesce(F.round(F.sum(F.when(is_own, gain)), 2), F.lit(0.0)).alias("value"),
    )


def cells_by_prices(
    settings: CampaignSettings, gains: WaveGains, cells: Collection[str], terms: Terms | None
) -> tuple[str, ...]:
    """Those of the cells for which conf asks for prices; none without terms, or while some option's gain is unknown."""
    is_known = terms is not None and None not in gains.options
    return tuple(cell for cell in settings.cells_by_prices if is_known and cell in cells)


def allocate(
    eligible: DataFrame,
    among: Column,
    *,
    cell: str,
    wave: Wave,
    options: Sequence[PricedOption],
    whole: RemainingCapacity,
    drawn: Drawn,
    cells: Mapping[str, int],
    settings: CampaignSettings,
    gains: WaveGains,
    terms: Terms,
    lift: Column | None = None,
) -> PricedCell:
    """Allocate the cell's options to those among the eligible at the best total value. Arguments as for `parts`.

    An option is worth what it adds to P(active) and, where that is known, to P(asset uplift), each times what such a
    user is worth, less its expected cost. One that is surely of harm is not offered. PlanError names limits that cannot
    be met together. lift: see `WaveGains.of_users`.
    """
    of_cell = parts(wave, options, cell=cell, whole=whole, drawn=drawn, cells=cells, settings=settings, terms=terms)
    of_gains = gains.worths(
        options, active_user=terms.active_user * MICRO, asset_uplift=terms.asset_uplift * MICRO, lift=lift
    )
    net = [F.round(w).cast("bigint") - o.cents * (MICRO // CENTS) for o, w in zip(options, of_gains, strict=True)]
    worths = [F.when(F.col("options_mask").bitwiseAND(1 << o.bit) != 0, of) for o, of in zip(options, net, strict=True)]
    values = [F.when(among & (o.bit in gains.order), worth) for o, worth in zip(options, worths, strict=True)]
    branches = {part.limit.name.removeprefix(_IN_BRANCH): part.limit.group for part in of_cell if part.limit.group}
    group = by_value(F.col("branch"), branches, 0) if branches else None
    users, limits = priced.valued(eligible, values, ties=F.col("by_chance"), group=group), [p.limit for p in of_cell]
    found = priced.allocate(users.where(among), limits, options=len(options), at_most=cells.get(cell, 0), cell=cell)
    value = by_value(F.col(PLACE), {n: F.col(f"_worth_{n}") for n in range(len(options))})
    own = {f"{PLACE}_{cell}": F.when(among, F.col(PLACE)), f"{VALUE}_{cell}": F.when(among, value)}
    return PricedCell(cell, found, tuple(of_cell), found.assigned(users).withColumns(own).drop(PLACE), tuple(worths))


def parts(
    wave: Wave,
    options: Sequence[PricedOption],
    *,
    cell: str,
    whole: RemainingCapacity,
    drawn: Drawn,
    cells: Mapping[str, int],
    settings: CampaignSettings,
    terms: Terms,
) -> list[Part]:
    """The cell's limits. whole: its part of the wave's capacities and budget. drawn: of the cell."""
    weights, low_activity = capacity.weights_of_cells(cells, settings.arms), sum(cells.values())
    cents = [option.cents for option in options]

    def own(total: int) -> int:
        return capacity.split(total, weights)[cell]

    def least(asked: Mapping[str, Decimal] | None) -> Iterator[tuple[str, int]]:
        return ((name, own(capacity.scaled(each, low_activity))) for name, each in (asked or {}).items())

    def part(name: str, uses: Sequence[int], total: int, *, scale: int = 1) -> Part:
        taken = sum(drawn.options[option.label] * use for option, use in zip(options, uses, strict=True))
        return Part(Limit(name, tuple(uses), most=max(total - taken, 0), scale=scale), total, taken)

    def of(name: str, kind: str) -> list[int]:
        return [int(getattr(option, kind) == name) for option in options]

    found = [part(f"capacity_{name}", of(name, "channel"), total) for name, total in whole.contacts.items()]
    found.append(part(BUDGET, cents, whole.cents, scale=CENTS))
    if terms.budget is not None:
        found.append(part("month_budget", cents, own(max(int(terms.budget * CENTS), 0)), scale=CENTS))
    offered = {option.benefit for option in options} - {NO_BENEFIT}
    found += [part(f"stock_{n}", of(n, "benefit"), own(max(k, 0))) for n, k in terms.stock.items() if n in offered]
    asked = [
        part(f"least_{name}", of(name, "channel"), total) for name, total in least(wave.least_contacts_per_1000_users)
    ]
    found += [one._replace(limit=one.limit._replace(most=None, least=one.limit.most)) for one in asked]
    for number, (branch, total) in enumerate(least(wave.least_per_branch_per_1000_users), start=1):
        taken = drawn.branches[branch]
        limit = Limit(f"{_IN_BRANCH}{branch}", (1,) * len(options), least=max(total - taken, 0), group=number)
        found.append(Part(limit, total, taken))
    return found
