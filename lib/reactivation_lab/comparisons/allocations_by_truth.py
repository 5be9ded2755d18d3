"""Ways to fill the model's cell of a wave, at equal spend, valued by what only the simulator knows of its users."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import Any, Literal, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.stats import ttest_1samp

from reactivation.campaign.assignment.arms import LIFT
from reactivation.campaign.planning.capacity import PricedOption
from reactivation.campaign.planning.gains import WaveGains
from reactivation.campaign.planning.model_cell import CELL
from reactivation.campaign.planning.settings import Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.frames import by_value
from reactivation.frozen_model import FrozenModel
from reactivation_lab.benchmarks.table import listed, span, table

Way = Literal["order", "tier", "user", "best"]
WAYS: Mapping[Way, str] = {
    "order": "today's order",
    "tier": "prices, lifts of tiers",
    "user": "prices, lifts of users",
    "best": "prices, the truth",
}
RISE = "rise_"
"""Columns of the truth: `rise_<n>`, what the n-th option of the wave adds to the user's probability of `METRIC`."""
METRIC = "login"


@dataclass(frozen=True)
class TrueGains(WaveGains):
    """The truth in the place of what is learnt: each user's own rise by each option, column `rise_<n>` of the rows."""

    @classmethod
    def of(cls, options: int) -> "TrueGains":
        """All options in conf's order. Their gains are named known, so that prices decide; nobody reads the numbers."""
        return cls((0.0,) * options, {}, tuple(range(options)))

    def of_users(self, options: Sequence[PricedOption], *, lift: Column | None = None) -> list[Column]:  # noqa: ARG002, lifts are guesses
        """What each option adds to a user in truth; null where the user cannot get it."""
        return [F.col(f"{RISE}{place}") for place, _ in enumerate(options)]


def without_draws(settings: CampaignSettings) -> CampaignSettings:
    """The settings with the lifts of users among the facts and no exploration: all of each limit is allocated."""
    waves = {name: wave.model_copy(update={"exploration_share": 0.0}) for name, wave in settings.waves.items()}
    return settings.model_copy(update={"waves": waves, "lift": "user"})


def at_spend(wave: Wave, limits: Iterable[Mapping[str, Any]]) -> Wave:
    """The wave with the budget of which the model's cell used all. limits: rows of `wave_limits` of a plan of it."""
    [budget] = [row for row in limits if (row["policy"], row["limit"]) == (CELL, "budget")]
    if not budget["capacity"]:
        return wave
    share = Decimal(str(budget["used"])) / Decimal(str(budget["capacity"]))
    return wave.model_copy(update={"budget_cny_per_1000_users": wave.budget_cny_per_1000_users * share})


def rises(added: DataFrame, since: DataFrame | None, *, options: int) -> DataFrame:
    """What each option adds to a user in truth, `rise_<n>`; 0 for who has come since the first wave. Grain: user_id.

    added: of `rollouts.by_user`. since: user_id and login_days_to_date from the first wave's day on; None: this is it.
    """
    known, is_open = added, F.lit(True)
    if since is not None:
        known = added.join(since.select("user_id", "login_days_to_date"), "user_id", "left")
        is_open = F.coalesce("login_days_to_date", F.lit(0)) == 0
    own = [F.when(is_open, F.col(f"{METRIC}_{n}")).otherwise(0.0).alias(f"{RISE}{n}") for n in range(options)]
    return known.select("user_id", *own)


def counted(users: DataFrame) -> DataFrame:
    """One row: users, and how many of them have a lift of their own."""
    return users.agg(F.count("*").alias("users"), F.count(LIFT).alias("lifted"))


def outcome(decided: DataFrame, truth: DataFrame, options: Sequence[PricedOption]) -> DataFrame:
    """One row: contacts, their expected spend, and the users whom they move in truth.

    decided: of `waves.plan`, of users of the model's cell. truth: user_id, `rise_<n>`. moved: sum of the rises by what
    each user gets.
    """
    sent = decided.where(F.col("reason") == "planned").join(truth, "user_id", "left")
    rise = F.coalesce(*[F.when(F.col("option") == o.label, F.col(f"{RISE}{n}")) for n, o in enumerate(options)])
    cost = by_value(F.col("option"), {option.label: option.cost for option in options})
    return sent.agg(
        F.count("*").alias("contacts"),
        F.coalesce(F.sum(cost).cast("double"), F.lit(0.0)).alias("spend"),
        F.coalesce(F.sum(rise), F.lit(0.0)).alias("moved"),
    )


class WaveByWay(FrozenModel):
    """One wave of one bank filled in one way, as a line of a file of JSON lines.

    users: of the model's cell who could be contacted. contacts, spend, moved: see `outcome`. active_user: what prices
    took an active user to be worth, in the region's currency. is_priced: prices filled the wave; where an option's gain
    is not known, each way but `best` keeps the order.
    """

    seed: int
    bank_users: int
    cycle: str
    wave: str
    way: Way
    active_user: float
    is_priced: bool
    users: int
    contacts: int
    spend: float
    moved: float
    settings_hash: str
    code_version: str


class Compared(NamedTuple):
    """One way against today's order over banks, on the waves that both filled; the mean of each bank's own figure.

    priced: of the waves, those that prices filled. moved, in_order: users moved per 1 000 of spend. ratio: of the two,
    low and high its t interval of 95 %; None with one bank. more: users moved over those of the order, whatever each
    spent.
    """

    way: str
    banks: int
    waves: int
    priced: int
    moved: float
    in_order: float
    ratio: float
    low: float | None
    high: float | None
    more: float


def compared(records: Iterable[WaveByWay]) -> list[Compared]:
    """Each way against the order, bank by bank: sums over the bank's waves of users moved and of spend."""
    of_bank: dict[tuple[int, Way], dict[tuple[str, str], WaveByWay]] = {}
    for record in records:
        of_bank.setdefault((record.seed, record.way), {})[record.cycle, record.wave] = record
    found = []
    for way in WAYS:
        pairs = [
            ([mine[key] for key in sorted(mine) if key in order], [order[key] for key in sorted(mine) if key in order])
            for (seed, of), mine in sorted(of_bank.items())
            if of == way and (order := of_bank.get((seed, "order"), {}))
        ]
        known = [
            (one, other, more, mine)
            for mine, order in pairs
            if (one := _per_spend(mine)) is not None
            and (other := _per_spend(order))
            and (more := _more(mine, order)) is not None
        ]
        if known:
            found.append(_against_order(way, known))
    return found


def as_section(records: Sequence[WaveByWay]) -> str:
    """What `compared` finds, as a table in Markdown with the banks it is of."""
    rows = []
    for way in compared(records):
        ends = "" if way.low is None or way.high is None else f"{way.low:.2f} to {way.high:.2f}"
        shown = [f"{value:.1f}" for value in (way.moved, way.in_order)]
        counts = [str(way.banks), f"{way.waves} ({way.priced})"]
        rows.append([way.way, *counts, *shown, f"{way.ratio:.2f}", ends, f"{way.more:.2f}"])
    users, months = (listed(record.bank_users for record in records), span(record.cycle for record in records))
    note = (
        f"Banks of {users} users, waves of {months}, each way held against the order on the waves "
        "that both filled; in brackets those that prices filled. The mean of each bank's own figure, and Student's "
        "interval of 95 % over banks. Lifts of users are known only where a version of them passed its gate."
    )
    head = ["way", "banks", "waves", "moved per 1 000 of spend", "the order on these waves", "ratio", "95 % interval"]
    return f"{table([*head, 'users moved, as a ratio'], rows)}\n\n{note}"


def _against_order(way: Way, known: Sequence[tuple[float, float, float, Sequence[WaveByWay]]]) -> Compared:
    """known: by bank, users moved per 1 000 of spend by the way and in order, `more`, and the way's waves."""
    ratios = [one / other for one, other, *_ in known]
    ends = ttest_1samp(ratios, 1).confidence_interval(0.95) if len(ratios) > 1 and way != "order" else None
    return Compared(
        way=WAYS[way],
        banks=len(known),
        waves=sum(len(waves) for *_, waves in known),
        priced=sum(wave.is_priced for *_, waves in known for wave in waves),
        moved=mean(row[0] for row in known),
        in_order=mean(row[1] for row in known),
        ratio=mean(ratios),
        low=None if ends is None else float(ends.low),
        high=None if ends is None else float(ends.high),
        more=mean(row[2] for row in known),
    )


def _per_spend(waves: Sequence[WaveByWay]) -> float | None:
    spend = sum(wave.spend for wave in waves)
    return 1000 * sum(wave.moved for wave in waves) / spend if spend else None


def _more(waves: Sequence[WaveByWay], order: Sequence[WaveByWay]) -> float | None:
    in_order = sum(wave.moved for wave in order)
    return sum(wave.moved for wave in waves) / in_order if in_order else None
