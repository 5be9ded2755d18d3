"""Guardrails: what a campaign must not harm by more than a registered margin. One-sided, and all must pass."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from reactivation.statistics.means import Sample, difference
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import Said, said
from reactivation.statistics.score_intervals import miettinen_nurminen

Harm = Literal["rise", "fall"]

HOLDS = "holds"
NOT_SHOWN = "not shown to hold"
BROKEN = "broken"
NOT_ESTIMABLE = "not estimable"


class NonInferiority(NamedTuple):
    """One guardrail judged.

    difference: treatment less control. worst: the worst difference that is still plausible, one-sided at alpha.
    margin: the largest harm that is accepted, above zero. word: one of the four. reason: in a sentence.
    """

    metric: str
    margin: float
    harm: Harm
    difference: float | None
    worst: float | None
    word: str
    reason: Said

    @property
    def passes(self) -> bool:
        """Only what was shown to hold passes: not knowing is no pass."""
        return self.word == HOLDS


def guardrail(
    metric: str, treatment: Share, control: Share, *, margin: float, harm: Harm, alpha: float
) -> NonInferiority:
    """Is the harm to a share surely below the margin? Score test of non-inferiority, one-sided at alpha.

    harm: `rise` where more is worse (opt-outs, complaints), `fall` where less is (balances kept, logins). It holds
    where the one-sided end of the score interval stays within the margin; it is broken where even the other end
    is beyond it.

    References: Farrington and Manning, Statistics in Medicine 9 (1990); ICH E9 (1998), 3.3.2.
    """
    empty = [name for name, side in (("treatment", treatment), ("control", control)) if not side.users]
    if empty:
        return _not_estimable(metric, margin, harm, said("nobody_there", f"nobody on the side of the {empty[0]}"))
    low, high = miettinen_nurminen(treatment, control, alpha=2 * alpha)
    ends = (treatment.rate - control.rate, low, high)
    return _judged(metric, ends, margin=margin, harm=harm, unit="points")


def guardrail_of_means(
    metric: str, treatment: Sample, control: Sample, *, margin: float, harm: Harm, alpha: float
) -> NonInferiority:
    """The same for a mean (assets, days active), by Welch's one-sided interval; the margin is in its own unit."""
    alone = [name for name, side in (("treatment", treatment), ("control", control)) if side.n < 2]
    if alone:
        told = said("nobody_there", f"fewer than two users on the side of the {alone[0]}")
        return _not_estimable(metric, margin, harm, told)
    found = difference(treatment, control, alpha=2 * alpha)
    if not found.standard_error:
        told = said("nothing_varies", "every user has the same value: nothing varies")
        return _not_estimable(metric, margin, harm, told)
    ends = (float(found.estimate), float(found.low), float(found.high))
    return _judged(metric, ends, margin=margin, harm=harm, unit="own")


def all_pass(guardrails: Sequence[NonInferiority]) -> bool:
    """True where every guardrail was shown to hold.

    Since all must, each is tested at the full alpha: the chance that a harmful campaign passes them all is no larger.

    References: Berger, Technometrics 24 (1982), intersection-union tests.
    """
    return all(found.passes for found in guardrails)


def _judged(
    metric: str, ends: tuple[float, float, float], *, margin: float, harm: Harm, unit: Literal["points", "own"]
) -> NonInferiority:
    """The word that follows from where the interval lies about the margin. ends: difference, low, high."""
    _check(margin)
    seen, low, high = ends
    worst, best, sign = (high, low, 1) if harm == "rise" else (low, high, -1)
    is_beyond = sign * best >= margin
    word = HOLDS if sign * worst < margin else BROKEN if is_beyond else NOT_SHOWN
    difference_told, plausible, allowed = (
        f"{100 * x:+.2f}" if unit == "points" else f"{x:+.4g}" for x in (seen, worst, sign * margin)
    )
    points = " points" if unit == "points" else ""
    reason = f"{difference_told}{points}, at worst {plausible}, where {allowed}{points} are allowed"
    told = said("guardrail", reason, seen=float(seen), worst=float(worst), margin=float(sign * margin))
    return NonInferiority(metric, margin, harm, seen, worst, word, told)


def _not_estimable(metric: str, margin: float, harm: Harm, reason: Said) -> NonInferiority:
    _check(margin)
    return NonInferiority(metric, margin, harm, None, None, NOT_ESTIMABLE, reason)


def _check(margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"margin == {margin}, must be > 0: without a margin nothing can be shown")
