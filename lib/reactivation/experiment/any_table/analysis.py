"""Any randomised experiment as rows of the contract `readout`: checked, estimated, judged."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from reactivation.contracts.derived import READOUT
from reactivation.experiment.any_table.arm_metrics import ArmMetric, metrics_of
from reactivation.experiment.any_table.checks import arms_ratio, why_lost, why_withheld
from reactivation.experiment.any_table.spec import Spec
from reactivation.experiment.any_table.sums import ArmGroup, OutcomeSums, merged
from reactivation.experiment.primary_estimator import ADJUSTED, ALL, CUPED, STRATIFIED
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.cuped import JointMoments
from reactivation.statistics.estimates import Estimate, compare_adjusted, compare_within_strata, whole
from reactivation.statistics.multiplicity import as_family
from reactivation.statistics.said import Said
from reactivation.statistics.sample_ratio import SampleRatio
from reactivation.statistics.strata import SMALLEST_PER_ARM, collapse
from reactivation.statistics.verdicts import verdict

Row = dict[str, Any]

NO_CYCLE = "-"


class Analysis(NamedTuple):
    """rows: of `readout`, by outcome, contrast and segment. ratio: the arms as found. withheld: why, or None."""

    rows: tuple[Row, ...]
    ratio: SampleRatio
    withheld: str | None


@dataclass(frozen=True)
class _Question:
    """One outcome of one arm against the control. withheld: the check that failed, or None."""

    metric: ArmMetric
    arm: str
    spec: Spec
    settings: ExperimentSettings
    withheld: str | None

    def arms(self, groups: Sequence[ArmGroup]) -> dict[str, OutcomeSums]:
        """The outcome in each arm of these groups."""
        return {
            arm: merged([g for g in groups if g.arm == arm], self.metric.name, width=self.spec.width)
            for arm in self.spec.shares
        }

    def compare(self, arms: Mapping[str, OutcomeSums]) -> Estimate:
        """The unadjusted comparison."""
        return self.metric.compare(
            arms[self.arm],
            arms[self.spec.control],
            names=(self.arm, self.spec.control),
            level=self.spec.level,
            minimum_events=self.settings.minimum_expected_events,
        )

    def checked(self, found: Estimate) -> Estimate:
        """Withheld where a check failed; an estimate that cannot be had stays so, whatever the checks say."""
        is_hidden = self.withheld is not None and found.status == "estimated"
        return found.withheld(Said(self.withheld or "")) if is_hidden else found

    def row(self, segment: str, found: Estimate, arms: Mapping[str, OutcomeSums]) -> Row:
        """An unadjusted row with its verdict."""
        shown = self.checked(found)
        judged = verdict(
            shown,
            minimum_effect=self.metric.minimum_effect,
            alpha=self.spec.level.alpha,
            power=self.settings.power,
            unit=self.metric.unit,
        )
        unknown = arms[self.arm].unknown + arms[self.spec.control].unknown
        is_partial = unknown and shown.status == "estimated"
        left_out = f"{whole(unknown)} rows whose outcome is not known are left out" if is_partial else None
        text = "; ".join(filter(None, (judged.reason, left_out)))
        reason = Said(text) if text else None
        return {"segment": segment, **asdict(shown), "verdict": judged.word, "reason": reason}

    def adjusted_row(self, segment: str, found: Estimate, unadjusted: Estimate) -> Row:
        """An adjusted row, without a verdict of its own; without an unadjusted estimate there is no adjusted one."""
        usable = found if unadjusted.status == "estimated" else unadjusted
        if usable is found and found.status == "estimated":
            usable = replace(found, reason=ADJUSTED)
        return {"segment": segment, **asdict(self.checked(usable)), "verdict": None}


def analyze(groups: Sequence[ArmGroup], spec: Spec, *, settings: ExperimentSettings) -> Analysis:
    """Every arm against the control on every outcome, from the sums of the table.

    Key: contrast, metric, segment. Segment `all` is the primary estimator, unadjusted; `all, CUPED` and
    `all, post-stratified` stand beside it without a verdict; the others are the strata one by one, their verdicts after
    Benjamini-Hochberg. settings: the sample ratio's p, the least expected events, and the power of what would settle.
    """
    why = why_withheld(groups, spec, srm_p=settings.srm_p)
    rows = []
    for metric in metrics_of(spec):
        withheld_because = why or why_lost(metric.name, groups, spec, srm_p=settings.srm_p)
        for arm in spec.treatments:
            question = _Question(metric, arm, spec, settings, withheld_because)
            place = {"cycle": NO_CYCLE, "contrast": f"{arm}_vs_{spec.control}", "metric": metric.name}
            with np.errstate(over="ignore", invalid="ignore"):  # sums too large to square end in words, not in warnings
                rows += [{**place, **row} for row in _rows(question, groups)]
    known = [{"alpha": spec.level.alpha if row["status"] == "estimated" else None, **row} for row in rows]
    columns = READOUT.column_names
    return Analysis(tuple({name: row.get(name) for name in columns} for row in known), arms_ratio(groups, spec), why)


def _rows(question: _Question, groups: Sequence[ArmGroup]) -> list[Row]:
    """The unadjusted row, the adjusted ones, and the strata one by one."""
    spec, arms = question.spec, question.arms(groups)
    unadjusted = question.compare(arms)
    rows = [question.row(ALL, unadjusted, arms)]
    if spec.covariates:
        joints = {arm: outcome.joint for arm, outcome in arms.items()}
        found = compare_adjusted(joints, question.arm, spec.control, level=spec.level)
        rows.append(question.adjusted_row(CUPED, found, unadjusted))
    if spec.strata:
        found = compare_within_strata(_strata(question, groups), question.arm, spec.control, level=spec.level)
        rows.append(question.adjusted_row(STRATIFIED, found, unadjusted))
        rows += _segments(question, groups)
    return rows


def _segments(question: _Question, groups: Sequence[ArmGroup]) -> list[Row]:
    """The effect within each stratum; proven only where it is so after Benjamini-Hochberg over all of them."""
    rows: list[Row] = []
    for stratum in sorted({group.stratum for group in groups}):
        arms = question.arms([group for group in groups if group.stratum == stratum])
        rows.append(question.row(stratum, question.compare(arms), arms))
    return as_family(rows, "segments", alpha=question.spec.level.alpha)


def _strata(question: _Question, groups: Sequence[ArmGroup]) -> dict[str, dict[str, JointMoments]]:
    """Arms by stratum; small strata become one. Only the number of users decides which are small."""
    users: dict[str, int] = {}
    for group in groups:
        users[group.stratum] = users.get(group.stratum, 0) + (group.users if group.arm is not None else 0)
    home = collapse(users, smallest=SMALLEST_PER_ARM * len(question.spec.shares))
    return {
        name: {
            arm: outcome.joint for arm, outcome in question.arms([g for g in groups if home[g.stratum] == name]).items()
        }
        for name in sorted(set(home.values()))
    }
