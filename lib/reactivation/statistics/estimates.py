"""One contrast on one metric, estimated from a few numbers, or the reason why it cannot be."""

from dataclasses import dataclass, replace
from math import ceil, isfinite, sqrt
from typing import Literal

from reactivation.statistics import proportions
from reactivation.statistics.proportions import Share

Status = Literal["estimated", "not_estimable", "withheld"]

COMPARISON_METHOD = "difference of shares: Newcombe; ratio: Koopman score; p: pooled z"
GAIN_METHOD = "difference of two differences: MOVER from their Newcombe intervals"


@dataclass(frozen=True)
class Estimate:
    """The numbers of one row of `readout`, under its column names.

    All but the numbers of users are None unless the status is `estimated`: what is not known is never a zero. The ratio
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
    reason: str | None = None

    @property
    def half_width(self) -> float | None:
        """Half the interval of the difference; None unless estimated."""
        if self.difference_low is None or self.difference_high is None:
            return None
        return (self.difference_high - self.difference_low) / 2


def compare(treatment: Share, control: Share, *, alpha: float, minimum_events: float) -> Estimate:
    """Compare two shares; not estimable where a side has too few expected events or non-events."""
    blank = Estimate(round(treatment.users), round(control.users))
    reason = why_not_estimable(treatment, control, minimum_events=minimum_events)
    if reason:
        return replace(blank, status="not_estimable", reason=reason)
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
        reasons = "; ".join(dict.fromkeys(e.reason for e in (first, second) if e.reason))
        return replace(blank, status="not_estimable", reason=reasons)
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


def withheld(estimate: Estimate, reason: str) -> Estimate:
    """The same row without its effects, which a failed check makes unreadable."""
    return Estimate(estimate.n_treatment, estimate.n_control, status="withheld", reason=reason)


def why_not_estimable(treatment: Share, control: Share, *, minimum_events: float) -> str | None:
    """Too few users or events, and how many users it would need, in words; None where two shares can be compared.

    Expected events are those of the pooled rate in the smaller side. Where nobody (or everybody) has the event, the
    rate is taken to be below 3 / n (rule of three), so that at least `minimum_events` · n / 3 users are needed.
    """
    sides = {"treatment": treatment, "control": control}
    empty = [name for name, share in sides.items() if not share.users]
    users = treatment.users + control.users
    if not users:
        return "the outcome is known of nobody on either side; how many users it would need cannot be said"
    pooled = Share(treatment.events + control.events, users)
    rarer = min(pooled.rate, 1 - pooled.rate)
    kind = "events" if pooled.rate <= 0.5 else "non-events"
    needed = whole(minimum_events / rarer if rarer else minimum_events * users / 3)
    at_least = "about" if rarer else "at least"
    if empty:
        return f"nobody on the side of the {empty[0]}; needs {at_least} {needed} users there"
    smaller = min(sides, key=lambda name: sides[name].users)
    expected = rarer * sides[smaller].users
    if expected >= minimum_events:
        return None
    found = f"{expected:.1f} expected {kind} on the side of the {smaller} ({whole(sides[smaller].users)} users)"
    return f"too few: {found}, at least {minimum_events:g} wanted; needs {at_least} {needed} users there"


def whole(users: float) -> str:
    """A number of users, rounded up, with thin groups: `12 400`."""
    return f"{ceil(users - 1e-9):,}".replace(",", " ")


def _numbers(values: tuple[float | None, ...]) -> tuple[float, ...]:
    return tuple(float(value) for value in values if value is not None)
