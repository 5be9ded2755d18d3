"""One outcome of one arm against the control's, estimated from sums, or the reason why it cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reactivation.experiment.any_table.spec import Arriving, Spec
from reactivation.experiment.any_table.sums import Outcome
from reactivation.experiment.primary_estimator import ADJUSTED
from reactivation.statistics import means, sequential
from reactivation.statistics.cuped import Joint, adjusted, pooled
from reactivation.statistics.estimates import Estimate, compare, whole
from reactivation.statistics.means import Effect, Sample, Spread
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.proportions import Share
from reactivation.statistics.strata import Stratum, post_stratified

MOST_MISSING = 0.99
NOTHING_VARIES = "no covariate varies, or there are too few users to adjust for them"


@dataclass(frozen=True)
class Level:
    """How sure an answer must be. alpha: at this look. arriving: always-valid intervals instead, or None."""

    alpha: float
    arriving: Arriving | None
    looks: int

    @classmethod
    def of(cls, spec: Spec) -> "Level":
        """The level of each answer under the spec's looks."""
        if isinstance(spec.looks, Arriving):
            return cls(spec.alpha, spec.looks, 1)
        return cls(alpha_per_look(spec.alpha, looks=spec.looks), None, spec.looks)

    def critical(self, users: float) -> float | None:
        """Standard errors to either side; None where Student's serve."""
        if self.arriving is None or not users:
            return None
        return float(sequential.critical(users, alpha=self.alpha, tuning=self.arriving.tuning))

    def p_value(self, effect: Effect, users: float) -> float:
        """The effect's p-value, valid at every look where users arrive."""
        if self.arriving is None:
            return float(effect.p_value)
        distance = abs(effect.estimate) / effect.standard_error
        return float(sequential.p_value(distance, users, alpha=self.alpha, tuning=self.arriving.tuning))

    @property
    def words(self) -> str:
        """What the method says of looks; empty where there is one."""
        if self.arriving is not None:
            return "; " + sequential.METHOD.format(tuning=whole(self.arriving.tuning))
        return f"; alpha {self.alpha:.4g} at each of {self.looks} looks" if self.looks > 1 else ""


def headline(
    treatment: Outcome, control: Outcome, *, is_rate: bool, names: tuple[str, str], level: Level, minimum_events: float
) -> Estimate:
    """The unadjusted comparison: Newcombe and Koopman for rates, Welch and the delta method for means.

    names: of the two arms, for the words. Where users arrive over time, both come from the confidence sequence, with
    the variance p(1 - p) for rates.
    """
    sides = (treatment.joint.outcome, control.joint.outcome)
    blank = Estimate(int(sides[0].n), int(sides[1].n))
    reason = _why_not(treatment, control, names=names, is_rate=is_rate)
    if reason:
        return replace(blank, status="not_estimable", reason=reason)
    if not is_rate:
        return of_means(*sides, level=level, method=means.DIFFERENCE_METHOD)
    shares = [Share(round(side.mean * side.n), int(side.n)) for side in sides]
    found = compare(*shares, alpha=level.alpha, minimum_events=minimum_events)
    if found.status != "estimated":
        return replace(found, reason=_named(found.reason, names))
    if level.arriving is None:
        return replace(found, method=f"{found.method}{level.words}")
    first, second = (Spread(s.users, s.rate, s.rate * (1 - s.rate)) for s in shares)
    return of_means(first, second, level=level, method="difference of shares; ratio: delta method")


def with_covariates(arms: Mapping[str, Joint], treatment: str, control: str, *, level: Level) -> Estimate:
    """The comparison after CUPED, its theta pooled over all arms."""
    blank = Estimate(arms[treatment].n, arms[control].n)
    found = adjusted(arms)
    if found is None:
        everybody = pooled(list(arms.values()))
        is_missing = everybody.n and everybody.means[-1] > MOST_MISSING
        reason = "some covariate has no number in nearly every row" if is_missing else NOTHING_VARIES
        return replace(blank, status="not_estimable", reason=reason)
    method = f"CUPED, theta pooled over {len(arms)} arms; difference: Welch; ratio: delta method"
    estimate = of_means(found[treatment], found[control], level=level, method=method)
    return replace(estimate, reason=ADJUSTED) if estimate.status == "estimated" else estimate


def within_strata(strata: Mapping[str, Mapping[str, Joint]], treatment: str, control: str, *, level: Level) -> Estimate:
    """The comparison within strata, weighted by their share over all arms. strata: arms by stratum."""
    first, second = (sum(arms[name].n for arms in strata.values()) for name in (treatment, control))
    blank, users = Estimate(first, second), first + second
    parts = [
        Stratum(name, sum(arm.n for arm in arms.values()), arms[treatment].outcome, arms[control].outcome)
        for name, arms in strata.items()
    ]
    found = post_stratified(parts, alpha=level.alpha, critical=level.critical(users))
    if isinstance(found, str):
        return replace(blank, status="not_estimable", reason=found)
    if not found.effect.standard_error:
        return replace(blank, status="not_estimable", reason=_SAME)
    return replace(
        blank,
        estimate_treatment=found.treatment,
        estimate_control=found.control,
        difference=float(found.effect.estimate),
        difference_low=float(found.effect.low),
        difference_high=float(found.effect.high),
        p_value=level.p_value(found.effect, users),
        method=f"post-stratified over {len(strata)} strata, weights over all arms{level.words}",
        reason=ADJUSTED,
    )


_SAME = "every user of both arms has the same value: nothing varies, so no interval can be had"


def of_means(treatment: Sample, control: Sample, *, level: Level, method: str) -> Estimate:
    """Two means with everything a row holds; the ratio only where the control's mean is surely above zero."""
    users = treatment.n + control.n
    blank = Estimate(int(treatment.n), int(control.n))
    critical = level.critical(users)
    found = means.difference(treatment, control, alpha=level.alpha, critical=critical)
    if not np.isfinite(found.standard_error):
        return replace(blank, status="not_estimable", reason="values so large that their squares cannot be summed")
    if not found.standard_error:
        return replace(blank, status="not_estimable", reason=_SAME)
    ratio: Any = None
    if means.has_ratio(control, alpha=level.alpha):
        ratio = means.relative(treatment, control, alpha=level.alpha, critical=critical)
    return replace(
        blank,
        estimate_treatment=float(treatment.mean),
        estimate_control=float(control.mean),
        difference=float(found.estimate),
        difference_low=float(found.low),
        difference_high=float(found.high),
        ratio=1 + float(ratio.estimate) if ratio else None,
        ratio_low=1 + float(ratio.low) if ratio else None,
        ratio_high=1 + float(ratio.high) if ratio else None,
        p_value=level.p_value(found, users),
        method=f"{method}{level.words}",
    )


def _why_not(treatment: Outcome, control: Outcome, *, names: tuple[str, str], is_rate: bool) -> str | None:
    """What keeps the two sides from being compared at all, in words."""
    sides = dict(zip(names, (treatment, control), strict=True))
    wrong = {name: side.wrong for name, side in sides.items() if side.wrong}
    if wrong:
        what = "neither 0 nor 1" if is_rate else "infinite or no numbers"
        found = ", ".join(f"{whole(n)} in `{name}`" for name, n in wrong.items())
        return f"values are {what}: {found}; mend the table, or make another outcome of them"
    empty = [name for name, side in sides.items() if not side.joint.n]
    if empty:
        known_of = " and ".join(f"`{name}`" for name in empty)
        unknown = sum(sides[name].unknown for name in empty)
        return f"the outcome is known of nobody in {known_of}" + (
            f" ({whole(unknown)} rows without it)" if unknown else ""
        )
    alone = [name for name, side in sides.items() if side.joint.n < 2]
    if alone and not is_rate:
        return f"one user alone in {' and '.join(f'`{name}`' for name in alone)}: a mean needs two to have an interval"
    return None


def _named(reason: str | None, names: tuple[str, str]) -> str | None:
    """The same words with the arms' names in place of the sides'."""
    if reason is None:
        return None
    return reason.replace("the side of the treatment", f"`{names[0]}`").replace(
        "the side of the control", f"`{names[1]}`"
    )
