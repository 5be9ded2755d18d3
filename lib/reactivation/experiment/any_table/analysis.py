"""Any randomised experiment as rows of the contract `readout`: checked, estimated, judged."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from reactivation.contracts.derived import READOUT
from reactivation.experiment.any_table.arm_effects import Level, headline, with_covariates, within_strata
from reactivation.experiment.any_table.checks import arms_ratio, why_lost, why_withheld
from reactivation.experiment.any_table.spec import Spec
from reactivation.experiment.any_table.sums import Group, Outcome, merged
from reactivation.experiment.primary_estimator import ALL, CUPED, STRATIFIED
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.estimates import Estimate, whole, withheld
from reactivation.statistics.multiplicity import as_family
from reactivation.statistics.sample_ratio import SampleRatio
from reactivation.statistics.strata import collapse
from reactivation.statistics.verdicts import verdict

Row = dict[str, Any]

NO_CYCLE = "-"
SMALLEST_STRATUM_PER_ARM = 20


class Analysis(NamedTuple):
    """rows: of `readout`, by outcome, contrast and segment. ratio: the arms as found. withheld: why, or None."""

    rows: tuple[Row, ...]
    ratio: SampleRatio
    withheld: str | None


@dataclass(frozen=True)
class _Question:
    """One outcome of one arm against the control. withheld: the check that failed, or None."""

    metric: str
    arm: str
    spec: Spec
    settings: ExperimentSettings
    withheld: str | None

    @property
    def level(self) -> Level:
        return Level.of(self.spec)

    def arms(self, groups: Sequence[Group]) -> dict[str, Outcome]:
        """The outcome in each arm of these groups."""
        return {
            arm: merged([g for g in groups if g.arm == arm], self.metric, width=self.spec.width)
            for arm in self.spec.shares
        }


def analyze(groups: Sequence[Group], spec: Spec, *, settings: ExperimentSettings) -> Analysis:
    """Every arm against the control on every outcome, from the sums of the table.

    Key: contrast, metric, segment. Segment `all` is the headline, unadjusted; `all, CUPED` and `all, post-stratified`
    stand beside it without a verdict of their own; the others are the strata one by one, their verdicts after
    Benjamini-Hochberg. settings: the sample ratio's p, the least expected events, and the power of what would settle.
    """
    why = why_withheld(groups, spec, srm_p=settings.srm_p)
    rows = []
    for metric in spec.outcomes:
        withheld_because = why or why_lost(metric, groups, spec, srm_p=settings.srm_p)
        for arm in spec.treatments:
            question = _Question(metric, arm, spec, settings, withheld_because)
            place = {"cycle": NO_CYCLE, "contrast": f"{arm}_vs_{spec.control}", "metric": metric}
            with np.errstate(over="ignore", invalid="ignore"):  # sums too large to square end in words, not in warnings
                rows += [{**place, **row} for row in _rows(question, groups)]
    columns = READOUT.column_names
    return Analysis(tuple({name: row[name] for name in columns} for row in rows), arms_ratio(groups, spec), why)


def _rows(question: _Question, groups: Sequence[Group]) -> list[Row]:
    """The headline, what stands beside it, and the strata."""
    spec, arms = question.spec, question.arms(groups)
    plain = _headline(question, arms)
    rows = [_row(question, ALL, plain, arms)]
    beside: dict[str, Estimate] = {}
    if spec.covariates:
        joints = {arm: outcome.joint for arm, outcome in arms.items()}
        beside[CUPED] = with_covariates(joints, question.arm, spec.control, level=question.level)
    if spec.strata:
        strata = _strata(question, groups)
        beside[STRATIFIED] = within_strata(strata, question.arm, spec.control, level=question.level)
    for segment, found in beside.items():
        usable = found if plain.status == "estimated" else plain
        rows.append({"segment": segment, **asdict(_checked(question, usable)), "verdict": None})
    return rows + (_segments(question, groups) if spec.strata else [])


def _headline(question: _Question, arms: dict[str, Outcome]) -> Estimate:
    spec = question.spec
    return headline(
        arms[question.arm],
        arms[spec.control],
        is_rate=question.metric in spec.rates,
        names=(question.arm, spec.control),
        level=question.level,
        minimum_events=question.settings.minimum_expected_events,
    )


def _row(question: _Question, segment: str, found: Estimate, arms: dict[str, Outcome]) -> Row:
    """An unadjusted row with its verdict."""
    shown = _checked(question, found)
    judged = verdict(
        shown,
        minimum_effect=question.spec.minimum_effects.get(question.metric),
        alpha=question.level.alpha,
        power=question.settings.power,
        unit="points" if question.metric in question.spec.rates else "own",
    )
    unknown = arms[question.arm].unknown + arms[question.spec.control].unknown
    is_partial = unknown and shown.status == "estimated"
    left_out = f"{whole(unknown)} rows whose outcome is not known are left out" if is_partial else None
    return {"segment": segment, **asdict(shown), "verdict": judged.word, "reason": _joined(judged.reason, left_out)}


def _segments(question: _Question, groups: Sequence[Group]) -> list[Row]:
    """The effect within each stratum; proven only where it is so after Benjamini-Hochberg over all of them."""
    rows: list[Row] = []
    for stratum in sorted({group.stratum for group in groups}):
        arms = question.arms([group for group in groups if group.stratum == stratum])
        rows.append(_row(question, stratum, _headline(question, arms), arms))
    return as_family(rows, "segments", alpha=question.level.alpha)


def _strata(question: _Question, groups: Sequence[Group]) -> dict[str, dict[str, Any]]:
    """Arms by stratum, small strata together: by their users over all arms, whatever came of them."""
    users: dict[str, int] = {}
    for group in groups:
        users[group.stratum] = users.get(group.stratum, 0) + (group.users if group.arm is not None else 0)
    home = collapse(users, smallest=SMALLEST_STRATUM_PER_ARM * len(question.spec.shares))
    return {
        name: {
            arm: outcome.joint for arm, outcome in question.arms([g for g in groups if home[g.stratum] == name]).items()
        }
        for name in sorted(set(home.values()))
    }


def _checked(question: _Question, found: Estimate) -> Estimate:
    """Withheld where a check failed; what cannot be estimated stays so, whatever the checks say."""
    is_hidden = question.withheld is not None and found.status == "estimated"
    return withheld(found, question.withheld or "") if is_hidden else found


def _joined(*reasons: str | None) -> str | None:
    return "; ".join(reason for reason in reasons if reason) or None
