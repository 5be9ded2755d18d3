"""The verdict on a causal contrast in a few words, and a sentence for readers who read no intervals."""

from typing import Literal, NamedTuple

from scipy.stats import norm

from reactivation.statistics.estimates import Estimate, whole
from reactivation.statistics.proportions import z_sum
from reactivation.statistics.said import Said, said

BETTER = "proven better"
BETTER_BUT_SMALL = "proven better but smaller than the minimum"
WORSE = "proven worse"
SAME = "no difference larger than the minimum"
INCONCLUSIVE = "inconclusive"
NOT_ESTIMABLE = "not estimable"
WITHHELD = "withheld"

EXPLORATORY = "exploratory: "
"""How the words begin of what no registered order asks: it is a hint, and proves nothing."""
HINTS = {
    BETTER: f"{EXPLORATORY}better",
    BETTER_BUT_SMALL: f"{EXPLORATORY}better but smaller than the minimum",
    WORSE: f"{EXPLORATORY}worse",
    SAME: f"{EXPLORATORY}{SAME}",
}
"""The word of an exploratory answer by that of a registered one; the others claim nothing and stay."""

Unit = Literal["points", "own"]
NO_MINIMUM = said(
    "no_minimum", "no smallest effect of interest was registered, so how many users would settle it cannot be said"
)


class Verdict(NamedTuple):
    """word: one of the seven, or of `HINTS`. reason: what the word leaves out, or None."""

    word: str
    reason: Said | None


def verdict(
    estimate: Estimate, *, minimum_effect: float | None, alpha: float, power: float, unit: Unit = "points"
) -> Verdict:
    """Judge a causal estimate against zero and against the smallest effect that would change a decision.

    Where the interval holds both zero and the minimum, the answer is inconclusive, with the users that would settle it
    at the same split: standard errors shrink with √n, and the minimum must lie z(1-α/2) + z(power) of them from zero.
    Without a minimum (None) only zero can be judged against. unit: that of the difference; `points` are shares.
    """
    if estimate.status == "not_estimable":
        return Verdict(NOT_ESTIMABLE, estimate.reason)
    low, high = estimate.difference_low, estimate.difference_high
    if estimate.status == "withheld" or low is None or high is None:
        return Verdict(WITHHELD, estimate.reason)
    if low > 0:
        is_small = minimum_effect is not None and high < minimum_effect
        return Verdict(BETTER_BUT_SMALL if is_small else BETTER, None)
    if high < 0:
        return Verdict(WORSE, None)
    if minimum_effect is not None and -minimum_effect < low and high < minimum_effect:
        return Verdict(SAME, None)
    return Verdict(INCONCLUSIVE, what_would_settle(estimate, minimum_effect, alpha=alpha, power=power, unit=unit))


class Settling(NamedTuple):
    """Users, at the same split, who would settle an answer. is_by_chance: they were enough, and chance left it open."""

    users: float
    is_by_chance: bool


def users_to_settle(users: int, half_width: float, minimum_effect: float, *, alpha: float, power: float) -> Settling:
    """How many users, at the same split, an inconclusive estimate needs.

    Where the users were enough for the registered power and chance still left the answer open, the number is the one
    at which no interval can hold both zero and the minimum: its whole width is then below the minimum.

    >>> round(users_to_settle(1_000, 0.03, 0.02, alpha=0.05, power=0.8).users)
    4597
    """
    standard_error = half_width / float(norm.isf(alpha / 2))
    needed = users * (z_sum(alpha=alpha, power=power) * standard_error / minimum_effect) ** 2
    if needed > users:
        return Settling(needed, is_by_chance=False)
    return Settling(users * (2 * half_width / minimum_effect) ** 2, is_by_chance=True)


def what_would_settle(
    estimate: Estimate, minimum_effect: float | None, *, alpha: float, power: float, unit: Unit = "points"
) -> Said:
    """How many users, at the same split, an inconclusive estimate lacks, in words: see `users_to_settle`."""
    if minimum_effect is None:
        return NO_MINIMUM
    size = f"{100 * minimum_effect:.1f} points" if unit == "points" else f"{minimum_effect:g}"
    users = estimate.n_treatment + estimate.n_control
    found = users_to_settle(users, estimate.half_width or 0.0, minimum_effect, alpha=alpha, power=power)
    if not found.is_by_chance:
        told = f"needs about {whole(found.users)} users to see a difference of {size} with {power:.0%} power"
        return said("needs_users", told, users=found.users, size=minimum_effect, unit=unit, power=power)
    told = (
        f"the users were enough to see a difference of {size} with {power:.0%} power, and yet the interval holds both "
        f"none and that; "
        f"about {whole(found.users)} users would settle it whatever the truth"
    )
    return said("open_by_chance", told, users=found.users, size=minimum_effect, unit=unit, power=power)


ONLY_FINDS = said(
    "only_finds",
    "the model picks users who are more active, but the campaign is not shown to move them more: "
    "it only finds people who would have come by themselves",
)


def reading_of_pick(*, pick_low: float | None, gain_low: float | None) -> Said | None:
    """The warning beside a won pick: without a gain the model only finds those who come anyway; None elsewhere.

    pick_low, gain_low: the lower ends of their intervals, None where there are none.
    """
    is_won, is_gain_shown = (low is not None and low > 0 for low in (pick_low, gain_low))
    return ONLY_FINDS if is_won and not is_gain_shown else None
