"""The month's experiment as rows of three tables: checked, estimated, judged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from reactivation.contracts.derived import READOUT
from reactivation.experiment.analysis import AnalysisRequest, Answers, Row, pairs, request
from reactivation.experiment.checks import Checked, Design
from reactivation.experiment.contrasts import CHALLENGED, CONTRASTS
from reactivation.experiment.families import judged
from reactivation.experiment.groups import Group, by_arm
from reactivation.experiment.looks import Look
from reactivation.experiment.metric_specs import MetricSpecs
from reactivation.experiment.month_checks import check_rows
from reactivation.experiment.primary_estimator import ALL
from reactivation.experiment.secondary_estimates import (
    Adjustment,
    OverAllUsers,
    cost_rows,
    guardrail_rows,
    net_gain_rows,
    reached_rows,
)
from reactivation.experiment.segments import disagreement_rows, part_rows, week_rows
from reactivation.experiment.settings import ExperimentSettings
from reactivation.experiment.targeting import targeting
from reactivation.periods import Month
from reactivation.statistics.said import columns
from reactivation.statistics.verdicts import reading_of_pick

_DOUBLES = frozenset(column.name for column in READOUT.columns if column.type == "double")


def answers(
    groups: Sequence[Group],
    *,
    cycle: Month,
    design: Design,
    settings: ExperimentSettings,
    specs: MetricSpecs,
    known_on: date,
    decile_rows: Iterable[Mapping[str, Any]],
    further: Iterable[Checked],
    budget_share: float,
) -> Answers:
    """All that the month answers, from what the cluster counted.

    design, known_on: see `request`. decile_rows: of `deciles`. further: checks of waves and draws. budget_share: share
    of users whom a policy picks.
    """
    asked = request(groups, design=design, settings=settings, specs=specs, known_on=known_on)
    rows = read_out(groups, cycle=cycle, request=asked)
    checks = check_rows(groups, rows, further, cycle=cycle, design=design, settings=settings)
    ranked = targeting(decile_rows, groups, cycle=cycle, budget_share=budget_share, request=asked)
    return Answers(rows, checks, ranked, asked.level.alpha)


def look_answers(
    groups: Sequence[Group],
    *,
    look: Look,
    cycle: Month,
    design: Design,
    settings: ExperimentSettings,
    specs: MetricSpecs,
    known_on: date,
) -> Answers:
    """What is known at a look, checked and judged as at the settle date, without rows of `targeting`.

    Every look has its part of alpha, so that false alarms over all looks stay as rare as registered. The effect is the
    one until the look: it need not be that of the month. A challenger is judged by whole months alone.
    """
    asked = request(groups, design=design, settings=settings, specs=specs, known_on=known_on, not_known=look.not_known)
    asked = replace(asked, contrasts=tuple(name for name in asked.contrasts if name != CHALLENGED.name))
    rows = read_out(groups, cycle=cycle, request=asked)
    checks = check_rows(groups, rows, [], cycle=cycle, design=design, settings=settings)
    return Answers(rows, checks, [], asked.level.alpha)


def read_out(groups: Sequence[Group], *, cycle: Month, request: AnalysisRequest) -> list[Row]:
    """Everything that the month's randomisation can answer, with the columns of the contract `readout`.

    Key: contrast, metric, segment. Segments `all` (unadjusted), `all, CUPED` and `all, post-stratified` ask the same;
    the verdict is that of the registered primary estimator. `reached` are users with a delivery; `disagreement <pair>`
    are users whom only one of two policies would pick; then `branch=…`, `tier=…` and `week …`. Of the registered order,
    of guardrails and of everything else see `families`. Contrasts that were not registered are left out.
    """
    found = judged(
        _rows(groups, request),
        settings=request.settings,
        said_once=request.said_once,
        alpha=request.level.alpha,
        at=lambda alpha, metrics: _rows(groups, request.at(alpha, metrics)),
    )
    return [_as_contracted({"cycle": str(cycle), **row}) for row in found]


def _rows(groups: Sequence[Group], request: AnalysisRequest) -> list[Row]:
    """Every row at the request's level, as if each were the only question."""
    arms = by_arm(groups)
    sides = pairs(CONTRASTS, arms)
    adjustment = Adjustment.of(groups, request=request)
    over_all = [
        adjustment.of_metric(metric, request.estimates(CONTRASTS, sides, metric)) for metric in request.specs.compared
    ]
    rows = [
        *(row for found in over_all for row in _unadjusted_rows(found, request)),
        *guardrail_rows(sides, request=request),
        *cost_rows(sides, request=request),
        *net_gain_rows(sides, request=request),
        *(row for found in over_all for row in found.adjusted_rows(request)),
        *reached_rows(sides, request=request),
        *disagreement_rows(groups, request=request),
        *week_rows(arms, request=request),
        *part_rows(groups, request=request),
    ]
    return [row for row in rows if row["contrast"] in request.contrasts]


def _unadjusted_rows(found: OverAllUsers, request: AnalysisRequest) -> Iterator[Row]:
    """Every contrast over all users; a pick that is ahead without a gain of the primary estimator says so."""
    for contrast in CONTRASTS:
        row = request.row(contrast, found.metric, ALL, found.unadjusted[contrast.name])
        if contrast.name.startswith("pick_"):
            gained = found.primary(contrast.name.replace("pick_", "gain_", 1), request)
            lows = {"pick_low": found.unadjusted[contrast.name].difference_low, "gain_low": gained.difference_low}
            row["reason"] = row["reason"] or reading_of_pick(**lows)
        yield row


def _as_contracted(row: Mapping[str, Any]) -> Row:
    """The contract's columns in their order; numbers as plain Python ones. What is withheld has no number at all."""
    if row["status"] != "estimated":
        row = {**row, "alpha": None}
    if row["status"] == "withheld":
        row = {**row, "outside_treatment": None, "outside_control": None}
    reason = row["reason"]
    row = {**row, "reason": None if reason is None else str(reason), **columns(reason)}
    return {
        name: float(row[name]) if name in _DOUBLES and row.get(name) is not None else row.get(name)
        for name in READOUT.column_names
    }
