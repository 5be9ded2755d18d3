"""Which models a region's history can train, before anything is built of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactivation.model.examples import TARGETS
from reactivation.model.settings import ModelSettings
from reactivation.periods import Month

_KNOWN = {"active": ("users", "active"), "asset_uplift": ("balances_known", "asset_uplift")}
"""By model: columns of `labels.base_rates` that count its examples, and those of label 1."""


def feasibility(
    rates: Iterable[Mapping[str, Any]], months: Sequence[Month], *, settings: ModelSettings
) -> list[dict[str, Any]]:
    """One row per model: can_train, examples, rate, why. rates: rows of `labels.base_rates`.

    months: settled months with enough history before them, oldest first; the last one tests. Examples are those of all
    signed-up users; a model that trains on the low-active has fewer.
    """
    known = {row["cycle"]: row for row in rates}
    return [{"model": target, **_of(target, known, months, settings)} for target in TARGETS]


def _of(
    target: str, known: Mapping[str, Mapping[str, Any]], months: Sequence[Month], settings: ModelSettings
) -> dict[str, Any]:
    examples, positives = (
        sum(known[str(month)][column] for month in months[:-1] if str(month) in known) for column in _KNOWN[target]
    )
    least = settings.min_rows / min(settings.split.fit, settings.split.calibrate)
    if len(months) < 2:
        why = f"{len(months)} settled month(s) with enough history, two are needed: one to train on, one to test"
    elif not examples:
        why = "no label is known: are there balances?" if target == "asset_uplift" else "no label is known"
    elif positives in (0, examples):
        why = f"all {examples} labels are the same"
    elif examples < least:
        why = f"{examples} examples, some {least:.0f} are needed (model.min_rows)"
    else:
        trained = f"{months[0]} to {months[-2]} ({len(months) - 1} of {settings.train_months} months)"
        why = f"trains on {trained}, tested on {months[-1]}"
        return {"can_train": True, "examples": examples, "rate": round(positives / examples, 4), "why": why}
    return {"can_train": False, "examples": examples, "rate": None, "why": why}
