"""Which estimator over all users gives the verdicts, and under which segment of `readout` each estimator stands."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from reactivation.statistics.said import Said, said

PrimaryEstimator = Literal["unadjusted", "cuped", "post_stratified"]

ALL, CUPED, STRATIFIED, REACHED = "all", "all, CUPED", "all, post-stratified", "reached"

SEGMENTS: Mapping[PrimaryEstimator, str] = MappingProxyType(
    {"unadjusted": ALL, "cuped": CUPED, "post_stratified": STRATIFIED}
)
"""Segment of each estimator that can be registered as the primary one."""

COST = "cost_per_active"
"""The metric of the rows that hold the cost per incremental active user."""

NET_GAIN = "net_gain"
"""The metric of the rows that hold the net gain of a policy: at the registered value of an active user in the segment
`all`, at the others in `value=…`."""

ADJUSTED = said("beside", "adjusted, beside the headline: the verdict is the headline's")
_REASONS = {ALL: said("beside", "unadjusted, beside the headline: the verdict is the headline's")}


def is_secondary(segment: str, primary: PrimaryEstimator) -> bool:
    """True for the estimators over all users that were not registered to give the verdicts."""
    return segment in SEGMENTS.values() and segment != SEGMENTS[primary]


def secondary_reason(segment: str) -> Said:
    """The reason of a row whose estimator is not the primary one."""
    return _REASONS.get(segment, ADJUSTED)


def is_told_first(row: Mapping[str, Any], *, is_causal: bool) -> bool:
    """True for the row over all users with which a contrast and metric are told.

    For a causal contrast it is the row with the verdict, whatever estimator was registered. Descriptive contrasts have
    no verdict: they are told unadjusted.
    """
    if not is_causal:
        return bool(row["segment"] == ALL)
    return row["segment"] in SEGMENTS.values() and row["verdict"] is not None
