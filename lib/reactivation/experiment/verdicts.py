"""What a causal contrast says, in few words, and a sentence for those who read no intervals."""

from typing import NamedTuple

from scipy.stats import norm

from reactivation.experiment.estimates import Estimate, whole
from reactivation.experiment.proportions import z_sum

BETTER = "proven better"
BETTER_BUT_SMALL = "proven better but smaller than the minimum"
WORSE = "proven worse"
SAME = "no difference larger than the minimum"
INCONCLUSIVE = "inconclusive"
NOT_ESTIMABLE = "not estimable"
WITHHELD = "withheld"


class Verdict(NamedTuple):
    """word: one of the seven. reason: what the word leaves out, or None."""

    word: str
    reason: str | None


def verdict(estimate: Estimate, *, minimum_effect: float, alpha: float, power: float) -> Verdict:
    """Judge a causal estimate against zero and against the smallest effect that would change a decision.

    Where the interval holds both zero and the minimum, the answer is inconclusive, with the users that would settle it
    at the same split: standard errors shrink with √n, and the minimum must lie z(1-α/2) + z(power) of them from zero.
    """
    if estimate.status == "not_estimable":
        return Verdict(NOT_ESTIMABLE, estimate.reason)
    low, high, half_width = estimate.difference_low, estimate.difference_high, estimate.half_width
    if estimate.status == "withheld" or low is None or high is None or half_width is None:
        return Verdict(WITHHELD, estimate.reason)
    if low > 0:
        return Verdict(BETTER if high >= minimum_effect else BETTER_BUT_SMALL, None)
    if high < 0:
        return Verdict(WORSE, None)
    if -minimum_effect < low and high < minimum_effect:
        return Verdict(SAME, None)
    users = estimate.n_treatment + estimate.n_control
    standard_error = half_width / float(norm.isf(alpha / 2))
    needed = users * (z_sum(alpha=alpha, power=power) * standard_error / minimum_effect) ** 2
    points = f"{100 * minimum_effect:.1f} points"
    return Verdict(
        INCONCLUSIVE, f"needs about {whole(needed)} users to see a difference of {points} with {power:.0%} power"
    )


ONLY_FINDS = (
    "the model picks users who are more active, but the campaign is not shown to move them more: "
    "it only finds people who would have come by themselves"
)


def reading_of_pick(pick: Estimate, gain: Estimate) -> str | None:
    """The warning beside a won pick: without a gain the model only finds those who come anyway; None elsewhere."""
    is_won = pick.difference_low is not None and pick.difference_low > 0
    is_gain_shown = gain.difference_low is not None and gain.difference_low > 0
    return ONLY_FINDS if is_won and not is_gain_shown else None
