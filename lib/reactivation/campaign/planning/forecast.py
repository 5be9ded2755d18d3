"""Before registration: can each cell spend its part? What every wave will send and cost, forecast from who qualifies.

Equal spend is a promise of the design: each cell has a part of every budget and capacity, but a cell whose conditions
few of its users meet cannot use its part, and then the policies are compared at unequal spend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.planning.capacity import CENTS, PricedOption, RemainingCapacity
from reactivation.campaign.planning.exploration import Odds, shares
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts.derived import ALL_POLICIES
from reactivation.errors import Finding, PlanError
from reactivation.periods import Month, Window

Sizes = Mapping[tuple[int, int], float]
"""Eligible users of a cell by (rank_bucket, options_mask)."""
_ERRORS = 3.0
"""A cell that falls short by less than so many standard errors of its forecast may do so by chance."""


def eligible_sizes(eligible: DataFrame, name: str) -> DataFrame:
    """Count a wave's eligible users. Grain and key: wave, queue, rank_bucket, options_mask; some hundred rows.

    eligible: of `eligibility.eligibility`, with the month to date as it was on that day of the month before.
    """
    waiting = eligible.where(F.col("reason").isNull() & F.col("queue").isin(*ALL_POLICIES))
    counted = waiting.groupBy("queue", "rank_bucket", "options_mask").agg(F.count("*").alias("users"))
    return counted.select(F.lit(name).alias("wave"), "*")


def stands_in(day: date) -> Window:
    """The days of the month before that stand in for the month up to a wave's day, which nobody knows yet.

    >>> stands_in(date(2026, 3, 12)).end, stands_in(date(2026, 3, 31)).end  # February has 28 days
    (datetime.date(2026, 2, 12), datetime.date(2026, 3, 1))
    """
    first = (Month.of(day) - 1).first
    return Window(first, min(first + timedelta(days=day.day - 1), Month.of(day).first))


class Draws(NamedTuple):
    """How exploration is forecast: shares of the eligible who are drawn and of what is kept, and the draws' odds."""

    explored: float
    odds: Odds
    reserve: float


@dataclass(frozen=True)
class Forecast:
    """What one cell will send and spend in one wave.

    eligible: users who qualify and can be reached. contacts: by channel, of the capacities in `part`. cents: expected
    spend; squares: sum over contacts of their squared cost, from which the error of the spend follows.
    """

    wave: str
    policy: str
    open_users: int
    eligible: float
    contacts: Mapping[str, float]
    cents: float
    squares: float
    part: RemainingCapacity

    @property
    def per_user(self) -> float:
        """Spend per user of the cell who is open to contact, picked or not."""
        return self.cents / CENTS / self.open_users if self.open_users else 0.0

    def row(self, cycle: str) -> dict[str, Any]:
        """The forecast as a row of `spend_forecast`."""
        return {
            "cycle": cycle,
            "wave": self.wave,
            "policy": self.policy,
            "open_users": self.open_users,
            "eligible": round(self.eligible),
            "contacts": sum(self.contacts.values()),
            "spend": self.cents / CENTS,
            "budget": self.part.cents / CENTS,
            "uses": ", ".join(
                f"{channel} {self.contacts.get(channel, 0.0):.0f} of {most}"
                for channel, most in self.part.contacts.items()
            ),
        }


def of_cell(
    sizes: Sizes, options: Sequence[PricedOption], *, part: RemainingCapacity, draws: Draws
) -> tuple[dict[str, float], float, float]:
    """Contacts by channel, spend in cents and the sum of squared costs, as the wave's rule would fill the cell's part.

    Expected numbers instead of single users: the draws come first, from what is kept for them; then the options in
    their order, each from the top of the cell's order until its channel or the budget ends.
    """
    explored = _explored(sizes, options, part=part, draws=draws)
    left = {key: users * (1 - explored) for key, users in sizes.items()}
    given = dict.fromkeys((option.label for option in options), 0.0)
    for (_, mask), users in sizes.items():
        share = shares(mask, draws.odds)
        for option in options:
            given[option.label] += users * explored * share.get(str(option.bit), 0.0)
    contacts, cents = dict.fromkeys(part.contacts, 0.0), 0.0
    for option in options:
        contacts[option.channel] += given[option.label]
        cents += given[option.label] * option.cents
    for option in options:
        room = part.contacts.get(option.channel, 0) - contacts[option.channel]
        if option.cents:
            room = min(room, (part.cents - cents) / option.cents)
        taken = _take(left, option, max(room, 0.0))
        given[option.label] += taken
        contacts[option.channel] += taken
        cents += taken * option.cents
    return contacts, cents, sum(given[option.label] * option.cents**2 for option in options)


def why_unequal(found: Sequence[Forecast], waves: Mapping[str, Wave], *, tolerance: float) -> list[Finding]:
    """Cells that cannot spend their part, with the waves in which they fall short and the condition that binds.

    A cell falls short where its spend over all waves, per user open to contact, lies below that of the cell that spends
    most by more than the tolerance, as a share, and by more than chance alone would give.
    """
    cells = {policy: [one for one in found if one.policy == policy] for policy in ALL_POLICIES}
    spent = {policy: sum(one.per_user for one in own) for policy, own in cells.items() if own and own[0].open_users}
    if len(spent) < 2:
        return []
    most = max(spent, key=lambda policy: (spent[policy], policy))
    findings = []
    for policy, mine in spent.items():
        missing = spent[most] - mine
        if missing <= tolerance * spent[most] or missing <= _ERRORS * _error(cells[policy], cells[most]):
            continue
        short = [
            (one, other)
            for one, other in zip(cells[policy], cells[most], strict=True)
            if one.per_user < (1 - tolerance) * other.per_user
        ]
        findings.append(
            Finding(
                "cannot spend",
                f"cell {policy}",
                f"{mine:.4f} per user forecast over all waves, {spent[most]:.4f} in {most}: more than {tolerance:.0%} "
                "less; widen the conditions below, or lower what all cells get there",
            )
        )
        for one, other in sorted(short, key=lambda pair: pair[0].per_user - pair[1].per_user):
            uses = one.row("")["uses"]
            findings.append(
                Finding(
                    f"{one.wave} {policy}",
                    f"campaign.waves.{one.wave}.qualifies.{policy}",
                    f"{one.eligible:.0f} users are left by `{waves[one.wave].qualifies_in(policy)}`: {uses}, "
                    f"{one.cents / CENTS:.2f} of {one.part.cents / CENTS:.2f}; {most}: "
                    f"{other.eligible:.0f} users, {other.cents / CENTS:.2f} of {other.part.cents / CENTS:.2f}",
                )
            )
    return findings


def require_equal(found: Sequence[Forecast], waves: Mapping[str, Wave], *, cycle: str, tolerance: float) -> None:
    """PlanError where a cell cannot spend its part: such a month is not registered."""
    if findings := why_unequal(found, waves, tolerance=tolerance):
        raise PlanError(f"the cells of {cycle} cannot spend alike: the policies could not be compared", findings)


def _explored(sizes: Sizes, options: Sequence[PricedOption], *, part: RemainingCapacity, draws: Draws) -> float:
    """Share of the eligible who are drawn: all that are wanted, or fewer where the reserve would not hold them."""
    wanted = {**dict.fromkeys(part.contacts, 0.0), "cents": 0.0}
    for (_, mask), users in sizes.items():
        share = shares(mask, draws.odds)
        for option in options:
            each = users * draws.explored * share.get(str(option.bit), 0.0)
            wanted[option.channel] += each
            wanted["cents"] += each * option.cents
    kept = {name: most * draws.reserve for name, most in {**part.contacts, "cents": part.cents}.items()}
    room = [kept[name] / users for name, users in wanted.items() if users > 0]
    return draws.explored * min([1.0, *room])


def _take(left: dict[tuple[int, int], float], option: PricedOption, most: float) -> float:
    """Give an option to at most so many users, the first of the order; they are taken out of `left`."""
    taken = 0.0
    for key in sorted(left):
        if option.is_in(key[1]) and taken < most:
            some = min(left[key], most - taken)
            left[key] -= some
            taken += some
    return taken


def _error(short: Sequence[Forecast], most: Sequence[Forecast]) -> float:
    """Standard error of the difference of two cells' spend per user, if the first spent as the second does.

    Each contact comes about by chance: per user the variance is that of the costs of the cell that spends most.
    """
    n, m = short[0].open_users, most[0].open_users
    variance = sum(one.squares for one in most) / CENTS**2 / m
    return sqrt(variance * (1 / n + 1 / m))
