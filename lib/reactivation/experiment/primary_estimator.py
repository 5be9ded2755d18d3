"""Which estimator over all users gives the verdicts, and under which segment of `readout` it stands."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

Headline = Literal["unadjusted", "cuped", "post_stratified"]

ALL, CUPED, STRATIFIED = "all", "all, CUPED", "all, post-stratified"

HEADLINES: Mapping[Headline, str] = MappingProxyType({"unadjusted": ALL, "cuped": CUPED, "post_stratified": STRATIFIED})
"""Segment of each estimator that can be registered as the headline."""

ADJUSTED = "adjusted, beside the headline: the verdict is the headline's"
_BESIDE = {ALL: "unadjusted, beside the headline: the verdict is the headline's"}


def is_beside(segment: str, headline: Headline) -> bool:
    """True for the estimators over all users that were not registered to give the verdicts."""
    return segment in HEADLINES.values() and segment != HEADLINES[headline]


def beside(segment: str) -> str:
    """What a row says that stands beside the headline."""
    return _BESIDE.get(segment, ADJUSTED)


def is_head(row: Mapping[str, Any], *, is_causal: bool) -> bool:
    """True for the row of a contrast and metric over all users that is told first.

    Of a causal contrast it is the one with the verdict, whatever estimator was registered; descriptive ones have none
    and are told unadjusted.
    """
    if not is_causal:
        return bool(row["segment"] == ALL)
    return row["segment"] in HEADLINES.values() and row["verdict"] is not None
