"""CACE: the effect on the users reached is the effect on all open to contact, divided by the share reached."""

from math import sqrt
from typing import NamedTuple

from scipy.stats import norm

from reactivation.statistics.means import Effect
from reactivation.statistics.said import Said, said

METHOD = "effect on the reached: ratio of two differences, delta method"


class Received(NamedTuple):
    """One side: users whose outcome is known, those with the outcome, those with a delivery, those with both."""

    users: int
    events: int
    reached: int
    reached_events: int

    @property
    def rate(self) -> float:
        return self.events / self.users

    @property
    def share_reached(self) -> float:
        return self.reached / self.users


def effect_on_reached(touched: Received, holdout: Received, *, alpha: float) -> Effect | Said:
    """What a delivery moved among those it reached, with the delta method's interval; or why it cannot be had.

    It rests on one assumption beyond the draw: being open to contact does nothing to users who get none. A holdout has
    no deliveries of ours, or few by mistake; they are taken off. Not estimable where nobody was reached, or where so
    few were that the ratio's interval would mean nothing (a share less than three standard errors from none).

    References: Imbens and Angrist, Econometrica 62 (1994); Bloom, Evaluation Review 8 (1984).
    """
    empty = [name for name, side in (("touched", touched), ("holdout", holdout)) if not side.users]
    if empty:
        return said("nobody_known", f"nobody whose outcome is known is {' or '.join(empty)}")
    more = touched.share_reached - holdout.share_reached
    error = sqrt(sum(s.share_reached * (1 - s.share_reached) / s.users for s in (touched, holdout)))
    if more <= 0 or more < 3 * error:
        told = (
            f"deliveries reached {touched.share_reached:.1%} of the touched and {holdout.share_reached:.1%} of the "
            "held out: too few more to divide by"
        )
        return said("too_few_reached", told, first=touched.share_reached, second=holdout.share_reached)
    effect = (touched.rate - holdout.rate) / more
    spread = sqrt(_variance(touched, effect) / touched.users + _variance(holdout, effect) / holdout.users) / more
    reach = float(norm.isf(alpha / 2)) * spread
    p_value = float(2 * norm.sf(abs(effect) / spread)) if spread else None
    return Effect(effect, effect - reach, effect + reach, p_value, spread)


def about_outside(*, share_touched: float, share_holdout: float, tolerance: float = 0.01) -> Said:
    """What contacts of other senders do to the effect, in words. Shares of users with one; tolerance in shares."""
    if not share_touched and not share_holdout:
        return said("no_outside", "no contacts of other senders are known of: the effect is against silence")
    found = (
        f"contacts of other senders reached {share_touched:.1%} of the touched and {share_holdout:.1%} of the held out"
    )
    if abs(share_touched - share_holdout) <= tolerance:
        told = f"{found}: alike on both sides, so the effect is what ours add to theirs"
        return said("outside_alike", told, first=share_touched, second=share_holdout)
    if share_holdout > share_touched:
        told = f"{found}: others filled the silence of our holdout, so the effect of ours is larger than it seems"
        return said("outside_less", told, first=share_touched, second=share_holdout)
    told = f"{found}: others wrote more to those we touched, so a part of the effect is theirs"
    return said("outside_more", told, first=share_touched, second=share_holdout)


def _variance(side: Received, effect: float) -> float:
    """Variance between users of outcome less effect times delivery."""
    outcome = side.rate * (1 - side.rate)
    delivery = side.share_reached * (1 - side.share_reached)
    both = side.reached_events / side.users - side.rate * side.share_reached
    return outcome - 2 * effect * both + effect * effect * delivery
