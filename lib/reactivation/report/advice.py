"""What should change next month: rules from the month's evidence to at most three steps, the most urgent first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from reactivation.report import shrunken
from reactivation.report.evidence import Evidence, state_of

MOST = 3
UNUSED_SHARE = 0.25
"""Share of the approved money that may be left without a word."""
SLOPES = (0.8, 1.25)
"""Calibration slopes of untouched users outside of which the scores should be trained or calibrated again."""


@dataclass(frozen=True)
class Step:
    """One thing to do. code: the text `next.<code>` of the catalogue. is_urgent: something is wrong."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)
    is_urgent: bool = False


def steps(known: Evidence) -> list[Step]:
    """What to do next month, the most urgent first; empty where the month gives no reason to change anything."""
    return sorted(_steps(known), key=lambda step: not step.is_urgent)[:MOST]


def _steps(known: Evidence) -> Iterator[Step]:
    failed = [row for row in known.facts.checks if row["verdict"] == "withholds"]
    if failed:
        yield Step("repair", {"checks": len(failed), "check": failed[0]["check"]}, is_urgent=True)
    harmful = {name: rows[0]["metric"] for name in ("touch_model", "guide_model") if (rows := known.broken(name))}
    if harmful:
        metric = next(iter(harmful.values()))
        yield Step("harm_fall" if known.falls(metric) else "harm", {"metric": metric}, is_urgent=True)
    yield from _questions(known)
    yield from _options(known)
    guided = known.row("guide_model", known.primary)
    if "guide_model" not in harmful and state_of(guided) in ("better", "hint") and guided is not None:
        yield Step("guide", {"difference": guided["difference"]})
    found = slope(known)
    if found is not None and not SLOPES[0] <= found <= SLOPES[1]:
        yield Step("calibrate", {"slope": found})
    approved, committed, spent = (known.facts.money.get(name) for name in ("approved", "committed", "spent"))
    left = 0.0 if not approved or committed is None else approved - max(committed, spent or 0.0)
    if approved and left > UNUSED_SHARE * approved:
        yield Step("unused", {"left": left, "share": left / approved})


def _questions(known: Evidence) -> Iterator[Step]:
    moved, better = (known.row(name, known.primary) for name in ("touch_model", "policy_model_vs_rule"))
    if state_of(moved) == "worse":
        yield Step("stop", is_urgent=True)
    if state_of(better) == "worse":
        yield Step("rule")
    if state_of(moved) == "better" and state_of(better) == "better":
        yield Step("keep")
    for code, row in (("see_moved", moved), ("see_better", better)):
        needed = known.users_to_tell(row)
        if row is not None and state_of(row) in ("open", "unknown") and needed:
            have = known.users_there(row)
            kind = "" if row["status"] == "estimated" else "_side" if have else "_nobody"
            yield Step(code + kind, {"users": needed, "months": ceil(needed / have) if have else None})
            return


def _options(known: Evidence) -> Iterator[Step]:
    """The best option that surely moves somebody, and the worst that surely does not, both shrunk."""
    found = [mark for mark in shrunken.options(known) if not mark.is_small]
    sure = [mark for mark in found if mark.low > 0]
    harmful = [mark for mark in found if mark.high < 0]
    if harmful:
        last = min(harmful, key=lambda mark: mark.estimate)
        yield Step("less", {"wave": last.wave, "option": last.option, "lift": last.estimate})
    if sure:
        first = max(sure, key=lambda mark: mark.estimate)
        yield Step("more", {"wave": first.wave, "option": first.option, "lift": first.estimate})


def slope(known: Evidence) -> float | None:
    """The calibration slope of the activity scores over the whole month, of users left alone; None: not known."""
    wanted = ("active", "untouched", "calibration_slope")
    found = (r["value"] for r in known.facts.evaluation if (r["model"], r["population"], r["metric"]) == wanted)
    return next((float(value) for value in found if value is not None), None)
