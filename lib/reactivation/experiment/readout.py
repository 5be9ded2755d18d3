"""The month's experiment as rows of `readout`: checked, estimated, judged."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reactivation.experiment.any_table.analysis import ALL
from reactivation.experiment.asked import Asked, Estimates, Pair, Row, estimates, pairs
from reactivation.experiment.beside import adjusted, costs, on_the_reached
from reactivation.experiment.checks import Design, sample_ratios, why_withheld
from reactivation.experiment.contrasts import CONTRASTS
from reactivation.experiment.groups import Group, by_arm
from reactivation.experiment.guarded import guarded
from reactivation.experiment.measured import Measured
from reactivation.experiment.segments import disagreements, parts, weeks
from reactivation.experiment.settings import ExperimentSettings
from reactivation.experiment.verdicts import reading_of_pick
from reactivation.periods import Month
from reactivation.tables.derived import READOUT


def ask(
    groups: Sequence[Group], *, design: Design, settings: ExperimentSettings, measured: Measured, known_on: date
) -> Asked:
    """What the month asks, after its checks: which contrasts may be read, and why others may not.

    groups: all users of `arms`, aggregated. design: the shares that were registered. known_on: day from which a re-run
    knows what came of the users in month + 1.
    """
    arms = by_arm(groups)
    ratios = sample_ratios(arms, design)
    reasons = {c.name: why_withheld(c, groups=arms, ratios=ratios, settings=settings) for c in CONTRASTS}
    return Asked(settings, measured, reasons, known_on)


def read_out(groups: Sequence[Group], *, cycle: Month, asked: Asked) -> list[Row]:
    """Everything that the month's randomisation can answer, with the columns of the contract `readout`.

    Key: contrast, metric, segment. Segment `all` is the headline, unadjusted; `all, CUPED` and `all, post-stratified`
    stand beside it without a verdict of their own; `reached` are users with a delivery; `disagreement <pair>` those
    whom only one of two policies would pick; `branch=…`, `tier=…` and `week …` are families of their own.
    """
    arms = by_arm(groups)
    sides = pairs(CONTRASTS, arms)
    found = {metric: _checked(metric, sides, asked=asked) for metric in asked.measured.metrics}
    headline = {(name, metric): one for metric, each in found.items() for name, one in each.items()}
    rows = [
        *(row for metric, each in found.items() for row in _headline(metric, each, asked=asked)),
        *guarded(sides, asked=asked),
        *costs(sides, asked=asked),
        *adjusted(groups, headline, asked=asked),
        *on_the_reached(sides, asked=asked),
        *disagreements(groups, asked=asked),
        *weeks(arms, asked=asked),
        *parts(groups, asked=asked),
    ]
    return [_as_contracted({"cycle": str(cycle), **row}) for row in rows]


def _checked(metric: str, sides: Mapping[str, Pair], *, asked: Asked) -> Estimates:
    found = estimates(CONTRASTS, sides, metric, asked=asked)
    return {name: asked.checked(name, estimate) for name, estimate in found.items()}


def _headline(metric: str, found: Estimates, *, asked: Asked) -> Iterator[Row]:
    """Every contrast over all users; a pick that was won without a gain is told what it is."""
    for contrast in CONTRASTS:
        row = asked.row(contrast, metric, ALL, found[contrast.name])
        if contrast.name.startswith("pick_"):
            gained = found[contrast.name.replace("pick_", "gain_", 1)]
            row["reason"] = row["reason"] or reading_of_pick(found[contrast.name], gained)
        yield row


def _as_contracted(row: Mapping[str, Any]) -> Row:
    """The contract's columns in their order; numbers as plain Python ones."""
    doubles = {column.name for column in READOUT.columns if column.type == "double"}
    return {
        name: float(row[name]) if name in doubles and row[name] is not None else row[name]
        for name in READOUT.column_names
    }
