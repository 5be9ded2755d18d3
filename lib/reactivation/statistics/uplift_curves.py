"""How well a score finds users who can be moved, judged in a cell whose picks were random.

Only there every score has both a touched and a held-out side. A score cuts the cell's users into deciles; all figures
here are sums over deciles of weight times uplift, so that their variances follow in closed form.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from reactivation.statistics.estimates import Estimate, compare
from reactivation.statistics.means import Effect
from reactivation.statistics.proportions import Share
from reactivation.statistics.said import Said, said

RANDOM = "random ranking"
METHOD = "area under the uplift curve: trapezoids over tenths, binomial variances"

ALL_THE_SAME = said("all_the_same", "on either side all did the same, so nothing tells how sure a difference is")


class Decile(NamedTuple):
    """A decile of the cell's users by score, 1 the highest; a weighted side comes as its `proportions.effective` share.

    users: all of the decile, touched or not; its weight. touched, holdout: those whose outcome is known.
    """

    number: int
    users: int
    touched: Share
    holdout: Share


class RankingQuality(NamedTuple):
    """One ranking. auuc: area under the curve of users gained per user of the cell, as more of them are touched.

    qini: auuc less the area under the straight line, which is what a random ranking has.
    """

    ranking: str
    auuc: Effect
    qini: Effect


def uplifts(deciles: Sequence[Decile], *, alpha: float, minimum_events: float) -> list[Estimate]:
    """Touched against held out within each decile, highest scores first; Newcombe's intervals."""
    return [compare(d.touched, d.holdout, alpha=alpha, minimum_events=minimum_events) for d in _ordered(deciles)]


def quality(rankings: Mapping[str, Sequence[Decile]], *, alpha: float) -> list[RankingQuality] | Said:
    """AUUC and Qini of each ranking, and a random ranking beside them; or why they cannot be had.

    The row of the random ranking has half of the whole effect of the first ranking's users, and a Qini of zero. A
    ranking whose Qini interval holds zero is not shown to find movable users better than random choice.

    References: Radcliffe, Using Control Groups to Target on Predicted Lift (2007); Gutierrez and Gérardy, Causal
    Inference and Uplift Modelling (PMLR 67, 2017).
    """
    problems = [f"{name}: {problem}" for name, deciles in rankings.items() if (problem := _problem(deciles))]
    if problems or not rankings:
        return said("no_ranking", "; ".join(problems) or "no ranking was given")
    found = []
    for name, deciles in rankings.items():
        areas, line = _areas(deciles), [0.5] * len(deciles)
        found.append(
            RankingQuality(
                name,
                _sum(deciles, areas, alpha=alpha),
                _sum(deciles, [area - half for area, half in zip(areas, line, strict=True)], alpha=alpha),
            )
        )
    first = next(iter(rankings.values()))
    by_lot = _sum(first, [0.5] * len(first), alpha=alpha)
    return [*found, RankingQuality(RANDOM, by_lot, Effect(0.0, 0.0, 0.0, None, 0.0))]


def curve(deciles: Sequence[Decile], *, alpha: float) -> list[tuple[float, Effect]]:
    """Users gained per user of the cell, if those with the highest scores are touched: share touched, and gain."""
    ordered = _ordered(deciles)
    everybody = sum(decile.users for decile in ordered)
    shares = [sum(t.users for t in ordered[:k]) / everybody for k in range(1, len(ordered) + 1)]
    return [(share, policy_value(deciles, touched_share=share, alpha=alpha)) for share in shares]


def policy_value(deciles: Sequence[Decile], *, touched_share: float, alpha: float) -> Effect:
    """Users gained per user of the cell by touching the highest scores up to a budget, against touching nobody.

    By inverse probability: within a decile the touched speak for all of it if it is touched, the held out if it is not.
    The decile in which the budget ends is touched in part, at random. touched_share: the budget, as a share of users.

    References: Horvitz and Thompson, JASA 47 (1952); Hájek's ratio form within deciles.
    """
    return _sum(deciles, _touched(deciles, touched_share), alpha=alpha)


def better_than_lot(deciles: Sequence[Decile], *, touched_share: float, alpha: float) -> Effect:
    """Users gained per user of the cell by touching the highest scores rather than as many at random."""
    return _sum(deciles, [part - touched_share for part in _touched(deciles, touched_share)], alpha=alpha)


def _touched(deciles: Sequence[Decile], touched_share: float) -> list[float]:
    """Which part of each decile is touched, from the top, until the budget is used up."""
    ordered = _ordered(deciles)
    budget, parts = touched_share * sum(decile.users for decile in ordered), []
    for decile in ordered:
        taken = min(max(budget, 0.0), decile.users)
        parts.append(taken / decile.users if decile.users else 0.0)
        budget -= taken
    return parts


def _areas(deciles: Sequence[Decile]) -> list[float]:
    """How much of the width of the curve lies to the right of each decile, half of its own included."""
    ordered = _ordered(deciles)
    everybody, passed, found = sum(decile.users for decile in ordered), 0.0, []
    for decile in ordered:
        own = decile.users / everybody
        found.append(1 - passed - own / 2)
        passed += own
    return found


def _sum(deciles: Sequence[Decile], factors: Sequence[float], *, alpha: float) -> Effect:
    """Sum over deciles of factor times share of users times uplift, with its interval. Events: numbers or arrays."""
    ordered = _ordered(deciles)
    everybody = sum(decile.users for decile in ordered)
    total: Any = 0.0
    variance: Any = 0.0
    for decile, factor in zip(ordered, factors, strict=True):
        weight = factor * decile.users / everybody
        if not weight:
            continue
        total += weight * (decile.touched.rate - decile.holdout.rate)
        variance += weight * weight * sum(s.rate * (1 - s.rate) / s.users for s in (decile.touched, decile.holdout))
    error = np.sqrt(variance)
    reach = norm.isf(alpha / 2) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(total) / error) if np.any(error) else None
    return Effect(total, total - reach, total + reach, p, error)


def nothing_varies(deciles: Sequence[Decile]) -> Said | None:
    """Why there is no interval, where on either side of each decile all did the same; None where some differ."""
    sides = [side for decile in deciles for side in (decile.touched, decile.holdout)]
    if any(np.any((side.rate > 0) & (side.rate < 1)) for side in sides):
        return None
    return ALL_THE_SAME


def _ordered(deciles: Sequence[Decile]) -> list[Decile]:
    return sorted(deciles, key=lambda decile: decile.number)


def _problem(deciles: Sequence[Decile]) -> str | None:
    empty = [str(t.number) for t in _ordered(deciles) if not t.touched.users or not t.holdout.users]
    if empty:
        return f"nobody touched, or nobody held out, in the tenths {', '.join(empty)}"
    return nothing_varies(deciles) if deciles else "no tenths"
