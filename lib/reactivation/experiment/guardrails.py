"""The month's guardrails: what the campaign must not raise, judged for every cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from reactivation.experiment.analysis import Asked, Pair, Row
from reactivation.experiment.primary_estimator import ALL
from reactivation.experiment.secondary_estimates import TOUCH
from reactivation.statistics.estimates import Estimate, withheld
from reactivation.statistics.non_inferiority import BROKEN, HOLDS, NOT_SHOWN, Guardrail, guardrail
from reactivation.statistics.score_intervals import miettinen_nurminen
from reactivation.statistics.verdicts import INCONCLUSIVE, NOT_ESTIMABLE, SAME, WITHHELD, WORSE

METHOD = "non-inferiority at a margin of {margin:g}, one-sided at {alpha:g}; the interval is Miettinen and Nurminen's"
_WORDS = {HOLDS: SAME, BROKEN: WORSE, NOT_SHOWN: INCONCLUSIVE}


def guarded(sides: Mapping[str, Pair], *, asked: Asked) -> Iterator[Row]:
    """One row per touch contrast and guardrail; the reason begins with the guardrail's own word.

    The interval is two-sided at twice alpha, so that each of its ends is one-sided at alpha. Its verdict, in the words
    of the other rows: a rise surely below the margin is no difference that matters, one surely above it is worse.
    """
    alpha = asked.level.alpha
    for contrast in TOUCH:
        pair = sides[contrast.name]
        for name, asked_for in asked.settings.guardrails.items():
            shares = [side.share(name) for side in pair]
            blank = Estimate(int(shares[0].users), int(shares[1].users))
            judged = guardrail(name, *shares, margin=asked_for.margin, harm=asked_for.harm, alpha=alpha)
            why = asked.withheld.get(contrast.name)
            reason = f"guardrail {judged.word}: {judged.reason}"
            row = {"contrast": contrast.name, "metric": name, "segment": ALL}
            if why:
                yield {**row, **asdict(withheld(blank, why)), "verdict": WITHHELD}
            elif judged.difference is None:
                found = replace(blank, status="not_estimable", reason=reason)
                yield {**row, **asdict(found), "verdict": NOT_ESTIMABLE}
            else:
                found = replace(_estimate(blank, judged, shares, alpha=alpha), reason=reason)
                yield {**row, **asdict(found), "verdict": _WORDS[judged.word]}


def all_hold(rows: Sequence[Mapping[str, Any]], guardrails: Sequence[str]) -> dict[str, bool]:
    """By touch contrast: were all guardrails shown to hold? What is not known, or not asked, does not pass."""
    shown = {(row["contrast"], row["metric"]) for row in rows if row["verdict"] == SAME}
    return {contrast.name: all((contrast.name, name) in shown for name in guardrails) for contrast in TOUCH}


def _estimate(blank: Estimate, judged: Guardrail, shares: Sequence[Any], *, alpha: float) -> Estimate:
    first, second = shares
    low, high = miettinen_nurminen(first, second, alpha=2 * alpha)
    return replace(
        blank,
        estimate_treatment=first.rate,
        estimate_control=second.rate,
        difference=judged.difference,
        difference_low=low,
        difference_high=high,
        method=METHOD.format(margin=judged.margin, alpha=alpha),
    )
