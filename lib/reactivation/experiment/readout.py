"""The month's experiment as rows of `readout`: checked, estimated, judged."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reactivation.contracts.derived import READOUT
from reactivation.experiment.analysis import Asked, Estimates, Pair, Row, estimates, pairs
from reactivation.experiment.checks import Design, sample_ratios, why_withheld
from reactivation.experiment.contrasts import AFTER_MONTHS, CONTRASTS
from reactivation.experiment.groups import Group, by_arm
from reactivation.experiment.guardrails import guarded
from reactivation.experiment.metrics import OF_THE_NEXT_MONTH, Measured
from reactivation.experiment.primary_estimator import ALL, HEADLINES
from reactivation.experiment.secondary_estimates import adjusted, adjusted_estimates, costs, on_the_reached
from reactivation.experiment.segments import disagreements, parts, weeks
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month
from reactivation.statistics.estimates import Estimate
from reactivation.statistics.verdicts import reading_of_pick


def ask(
    groups: Sequence[Group],
    *,
    design: Design,
    settings: ExperimentSettings,
    measured: Measured,
    known_on: date,
    not_known: Mapping[str, str] | None = None,
) -> Asked:
    """What the month asks, after its checks: which contrasts may be read, and why others may not.

    groups: all users of `arms`, aggregated. design: the shares that were registered. known_on: day from which a re-run
    knows what came of the users in month + 1. not_known: further outcomes that nobody can know yet, with the reason.
    """
    arms = by_arm(groups)
    ratios = sample_ratios(arms, design)
    reasons = {c.name: why_withheld(c, groups=arms, ratios=ratios, settings=settings) for c in CONTRASTS}
    if design.months_before and reasons[AFTER_MONTHS] is None:
        woken = f"{design.months_before} months of campaigns since its draw have woken sleepers on one side alone"
        reasons[AFTER_MONTHS] = f"{woken}: those who still sleep are not alike (decision 64)"
    later = f"month + 1 settles on {known_on}: run read_out again with --as-of {known_on} or later"
    return Asked(settings, measured, reasons, {**dict.fromkeys(OF_THE_NEXT_MONTH, later), **(not_known or {})})


def read_out(groups: Sequence[Group], *, cycle: Month, asked: Asked) -> list[Row]:
    """Everything that the month's randomisation can answer, with the columns of the contract `readout`.

    Key: contrast, metric, segment. Segments `all` (unadjusted), `all, CUPED` and `all, post-stratified` ask the same;
    the one that was registered as the headline has the verdict, the others stand beside it; `reached` are users with a
    delivery; `disagreement <pair>` those whom only one of two policies would pick; `branch=…`, `tier=…` and `week …`
    are families of their own.
    """
    arms = by_arm(groups)
    sides = pairs(CONTRASTS, arms)
    found = {metric: _checked(metric, sides, asked=asked) for metric in asked.measured.metrics}
    plain = {(name, metric): one for metric, each in found.items() for name, one in each.items()}
    less_noise = adjusted_estimates(groups, plain, asked=asked)
    heads = plain | {
        (name, metric): one
        for (name, metric, segment), one in less_noise.items()
        if segment == HEADLINES[asked.settings.headline]
    }
    rows = [
        *(row for metric, each in found.items() for row in _unadjusted(metric, each, heads, asked=asked)),
        *guarded(sides, asked=asked),
        *costs(sides, asked=asked),
        *adjusted(less_noise, asked=asked),
        *on_the_reached(sides, asked=asked),
        *disagreements(groups, asked=asked),
        *weeks(arms, asked=asked),
        *parts(groups, asked=asked),
    ]
    return [_as_contracted({"cycle": str(cycle), **row}) for row in rows]


def _checked(metric: str, sides: Mapping[str, Pair], *, asked: Asked) -> Estimates:
    found = estimates(CONTRASTS, sides, metric, asked=asked)
    return {name: asked.checked(name, estimate) for name, estimate in found.items()}


def _unadjusted(
    metric: str, found: Estimates, heads: Mapping[tuple[str, str], Estimate], *, asked: Asked
) -> Iterator[Row]:
    """Every contrast over all users; a pick that was won without a gain is told what it is.

    heads: the headline's estimates by contrast and metric, to which the gain belongs.
    """
    for contrast in CONTRASTS:
        row = asked.row(contrast, metric, ALL, found[contrast.name])
        if contrast.name.startswith("pick_"):
            gained = heads[contrast.name.replace("pick_", "gain_", 1), metric]
            row["reason"] = row["reason"] or reading_of_pick(found[contrast.name], gained)
        yield row


def _as_contracted(row: Mapping[str, Any]) -> Row:
    """The contract's columns in their order; numbers as plain Python ones."""
    doubles = {column.name for column in READOUT.columns if column.type == "double"}
    return {
        name: float(row[name]) if name in doubles and row[name] is not None else row[name]
        for name in READOUT.column_names
    }
