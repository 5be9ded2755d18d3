"""What stands beside the headline: the same question with less noise, and the effect on those who were reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from reactivation.contracts.derived import POLICIES
from reactivation.experiment.analysis import Asked, Pair, Row, comparisons, pairs, with_gains
from reactivation.experiment.any_table.analysis import SMALLEST_STRATUM_PER_ARM
from reactivation.experiment.any_table.arm_effects import with_covariates, within_strata
from reactivation.experiment.contrasts import CONTRASTS, Comparison
from reactivation.experiment.groups import Group, split_by
from reactivation.experiment.primary_estimator import ALL, CUPED, STRATIFIED
from reactivation.statistics import cace
from reactivation.statistics.cuped import Joint
from reactivation.statistics.estimates import Estimate
from reactivation.statistics.fieller import cost_per_gained
from reactivation.statistics.strata import collapse

CAUSAL = tuple(contrast for contrast in CONTRASTS if contrast.kind == "causal")
TOUCH = tuple(c for c in CONTRASTS if c.name in {f"touch_{policy}" for policy in POLICIES})
REACHED = "reached"
COST = "cost_per_active"
_PAID_FOR = "is_active"
_SOME_ONLY = "known of some users only, whose covariates were not summed apart"
_NO_COVARIATES = "CUPED is the registered headline, and the region has none of the registered covariates: {names}"


def adjusted_estimates(
    groups: Sequence[Group], plain: Mapping[tuple[str, str], Estimate], *, asked: Asked
) -> dict[tuple[str, str, str], Estimate]:
    """Causal contrasts with covariates, and within strata of branch and tier, by contrast, metric and segment.

    plain: the unadjusted estimates by contrast and metric; what they cannot tell the adjusted ones do not either. A
    headline that cannot be had is not estimable: no other estimate takes its place.
    """
    strata = {c.name: _strata(c, groups) for c in comparisons(CAUSAL)}
    sides = pairs(CAUSAL, groups)
    has_cuped = asked.measured.covariates or asked.settings.headline == "cuped"
    estimates = {}
    for metric in asked.measured.metrics:
        found = {STRATIFIED: {name: _within(parts, metric, asked=asked) for name, parts in strata.items()}}
        if has_cuped:
            found[CUPED] = {name: _with_covariates(pair, metric, asked=asked) for name, pair in sides.items()}
        for segment, of_comparisons in found.items():
            for name, one in with_gains(CAUSAL, of_comparisons, metric, asked=asked).items():
                unadjusted = plain[name, metric]
                estimates[name, metric, segment] = one if unadjusted.status == "estimated" else unadjusted
    return estimates


def adjusted(found: Mapping[tuple[str, str, str], Estimate], *, asked: Asked) -> Iterator[Row]:
    """The adjusted estimates as rows; the verdict is that of the registered headline alone."""
    by_name = {contrast.name: contrast for contrast in CAUSAL}
    for (name, metric, segment), estimate in found.items():
        yield asked.row(by_name[name], metric, segment, estimate)


def _with_covariates(pair: Pair, metric: str, *, asked: Asked) -> Estimate:
    if not asked.measured.covariates:
        first, second = (int(side.of("known", metric)) for side in pair)
        reason = _NO_COVARIATES.format(names=", ".join(asked.settings.covariates))
        return Estimate(first, second, status="not_estimable", reason=reason)
    joints = [side.joint(metric, asked.measured) for side in pair]
    arms = {name: joint for name, joint in zip(("treatment", "control"), joints, strict=True) if joint is not None}
    if len(arms) < len(joints):
        first, second = (int(side.of("known", metric)) for side in pair)
        return Estimate(first, second, status="not_estimable", reason=_SOME_ONLY)
    return with_covariates(arms, "treatment", "control", level=asked.level)


def _strata(comparison: Comparison, groups: Sequence[Group]) -> dict[str, Pair]:
    """Both sides of a comparison by stratum, small strata together: by their users on both sides, whatever they did."""
    members = [group for side in comparison.sides for group in side.members(groups)]
    by_stratum = split_by(members, lambda group: group.stratum)
    users = {name: sum(group.users for group in part) for name, part in by_stratum.items()}
    home = collapse(users, smallest=SMALLEST_STRATUM_PER_ARM * len(comparison.sides))
    together = split_by(members, lambda group: home[group.stratum])
    return {name: pairs([comparison], part)[comparison.name] for name, part in sorted(together.items())}


def _within(strata: Mapping[str, Pair], metric: str, *, asked: Asked) -> Estimate:
    outcome = replace(asked.measured, covariates=())
    found: dict[str, dict[str, Joint]] = {}
    for name, pair in strata.items():
        first, second = (side.joint(metric, outcome) for side in pair)
        if first is not None and second is not None:
            found[name] = {"treatment": first, "control": second}
    return within_strata(found, "treatment", "control", level=asked.level)


def on_the_reached(sides: Mapping[str, Pair], *, asked: Asked) -> Iterator[Row]:
    """What a delivery moved among those it reached: `touch_*` over the share with a delivery."""
    for contrast in TOUCH:
        pair = sides[contrast.name]
        for metric in asked.measured.rates:
            found = asked.checked(contrast.name, _reached(pair, metric, asked=asked))
            outside = [side.of("from_outside") / (side.of("users") or 1) for side in pair]
            about = cace.about_outside(share_touched=outside[0], share_holdout=outside[1])
            row = asked.row(contrast, metric, REACHED, found)
            reason = "; ".join(filter(None, (row["reason"], about if found.status == "estimated" else None)))
            yield row | {"reason": reason or None}


def _reached(pair: Pair, metric: str, *, asked: Asked) -> Estimate:
    """The effect as a row: of the reached, the share with the outcome, and what it would have been without."""
    plain = asked.estimate(pair, metric)
    touched, holdout = (side.received(metric) for side in pair)
    blank = Estimate(touched.reached, holdout.users)
    if plain.status != "estimated":
        return replace(blank, status="not_estimable", reason=plain.reason)
    found = cace.effect_on_reached(touched, holdout, alpha=asked.level.alpha)
    if isinstance(found, str):
        return replace(blank, status="not_estimable", reason=found)
    seen = touched.reached_events / touched.reached
    return replace(
        blank,
        estimate_treatment=seen,
        estimate_control=seen - found.estimate,
        difference=found.estimate,
        difference_low=found.low,
        difference_high=found.high,
        p_value=found.p_value,
        method=f"{cace.METHOD}{asked.level.words}",
    )


def costs(sides: Mapping[str, Pair], *, asked: Asked) -> Iterator[Row]:
    """Money spent more per user, users gained per user, and the one over the other: the cost per incremental user.

    The ratio's interval is Fieller's. The row describes a price; whether anybody was gained is the headline's verdict.
    """
    metric = next((name for name, outcome in asked.measured.rates.items() if outcome == _PAID_FOR), None)
    for contrast in TOUCH if metric else ():
        pair = sides[contrast.name]
        first, second = (side.spending(str(metric)) for side in pair)
        blank = Estimate(first.users, second.users)
        found = cost_per_gained(first, second, alpha=asked.level.alpha)
        if found.estimate is None:
            shown = replace(blank, status="not_estimable", reason=found.says)
        else:
            shown = replace(
                blank,
                estimate_treatment=first.cost_per_user - second.cost_per_user,
                estimate_control=first.rate - second.rate,
                ratio=found.estimate,
                ratio_low=found.low,
                ratio_high=found.high,
                method=f"cost per incremental user: money more over users more, per user; Fieller{asked.level.words}",
                reason=found.says,
            )
        place = {"contrast": contrast.name, "metric": COST, "segment": ALL}
        yield {**place, **asdict(asked.checked(contrast.name, shown)), "verdict": None}
