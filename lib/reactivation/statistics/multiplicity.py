"""Several questions asked at once: p-values adjusted for their number, and alpha split over registered looks."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from reactivation.statistics.said import joined, said
from reactivation.statistics.verdicts import BETTER, BETTER_BUT_SMALL, INCONCLUSIVE, WORSE

Adjusted = tuple[float | None, ...]


def holm(p_values: Sequence[float | None]) -> Adjusted:
    """Adjusted so that a single false alarm among all of them is as rare as alpha: for checks that only warn.

    A question without an answer (None) has none afterwards either, and does not count.

    References: Holm, Scandinavian Journal of Statistics 6 (1979).

    >>> holm([0.01, None, 0.04])
    (0.02, None, 0.04)
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float | None]) -> Adjusted:
    """Adjusted so that of the findings at most a share alpha is false in the long run: for effects in many segments.

    References: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995).

    >>> benjamini_hochberg([0.01, None, 0.04])
    (0.02, None, 0.04)
    """
    return _adjusted(p_values, "fdr_bh")


def alpha_per_look(alpha: float, *, looks: int) -> float:
    """The level of each of the registered looks: alpha in equal parts.

    However the looks depend on one another, false alarms stay below alpha (Bonferroni). A spending function would give
    the last look more; it asks for the share of users seen at each look, which a month with late rows cannot promise.

    >>> alpha_per_look(0.05, looks=4)
    0.0125
    """
    return alpha / looks


class Family(NamedTuple):
    """Questions that share their false alarms. adjusted: p-values after Benjamini-Hochberg. level: that of each answer.

    An interval at `level` leaves out zero where, and only where, its p-value is among those that are found, as far as
    test and interval agree; of the intervals of the found, at most a share alpha is wrong in the long run.
    """

    adjusted: Adjusted
    level: float


def family(p_values: Sequence[float | None], *, alpha: float) -> Family:
    """A family of questions, and the one level at which all of its answers are read: alpha · found / asked.

    Where nothing is found, the level is alpha / asked: what the smallest p-value would have had to reach.

    References: Benjamini and Yekutieli, Journal of the American Statistical Association 100 (2005).

    >>> round(family([0.01, 0.02, 0.9, None], alpha=0.05).level, 4)  # two are found: 0.05 · 2 / 3
    0.0333
    """
    adjusted = benjamini_hochberg(p_values)
    asked = [p for p in adjusted if p is not None]
    found = sum(p <= alpha for p in asked)
    return Family(adjusted, alpha * max(found, 1) / max(len(asked), 1))


def proven_in_order(answers: Iterable[bool]) -> int:
    """How many questions of a fixed order are proven: those before the first that is not.

    Each is tested at full alpha, and none after the first failure: so the chance of a single false claim among all of
    them is at most alpha.

    References: Maurer, Hothorn and Lehmacher, Biometrie in der chemisch-pharmazeutischen Industrie 6 (1995); Westfall
    and Krishen, Journal of Statistical Planning and Inference 99 (2001).

    >>> proven_in_order([True, True, False, True])
    2
    """
    proven = 0
    for is_proven in answers:
        if not is_proven:
            break
        proven += 1
    return proven


def p_of_interval(difference: float, half_width: float, *, alpha: float) -> float | None:
    """The two-sided p-value that follows from an interval's width, where its method gives none; None without a width.

    >>> round(p_of_interval(1.96, 1.96, alpha=0.05), 3)
    0.05
    """
    if not half_width:
        return None
    return float(2 * norm.sf(abs(difference) * norm.isf(alpha / 2) / half_width))


def _adjusted(p_values: Sequence[float | None], method: Literal["holm", "fdr_bh"]) -> Adjusted:
    known = [p for p in p_values if p is not None]
    if not known:
        return tuple(p_values)
    found = iter(float(p) for p in multipletests(known, method=method)[1])
    return tuple(None if p is None else next(found) for p in p_values)


def as_family(rows: Iterable[dict[str, Any]], kind: str, *, alpha: float) -> list[dict[str, Any]]:
    """Verdicts that hold for several questions at once: proven only where it is so after Benjamini-Hochberg.

    rows: of `readout`, with verdict, reason and p_value. kind: what the questions are, in the plural.
    """
    family = list(rows)
    adjusted = benjamini_hochberg([row["p_value"] for row in family])
    for row, p in zip(family, adjusted, strict=True):
        if p is None:
            continue
        is_proven = row["verdict"] in (BETTER, BETTER_BUT_SMALL, WORSE)
        row["verdict"] = INCONCLUSIVE if is_proven and p > alpha else row["verdict"]
        told = f"Benjamini-Hochberg p = {p:.2g} over {len(family)} {kind}"
        row["reason"] = joined([said("over_family", told, p=p, questions=len(family)), row["reason"]])
    return family
