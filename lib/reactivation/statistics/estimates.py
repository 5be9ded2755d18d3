"""One contrast on one metric, estimated from a few numbers, or the reason why it cannot be estimated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, isfinite, sqrt
from typing import Literal

import numpy as np

from reactivation.statistics import means, proportions
from reactivation.statistics.cuped import JointMoments, adjusted, pooled
from reactivation.statistics.means import Effect, Sample
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import Said, joined, said
from reactivation.statistics.sequential import Level
from reactivation.statistics.strata import Stratum, post_stratified

Status = Literal["estimated", "not_estimable", "withheld"]

COMPARISON_METHOD = "difference of shares: Newcombe; ratio: Koopman score; p: pooled z"
GAIN_METHOD = "difference of two differences: MOVER from their Newcombe intervals"
GAIN_OF_MEANS_METHOD = "difference of two differences: MOVER from their intervals"
MOST_MISSING = 0.99
NOTHING_TO_ADJUST = said("nothing_to_adjust", "no covariate varies, or there are too few users to adjust for them")
_COVARIATE_MISSING = said("covariate_missing", "some covariate has no number in nearly every row")
NOTHING_VARIES = said(
    "nothing_varies", "every user of both arms has the same value: nothing varies, so no interval can be had"
)
TOO_LARGE = said("too_large", "values so large that their squares cannot be summed")


@dataclass(frozen=True)
class Estimate:
    """The numbers of one row of `readout`, under its column names.

    All but the numbers of users are None unless the status is `estimated`: an unknown number is never a zero. The ratio
    is None where the control has no event, its upper end where there is none, p where all or none have the event.
    """

    n_treatment: int
    n_control: int
    status: Status = "estimated"
    estimate_treatment: float | None = None
    estimate_control: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    p_value: float | None = None
    method: str | None = None
    reason: Said | None = None

    @property
    def half_width(self) -> float | None:
        """Half the interval of the difference; None unless estimated."""
        if self.difference_low is None or self.difference_high is None:
            return None
        return (self.difference_high - self.difference_low) / 2

    def not_estimable(self, reason: Said | None) -> "Estimate":
        """The same users without numbers, and the reason why there are none."""
        return Estimate(self.n_treatment, self.n_control, status="not_estimable", reason=reason)

    def withheld(self, reason: Said) -> "Estimate":
        """The same users without their effects, which a failed check makes unreadable."""
        return Estimate(self.n_treatment, self.n_control, status="withheld", reason=reason)

    def with_effect(self, effect: Effect) -> "Estimate":
        """The same users with the difference, its interval and its p-value."""
        return replace(
            self,
            difference=float(effect.estimate),
            difference_low=float(effect.low),
            difference_high=float(effect.high),
            p_value=None if effect.p_value is None else float(effect.p_value),
        )


def compare(treatment: Share, control: Share, *, alpha: float, minimum_events: float) -> Estimate:
    """Compare two shares; not estimable where a side has too few expected events or non-events."""
    blank = Estimate(round(treatment.users), round(control.users))
    reason = why_not_estimable(treatment, control, minimum_events=minimum_events)
    if reason:
        return blank.not_estimable(reason)
    difference = proportions.difference_interval(treatment, control, alpha=alpha)
    has_ratio = control.events > 0
    ratio = proportions.ratio_interval(treatment, control, alpha=alpha) if has_ratio else None
    return replace(
        blank,
        estimate_treatment=treatment.rate,
        estimate_control=control.rate,
        difference=treatment.rate - control.rate,
        difference_low=float(difference.low),
        difference_high=float(difference.high),
        ratio=treatment.rate / control.rate if has_ratio else None,
        ratio_low=ratio.low if ratio else None,
        ratio_high=ratio.high if ratio and isfinite(ratio.high) else None,
        p_value=proportions.p_value(treatment, control),
        method=COMPARISON_METHOD,
    )


def gain(first: Estimate, second: Estimate) -> Estimate:
    """Difference of two effects from four independent groups: an interval of the difference only, no ratio, no p.

    MOVER: each end lies as far from the point as the two intervals' ends, added in squares.

    References: Donner and Zou, Statistics in Medicine 29 (2010); Newcombe, Statistics in Medicine 17 (1998).
    """
    blank = Estimate(first.n_treatment + first.n_control, second.n_treatment + second.n_control)
    ends = (first.difference, first.difference_low, first.difference_high)
    others = (second.difference, second.difference_low, second.difference_high)
    if None in (*ends, *others):
        return blank.not_estimable(joined([first.reason, second.reason]))
    (d1, low1, high1), (d2, low2, high2) = _numbers(ends), _numbers(others)
    return replace(
        blank,
        estimate_treatment=d1,
        estimate_control=d2,
        difference=d1 - d2,
        difference_low=d1 - d2 - sqrt((d1 - low1) ** 2 + (high2 - d2) ** 2),
        difference_high=d1 - d2 + sqrt((high1 - d1) ** 2 + (d2 - low2) ** 2),
        method=GAIN_METHOD,
    )


def compare_means(
    treatment: Sample, control: Sample, *, level: Level, method: str = means.DIFFERENCE_METHOD
) -> Estimate:
    """Compare two means: Welch, and the delta method for the ratio.

    There is a ratio only where the control's mean is surely above zero. Not estimable where nothing varies.
    """
    users = treatment.n + control.n
    blank = Estimate(int(treatment.n), int(control.n))
    critical = level.critical(users)
    found = means.difference(treatment, control, alpha=level.alpha, critical=critical)
    if not np.isfinite(found.standard_error):
        return blank.not_estimable(TOO_LARGE)
    if not found.standard_error:
        return blank.not_estimable(NOTHING_VARIES)
    ratio: Effect | None = None
    if means.has_ratio(control, alpha=level.alpha):
        ratio = means.relative(treatment, control, alpha=level.alpha, critical=critical)
    return replace(
        blank.with_effect(found._replace(p_value=level.p_value(found, users))),
        estimate_treatment=float(treatment.mean),
        estimate_control=float(control.mean),
        ratio=1 + float(ratio.estimate) if ratio else None,
        ratio_low=1 + float(ratio.low) if ratio else None,
        ratio_high=1 + float(ratio.high) if ratio else None,
        method=f"{method}{level.suffix}",
    )


def compare_adjusted(arms: Mapping[str, JointMoments], treatment: str, control: str, *, level: Level) -> Estimate:
    """Compare two means after CUPED; theta is pooled over all arms."""
    found = adjusted(arms)
    if found is None:
        everybody = pooled(list(arms.values()))
        is_missing = everybody.n and everybody.means[-1] > MOST_MISSING
        reason = _COVARIATE_MISSING if is_missing else NOTHING_TO_ADJUST
        return Estimate(arms[treatment].n, arms[control].n).not_estimable(reason)
    method = f"CUPED, theta pooled over {len(arms)} arms; difference: Welch; ratio: delta method"
    return compare_means(found[treatment], found[control], level=level, method=method)


def compare_within_strata(
    strata: Mapping[str, Mapping[str, JointMoments]], treatment: str, control: str, *, level: Level
) -> Estimate:
    """Compare two means within strata, weighted by their shares over all arms. strata: arms by stratum."""
    first, second = (sum(arms[name].n for arms in strata.values()) for name in (treatment, control))
    blank, users = Estimate(first, second), first + second
    parts = [
        Stratum(name, sum(arm.n for arm in arms.values()), arms[treatment].outcome, arms[control].outcome)
        for name, arms in strata.items()
    ]
    found = post_stratified(parts, alpha=level.alpha, critical=level.critical(users))
    if isinstance(found, str):
        return blank.not_estimable(found)
    if not found.effect.standard_error:
        return blank.not_estimable(NOTHING_VARIES)
    return replace(
        blank.with_effect(found.effect._replace(p_value=level.p_value(found.effect, users))),
        estimate_treatment=found.treatment,
        estimate_control=found.control,
        method=f"post-stratified over {len(strata)} strata, weights over all arms{level.suffix}",
    )


def why_not_estimable(treatment: Share, control: Share, *, minimum_events: float) -> Said | None:
    """Too few users or events, and how many users it would need, in words; None where two shares can be compared.

    Expected events are those of the pooled rate in the smaller side. Where nobody (or everybody) has the event, the
    rate is taken to be below 3 / n (rule of three), so that at least `minimum_events` · n / 3 users are needed.
    """
    sides = {"treatment": treatment, "control": control}
    empty = [name for name, share in sides.items() if not share.users]
    users = treatment.users + control.users
    if not users:
        told = "the outcome is known of nobody on either side; how many users it would need cannot be said"
        return said("nobody_known", told)
    pooled = Share(treatment.events + control.events, users)
    rarer = min(pooled.rate, 1 - pooled.rate)
    kind = "events" if pooled.rate <= 0.5 else "non-events"
    least = float(minimum_events / rarer if rarer else minimum_events * users / 3)
    needed = whole(least)
    at_least = "about" if rarer else "at least"
    if empty:
        return said(
            "nobody", f"nobody on the side of the {empty[0]}; needs {at_least} {needed} users there", users=least
        )
    smaller = min(sides, key=lambda name: sides[name].users)
    expected = rarer * sides[smaller].users
    if expected >= minimum_events:
        return None
    found = f"{expected:.1f} expected {kind} on the side of the {smaller} ({whole(sides[smaller].users)} users)"
    told = f"too few: {found}, at least {minimum_events:g} wanted; needs {at_least} {needed} users there"
    have = float(sides[smaller].users)
    return said("too_few", told, users=least, expected=float(expected), wanted=float(minimum_events), have=have)


def whole(users: float) -> str:
    """A number of users, rounded up, with thin groups: `12 400`."""
    return f"{ceil(users - 1e-9):,}".replace(",", " ")


def _numbers(values: tuple[float | None, ...]) -> tuple[float, ...]:
    return tuple(float(value) for value in values if value is not None)
