"""How the model does on parts of the low-active: age, gender, branch, tenure; a flag only where chance is ruled out."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from scipy.stats import norm

from reactivation.model.card_settings import CardSettings
from reactivation.model.score_table import FEWEST, PREFIX, ScoreTable
from reactivation.statistics import ranking
from reactivation.statistics.multiplicity import holm
from reactivation.statistics.score_bins import Numbers, ScoreBins


def group_figures(
    table: ScoreTable, *, card: CardSettings, confidence: float, top_share: float
) -> list[dict[str, Any]]:
    """A row per dimension and group, the largest groups first.

    roc_auc, base_rate with intervals; calibration_gap: share that happened less mean probability. top_share: share of
    the group among the top of all low-active by this version, as many as a month selects; picked_share: share whom the
    test month's campaign picked by the model of that time, null where none did. flag: what differs between the group
    and all others, where it still does after Holm's adjustment for all groups and both questions, and the rarer outcome
    has `min_events` users on both sides; empty where nothing does, null where there are too few.
    """
    low = table.low
    if low is None:
        return []
    is_top = _taken(low, top_share)
    rows, questions = [], []
    for (dimension, group), bins in table.bins.items():
        if not dimension.startswith(PREFIX) or bins.users.sum() < FEWEST:
            continue
        rows.append(_row(dimension, group, bins, confidence=confidence, is_top=is_top, picked=table.picked))
        questions.append(_questions(bins, low.without(bins), fewest=card.min_events))
    adjusted = holm([p for both in questions for p in both])
    for number, row in enumerate(rows):
        p_area, p_gap = adjusted[2 * number : 2 * number + 2]
        row |= {"p_roc_auc": p_area, "p_calibration": p_gap, "flag": _flag(p_area, p_gap, alpha=1 - confidence)}
    return sorted(rows, key=lambda row: (row["dimension"], -row["users"], row["group"]))


def _row(
    dimension: str,
    group: str,
    bins: ScoreBins,
    *,
    confidence: float,
    is_top: Numbers,
    picked: Mapping[tuple[str, str], float],
) -> dict[str, Any]:
    area, rate = ranking.area(bins, confidence=confidence), ranking.base_rate(bins, confidence=confidence)
    weight, found = float(bins.weight.sum()), picked.get((dimension, group))
    return {
        "dimension": dimension.removeprefix(PREFIX),
        "group": group,
        "users": int(bins.users.sum()),
        "events": int(bins.events.sum()),
        **ranking.ends("base_rate", rate),
        **ranking.ends("roc_auc", area),
        "p_mean": float(bins.p_sum.sum() / weight) if weight else None,
        "calibration_gap": ranking.expected_gap(bins)[0] if weight else None,
        "top_share": float((bins.weight * is_top).sum() / weight) if weight else None,
        "picked_share": None if found is None or not weight else found / weight,
    }


def _taken(low: ScoreBins, share: float) -> Numbers:
    """Per bin, the share of its users who are among the top."""
    weight = low.weight
    above = np.concatenate([np.cumsum(weight[::-1])[::-1][1:], [0.0]])
    room = np.clip(share * weight.sum() - above, 0.0, weight)
    return np.asarray(np.divide(room, weight, out=np.zeros_like(room), where=weight > 0), dtype=float)


def _questions(group: ScoreBins, rest: ScoreBins, *, fewest: int) -> tuple[float | None, float | None]:
    """p-values of the group against all others: of the area, and of the calibration gap."""
    if any(min(side.events.sum(), side.users.sum() - side.events.sum()) < fewest for side in (group, rest)):
        return None, None
    mine, other = (ranking.area(side, confidence=0.95) for side in (group, rest))
    gaps = [ranking.expected_gap(side) for side in (group, rest)]
    area = None if mine is None or other is None else _p(mine.value - other.value, mine.error, other.error)
    return area, _p(gaps[0][0] - gaps[1][0], gaps[0][1], gaps[1][1])


def _p(difference: float, *errors: float) -> float:
    spread = sqrt(sum(error**2 for error in errors))
    return float(2 * norm.sf(abs(difference) / spread)) if spread else 1.0


def _flag(p_area: float | None, p_gap: float | None, *, alpha: float) -> str | None:
    if p_area is None and p_gap is None:
        return None
    found = {"ranks otherwise": p_area, "calibrated otherwise": p_gap}
    return ", ".join(what for what, p in found.items() if p is not None and p <= alpha)
