"""What a month's read-out is asked, and how an answer is estimated, checked, judged and put into a row."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from reactivation.contracts import derived
from reactivation.contracts.table import Table
from reactivation.experiment.checks import Design, sample_ratios, why_withheld
from reactivation.experiment.contrasts import AFTER_MONTHS, CONTRASTS, Comparison, Contrast, among, comparisons
from reactivation.experiment.groups import Group, Pair, Totals, by_arm, total
from reactivation.experiment.metric_specs import MetricSpecs
from reactivation.experiment.metrics import OutcomeMetric
from reactivation.experiment.primary_estimator import is_secondary, secondary_reason
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.estimates import Estimate
from reactivation.statistics.said import Said, said
from reactivation.statistics.sequential import Level
from reactivation.statistics.verdicts import verdict

Row = dict[str, Any]
Rows = list[Row]
Estimates = dict[str, Estimate]
"""Estimates of one metric by the name of the contrast."""
Both = tuple[float | None, float | None]
Outside = Mapping[str, Both]
"""By contrast, the shares of its two sides with a contact of another sender; None where a side has nobody."""

OF_THE_NEXT_MONTH = ("retained", "active_after")


class Answers(NamedTuple):
    """Rows of `readout`, `readout_checks` and `targeting` of one month. alpha: that of each answer."""

    readout: Rows
    checks: Rows
    targeting: Rows
    alpha: float

    @property
    def tables(self) -> tuple[tuple[Table, Rows], ...]:
        """Each table with its rows."""
        return (
            (derived.READOUT, self.readout),
            (derived.READOUT_CHECKS, self.checks),
            (derived.TARGETING, self.targeting),
        )


@dataclass(frozen=True)
class AnalysisRequest:
    """What the month asks, and what its checks found.

    withheld: by contrast, the check that failed, or None. not_known: outcomes that nobody can know yet, each with the
    reason. outside: by contrast, over all users. said_once: metrics that are for every user the same as another one.
    contrasts: those that were registered. read_at: another level than the registered one.
    """

    settings: ExperimentSettings
    specs: MetricSpecs
    withheld: Mapping[str, Said | None]
    not_known: Mapping[str, Said]
    outside: Outside = field(default_factory=dict)
    said_once: Mapping[str, str] = field(default_factory=dict)
    contrasts: tuple[str, ...] = tuple(c.name for c in CONTRASTS)
    read_at: float | None = None

    @property
    def level(self) -> Level:
        """How sure an answer must be, at each of the registered looks."""
        return Level(self.read_at or self.settings.alpha_per_look, self.settings.looks)

    @property
    def is_ordered(self) -> bool:
        """True where an order of the questions was registered, as in all plans since 0.1.0."""
        return bool(self.settings.sequence)

    def at(self, alpha: float, metrics: Collection[str]) -> "AnalysisRequest":
        """The same request of some metrics alone, without guardrails, answered at another level."""
        return replace(self, read_at=alpha, specs=self.specs.only(metrics))

    def estimate(self, pair: Pair, metric: OutcomeMetric) -> Estimate:
        """The unadjusted comparison of two sides."""
        blank = metric.blank(pair)
        if not blank.n_treatment and not blank.n_control and metric.outcome in self.not_known:
            return blank.not_estimable(self.not_known[metric.outcome])
        return metric.compare(pair, level=self.level, minimum_events=self.settings.minimum_expected_events)

    def estimates(self, contrasts: Iterable[Contrast], sides: Mapping[str, Pair], metric: OutcomeMetric) -> Estimates:
        """Each contrast on one metric, unadjusted; withheld where a check of the contrast failed."""
        known = tuple(contrasts)
        plain = {c.name: self.estimate(sides[c.name], metric) for c in comparisons(known)}
        found = self.with_gains(known, plain, metric)
        return {name: self.checked(name, estimate) for name, estimate in found.items()}

    def with_gains(self, contrasts: Iterable[Contrast], found: Estimates, metric: OutcomeMetric) -> Estimates:
        """The contrasts' estimates from those of their comparisons; a gain is the difference of two of them."""
        return {
            c.name: found[c.name]
            if isinstance(c, Comparison)
            else metric.gain(found[c.treatment.name], found[c.control.name], level=self.level)
            for c in contrasts
        }

    def checked(self, contrast: str, found: Estimate) -> Estimate:
        """The estimate; withheld, whatever its numbers are, where a check of the contrast failed."""
        why = self.withheld.get(contrast)
        return found.withheld(why) if why else found

    def row(
        self,
        contrast: Contrast,
        metric: OutcomeMetric,
        segment: str,
        found: Estimate,
        *,
        outside: Outside | None = None,
    ) -> Row:
        """A row of `readout`. Only causal contrasts get a verdict, and over all users only the primary estimator's.

        outside: that of the segment's users, where these are not all users.
        """
        beside = (self.outside if outside is None else outside).get(contrast.name, (None, None))
        row = row_of(contrast.name, metric.name, segment, found)
        row |= {"outside_treatment": beside[0], "outside_control": beside[1]}
        if contrast.kind != "causal":
            return row
        if is_secondary(segment, self.settings.headline):
            return row | {"reason": secondary_reason(segment) if found.status == "estimated" else found.reason}
        judged = verdict(
            found,
            minimum_effect=metric.minimum_effect,
            alpha=self.level.alpha,
            power=self.settings.power,
            unit=metric.unit,
        )
        return row | {"verdict": judged.word, "reason": judged.reason}


def request(
    groups: Sequence[Group],
    *,
    design: Design,
    settings: ExperimentSettings,
    specs: MetricSpecs,
    known_on: date,
    not_known: Mapping[str, Said] | None = None,
) -> AnalysisRequest:
    """What the month asks, after its checks: which contrasts may be read, and why others may not.

    groups: all users of `arms`, aggregated. design: the shares that were registered. known_on: day from which a re-run
    knows what the users did in the next month. not_known: further outcomes that nobody can know yet, with the reason.
    """
    arms = by_arm(groups)
    ratios = sample_ratios(arms, design)
    asked = [c for c in among(design.cells) if design.contrasts is None or c.name in design.contrasts]
    reasons = {c.name: why_withheld(c, groups=arms, ratios=ratios, settings=settings) for c in CONTRASTS}
    if design.months_before and reasons[AFTER_MONTHS] is None:
        woken = f"{design.months_before} months of campaigns since its draw have woken sleepers on one side alone"
        told = f"{woken}: those who still sleep are not alike"
        reasons[AFTER_MONTHS] = said("months_before", told, months=design.months_before)
    told = f"month + 1 settles on {known_on}: run read_out again with --as-of {known_on} or later"
    later = said("next_month", told, day=str(known_on))
    return AnalysisRequest(
        settings,
        specs,
        reasons,
        {**dict.fromkeys(OF_THE_NEXT_MONTH, later), **(not_known or {})},
        outside=outside_of(CONTRASTS, pairs(CONTRASTS, arms)),
        said_once=specs.said_once(arms, asked=[question.metric for question in settings.sequence]),
        contrasts=tuple(c.name for c in asked),
    )


def pairs(contrasts: Iterable[Contrast], groups: Iterable[Group]) -> dict[str, Pair]:
    """Both sides of every comparison by its name, summed once for all metrics."""
    known = tuple(groups)
    return {
        c.name: (total(c.treatment.members(known)), total(c.control.members(known))) for c in comparisons(contrasts)
    }


def outside_of(contrasts: Iterable[Contrast], sides: Mapping[str, Pair]) -> dict[str, Both]:
    """Shares with a contact of another sender on both sides of each contrast; of a gain, their differences."""
    plain = {name: (_outside_share(first), _outside_share(second)) for name, (first, second) in sides.items()}

    def apart(comparison: Comparison) -> float | None:
        first, second = plain[comparison.name]
        return None if first is None or second is None else first - second

    return {
        c.name: plain[c.name] if isinstance(c, Comparison) else (apart(c.treatment), apart(c.control))
        for c in contrasts
    }


def _outside_share(side: Totals) -> float | None:
    users = side.of("users")
    return side.of("from_outside") / users if users else None


def row_of(contrast: str, metric: str, segment: str, found: Estimate, *, verdict: str | None = None) -> Row:
    """An estimate as a row of `readout`, all but the cycle."""
    return {"contrast": contrast, "metric": metric, "segment": segment, **asdict(found), "verdict": verdict}
