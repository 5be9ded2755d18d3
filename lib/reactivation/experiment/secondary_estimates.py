"""What stands beside the unadjusted comparison: less noise, the users reached (CACE), the cost, the guardrails."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reactivation.experiment.analysis import AnalysisRequest, Estimates, Row, pairs, row_of
from reactivation.experiment.contrasts import CAUSAL, POLICY, TOUCH, WITH_GUARDRAILS, Comparison, comparisons
from reactivation.experiment.groups import Group, Pair, split_by
from reactivation.experiment.metrics import OutcomeMetric, ShareMetric, share
from reactivation.experiment.primary_estimator import ALL, COST, CUPED, NET_GAIN, REACHED, SEGMENTS, STRATIFIED
from reactivation.experiment.settings import ACTIVE
from reactivation.statistics import cace
from reactivation.statistics.estimates import Estimate, compare_adjusted, compare_means, compare_within_strata
from reactivation.statistics.fieller import cost_per_gained
from reactivation.statistics.net_gain import METHOD as NET_GAIN_METHOD
from reactivation.statistics.net_gain import valued_at
from reactivation.statistics.non_inferiority import BROKEN, HOLDS, NOT_SHOWN, guardrail
from reactivation.statistics.said import Said, joined, said
from reactivation.statistics.score_intervals import miettinen_nurminen
from reactivation.statistics.strata import SMALLEST_PER_ARM, collapse
from reactivation.statistics.verdicts import INCONCLUSIVE, NOT_ESTIMABLE, SAME, WITHHELD, WORSE

_COST_UNKNOWN = said("cost_unknown", "what was spent is not known: no source of redemptions, or of deliveries")
_TOO_FEW = said("nobody_there", "a side has fewer than two users")
_SOME_ONLY = said("some_only", "known of some users only, whose covariates were not summed apart")
_NO_COVARIATES = "CUPED is the registered headline, and the region has none of the registered covariates: {names}"
_GUARDRAIL = (
    "non-inferiority at a margin of {margin:g}, one-sided at {alpha:g}; the interval is Miettinen and Nurminen's"
)
_COST = "cost per incremental user: money more over users more, per user; Fieller"
_OUTSIDE = ("outside_treatment", "outside_control")
_VERDICTS = {HOLDS: SAME, BROKEN: WORSE, NOT_SHOWN: INCONCLUSIVE}


@dataclass(frozen=True)
class OverAllUsers:
    """One metric's estimates over all users.

    unadjusted: of every contrast. adjusted: of the causal contrasts, by segment of the estimator.
    """

    metric: OutcomeMetric
    unadjusted: Estimates
    adjusted: Mapping[str, Estimates]

    def primary(self, contrast: str, request: AnalysisRequest) -> Estimate:
        """A contrast's estimate by the primary estimator; unadjusted where that estimator has none."""
        by_primary = self.adjusted.get(SEGMENTS[request.settings.headline], {})
        return by_primary.get(contrast, self.unadjusted[contrast])

    def adjusted_rows(self, request: AnalysisRequest) -> Iterator[Row]:
        """The adjusted estimates as rows; only the primary estimator's have a verdict."""
        for segment, found in self.adjusted.items():
            yield from (request.row(contrast, self.metric, segment, found[contrast.name]) for contrast in CAUSAL)


@dataclass(frozen=True)
class Adjustment:
    """What is needed to adjust the causal contrasts over all users, for every metric.

    sides: both sides by comparison. strata: the same by comparison and stratum of branch and tier.
    """

    request: AnalysisRequest
    sides: Mapping[str, Pair]
    strata: Mapping[str, Mapping[str, Pair]]

    @classmethod
    def of(cls, groups: Sequence[Group], *, request: AnalysisRequest) -> "Adjustment":
        """Sums of the groups by side, and by side and stratum."""
        strata = {c.name: _strata(c, groups) for c in comparisons(CAUSAL)}
        return cls(request, pairs(CAUSAL, groups), strata)

    def of_metric(self, metric: OutcomeMetric, unadjusted: Estimates) -> OverAllUsers:
        """Adjust one metric. A contrast that has no unadjusted estimate has no adjusted one either, for its reason.

        A primary estimator that has no estimate is not estimable: no other estimate takes its place.
        """
        found = {STRATIFIED: {name: self._within_strata(name, metric) for name in self.strata}}
        if self.request.specs.covariates or self.request.settings.headline == "cuped":
            found[CUPED] = {name: self._with_covariates(pair, metric) for name, pair in self.sides.items()}
        adjusted = {
            segment: {
                name: estimate if unadjusted[name].status == "estimated" else unadjusted[name]
                for name, estimate in self.request.with_gains(CAUSAL, each, metric).items()
            }
            for segment, each in found.items()
        }
        return OverAllUsers(metric, unadjusted, adjusted)

    def _with_covariates(self, pair: Pair, metric: OutcomeMetric) -> Estimate:
        specs = self.request.specs
        if not specs.covariates:
            names = ", ".join(self.request.settings.covariates)
            return metric.blank(pair).not_estimable(said("no_covariates", _NO_COVARIATES.format(names=names)))
        treatment, control = (metric.joint(side, specs.adjusters) for side in pair)
        if treatment is None or control is None:
            return metric.blank(pair).not_estimable(_SOME_ONLY)
        arms = {"treatment": treatment, "control": control}
        return compare_adjusted(arms, "treatment", "control", level=self.request.level)

    def _within_strata(self, comparison: str, metric: OutcomeMetric) -> Estimate:
        found = {}
        for name, pair in self.strata[comparison].items():
            treatment, control = (metric.joint(side, ()) for side in pair)
            if treatment is not None and control is not None:
                found[name] = {"treatment": treatment, "control": control}
        return compare_within_strata(found, "treatment", "control", level=self.request.level)


def _strata(comparison: Comparison, groups: Sequence[Group]) -> dict[str, Pair]:
    """Both sides of a comparison by stratum; small strata become one. Only numbers of users say which are small."""
    members = [group for side in comparison.sides for group in side.members(groups)]
    users: dict[str, int] = {}
    for group in members:
        users[group.stratum] = users.get(group.stratum, 0) + group.users
    home = collapse(users, smallest=SMALLEST_PER_ARM * len(comparison.sides))
    merged = split_by(members, lambda group: home[group.stratum])
    return {name: pairs([comparison], part)[comparison.name] for name, part in sorted(merged.items())}


def reached_rows(sides: Mapping[str, Pair], *, request: AnalysisRequest) -> Iterator[Row]:
    """What a delivery moved among the users it reached: `touch_*` over the share of users with a delivery (CACE)."""
    for contrast in TOUCH:
        pair = sides[contrast.name]
        outside = [side.of("from_outside") / (side.of("users") or 1) for side in pair]
        about = cace.about_outside(share_touched=outside[0], share_holdout=outside[1])
        for metric in request.specs.shares:
            found = request.checked(contrast.name, _cace(pair, metric, request=request))
            row = request.row(contrast, metric, REACHED, found)
            yield row | {"reason": joined([row["reason"], about if found.status == "estimated" else None])}


def _cace(pair: Pair, metric: ShareMetric, *, request: AnalysisRequest) -> Estimate:
    """The treatment is the share of the reached with the outcome, the control what it would be without a delivery."""
    unadjusted = request.estimate(pair, metric)
    touched, holdout = (metric.received(side) for side in pair)
    blank = Estimate(touched.reached, holdout.users)
    if unadjusted.status != "estimated":
        return blank.not_estimable(unadjusted.reason)
    found = cace.effect_on_reached(touched, holdout, alpha=request.level.alpha)
    if isinstance(found, str):
        return blank.not_estimable(found)
    seen = touched.reached_events / touched.reached
    return replace(
        blank.with_effect(found),
        estimate_treatment=seen,
        estimate_control=seen - found.estimate,
        method=f"{cace.METHOD}{request.level.suffix}",
    )


def cost_rows(sides: Mapping[str, Pair], *, request: AnalysisRequest) -> Iterator[Row]:
    """Money spent more per user, users gained per user, and their ratio: the cost per incremental user.

    The ratio's interval is Fieller's. The row is a price and has no verdict: the primary estimator's row says whether
    any user was gained.
    """
    metric = _paid_for(request)
    if metric is None:
        return
    for contrast in TOUCH:
        first, second = (metric.spending(side) for side in sides[contrast.name])
        found, is_unknown = cost_per_gained(first, second, alpha=request.level.alpha), _is_unknown(sides[contrast.name])
        shown = Estimate(first.users, second.users).not_estimable(_COST_UNKNOWN if is_unknown else found.says)
        if found.estimate is not None and not is_unknown:
            shown = replace(
                shown,
                status="estimated",
                estimate_treatment=first.cost_per_user - second.cost_per_user,
                estimate_control=first.rate - second.rate,
                ratio=found.estimate,
                ratio_low=found.low,
                ratio_high=found.high,
                method=f"{_COST}{request.level.suffix}",
            )
        yield row_of(contrast.name, COST, ALL, request.checked(contrast.name, shown))


def net_gain_rows(sides: Mapping[str, Pair], *, request: AnalysisRequest) -> Iterator[Row]:
    """Beside every touch and policy contrast: value x effect - spend, per user, with its interval; see `net_gain`.

    At the registered value in the segment `all`, at each of the range in `value=…` (policies alone). No verdict.
    """
    metric, worth = _paid_for(request), request.settings.active_user_value
    if metric is None or worth is None:
        return
    assets = float(request.settings.asset_worth)
    values = {ALL: worth.registered, **{f"value={value:g}": value for value in worth.range}}
    for contrast in (*POLICY, *TOUCH):
        first, second = (metric.spending(side) for side in sides[contrast.name])
        is_unknown = _is_unknown(sides[contrast.name])
        for segment, value in values.items() if contrast in POLICY else [(ALL, worth.registered)]:
            shown = Estimate(first.users, second.users).not_estimable(_COST_UNKNOWN if is_unknown else _TOO_FEW)
            if min(first.users, second.users) > 1 and not is_unknown:
                found = compare_means(
                    *(metric.net_gain(side, value=value, asset_value=assets) for side in sides[contrast.name]),
                    level=request.level,
                    method=NET_GAIN_METHOD,
                )
                reason = found.reason or valued_at(float(value), assets)
                shown = replace(found, ratio=None, ratio_low=None, ratio_high=None, reason=reason)
            yield row_of(contrast.name, NET_GAIN, segment, request.checked(contrast.name, shown))


def _is_unknown(pair: Pair) -> bool:
    return any(side.of("cost_unknown") for side in pair)


def _paid_for(request: AnalysisRequest) -> ShareMetric | None:
    return next((metric for metric in request.specs.shares if metric.outcome == ACTIVE), None)


def guardrail_rows(sides: Mapping[str, Pair], *, request: AnalysisRequest) -> Iterator[Row]:
    """One row per contrast in which somebody is contacted, and guardrail; the reason begins with the guardrail's word.

    The interval is two-sided at twice alpha, so that each of its ends is one-sided at alpha. The verdict uses the words
    of the other rows: no difference that matters where the harm is surely below the margin, worse where it is above.
    A check that fails withholds what holds or is open; a harm that is seen is never hidden, and names the check.
    """
    alpha = request.level.alpha
    for contrast in WITH_GUARDRAILS:
        for name, spec in request.specs.guardrails.items():
            first, second = (share(side, name) for side in sides[contrast.name])
            if not any(side.of("users") for side in sides[contrast.name]):
                continue  # nobody is in the contrast
            judged = guardrail(name, first, second, margin=spec.margin, harm=spec.harm, alpha=alpha)
            told = Said(f"guardrail {judged.word}: {judged.reason}", judged.reason.code, judged.reason.values)
            blank = Estimate(int(first.users), int(second.users), reason=told)
            why = request.withheld.get(contrast.name)
            if why and not (request.is_ordered and judged.word == BROKEN):
                yield row_of(contrast.name, name, ALL, blank.withheld(why), verdict=WITHHELD)
            elif judged.difference is None:
                yield row_of(contrast.name, name, ALL, blank.not_estimable(blank.reason), verdict=NOT_ESTIMABLE)
            else:
                low, high = miettinen_nurminen(first, second, alpha=2 * alpha)
                found = replace(
                    blank,
                    estimate_treatment=first.rate,
                    estimate_control=second.rate,
                    difference=judged.difference,
                    difference_low=low,
                    difference_high=high,
                    method=_GUARDRAIL.format(margin=judged.margin, alpha=alpha),
                )
                if why:
                    failed = Said(f"beside it a check failed: {why}", why.code, why.values)
                    found = replace(found, reason=joined([told, failed]))
                beside = dict(zip(_OUTSIDE, request.outside.get(contrast.name, (None, None)), strict=True))
                yield row_of(contrast.name, name, ALL, found, verdict=_VERDICTS[judged.word]) | beside
