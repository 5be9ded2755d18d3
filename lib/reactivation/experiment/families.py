"""Which answers of a month share their false alarms, and at which one level verdict and interval of each are read.

The registered order is tested at full alpha until the first question that is not proven; guardrails stand apart,
unadjusted; everything else is exploratory, after Benjamini-Hochberg over all of the month, over the follow-up, and over
month + 1, each a family of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from reactivation.experiment.contrasts import CAUSAL
from reactivation.experiment.primary_estimator import ALL, SEGMENTS
from reactivation.experiment.settings import ExperimentSettings, Question
from reactivation.statistics.multiplicity import family, p_of_interval, proven_in_order
from reactivation.statistics.said import said
from reactivation.statistics.verdicts import BETTER, BETTER_BUT_SMALL, HINTS, reading_of_pick

Row = dict[str, Any]
Key = tuple[str, str, str]
At = Callable[[float, Collection[str]], Sequence[Row]]
"""The rows of some metrics at another level."""

SEQUENCE, GUARDRAIL, EXPLORATORY = "sequence", "guardrail", "exploratory"
DESCRIPTIVE, BESIDE, SAID_ONCE = "descriptive", "beside", "said_once"
_LATER = {"active_after": "follow_up", "retained": "next_month"}
"""Families of their own by outcome: what is known later."""
_CAUSAL = {contrast.name for contrast in CAUSAL}
PROVEN = (BETTER, BETTER_BUT_SMALL)
"""Verdicts after which the next question of the order is tested."""
_WEEK = "week "


def judged(
    rows: Sequence[Row],
    *,
    settings: ExperimentSettings,
    said_once: Mapping[str, str],
    alpha: float,
    at: At,
) -> list[Row]:
    """The month's rows with family, level, adjusted p-value and the verdict that its family allows.

    rows: every row at `alpha`, with its verdict as if it were the only question. said_once: metrics whose outcome is
    for every user that of another one, with that one. at: rows at another level; a family's answers are read
    at the level that Benjamini-Hochberg leaves them, so that a verdict never differs from the interval beside it.
    """
    if not settings.sequence:
        return [row | _of_guardrail(row, settings, alpha) for row in rows]
    reached = _reached(rows, settings)
    families = {_key(row): _family(row, settings, said_once, reached) for row in rows}
    found = {_key(row): row | {"family": families[_key(row)], "alpha": alpha} for row in rows}
    for name in (EXPLORATORY, *_LATER.values()):
        found |= _adjusted([row for row in rows if families[_key(row)] == name], name, alpha=alpha, at=at)
    for row in found.values():
        row.update(_of_guardrail(row, settings, alpha))
        if row["family"] == SAID_ONCE:
            same = said_once[row["metric"]]
            told = said("said_once", f"the same as {same} for every user: said there", metric=same)
            row.update(verdict=None, reason=told)
    return [found[_key(row)] for row in _with_readings_of_picks(rows, found, settings)]


def in_order(
    rows: Sequence[Mapping[str, Any]], settings: ExperimentSettings
) -> list[tuple[Question, Mapping[str, Any] | None]]:
    """The questions of the registered order, each with its row over all users; None where there is none."""
    segment = SEGMENTS[settings.headline]
    known = {_key(row): row for row in rows}
    return [(one, known.get((one.contrast, one.metric, segment))) for one in settings.sequence]


def _reached(rows: Sequence[Row], settings: ExperimentSettings) -> set[Key]:
    """Keys of the questions that are tested at full alpha: the proven ones, and the first that is not."""
    asked = [(one.contrast, one.metric, SEGMENTS[settings.headline]) for one in settings.sequence]
    proven = proven_in_order(row is not None and row["verdict"] in PROVEN for _, row in in_order(rows, settings))
    return set(asked[: proven + 1])


def _family(row: Row, settings: ExperimentSettings, said_once: Mapping[str, str], reached: set[Key]) -> str:
    metric, segment = row["metric"], row["segment"]
    if metric in settings.guardrails:
        return GUARDRAIL
    if _key(row) in reached:
        return SEQUENCE
    if metric in said_once and not segment.startswith(_WEEK):
        return SAID_ONCE
    if row["verdict"] is None:
        return BESIDE if row["contrast"] in _CAUSAL else DESCRIPTIVE
    asked = settings.metrics.get(metric)
    return _LATER.get(asked.outcome, EXPLORATORY) if asked is not None else EXPLORATORY


def _adjusted(members: Sequence[Row], name: str, *, alpha: float, at: At) -> dict[Key, Row]:
    """The rows of one family at its level, by key: none of them reads as proven."""
    if not members:
        return {}
    whole = family([_p(row, alpha) for row in members], alpha=alpha)
    again = {_key(row): row for row in at(whole.level, {row["metric"] for row in members})}
    return {
        _key(row): read
        | {
            "verdict": HINTS.get(read["verdict"], read["verdict"]),
            "family": name,
            "alpha": whole.level,
            "p_adjusted": p,
        }
        for row, p in zip(members, whole.adjusted, strict=True)
        for read in [again[_key(row)]]
    }


def _p(row: Row, alpha: float) -> float | None:
    """The row's p-value; where its method has none, the one that follows from its interval."""
    if row["p_value"] is not None or row["difference"] is None:
        return None if row["p_value"] is None else float(row["p_value"])
    return p_of_interval(row["difference"], (row["difference_high"] - row["difference_low"]) / 2, alpha=alpha)


def _of_guardrail(row: Row, settings: ExperimentSettings, alpha: float) -> Row:
    """Of a guardrail each end of the interval is one-sided at alpha: together they are an interval at twice that."""
    return {"alpha": 2 * alpha} if row["metric"] in settings.guardrails else {"alpha": row.get("alpha") or alpha}


def _with_readings_of_picks(
    rows: Sequence[Row], found: Mapping[Key, Row], settings: ExperimentSettings
) -> Sequence[Row]:
    """A pick that is ahead without a gain says so: by the gain as it is shown, at its own level."""
    for row in rows:
        pick = found[_key(row)]
        if row["contrast"].startswith("pick_") and row["segment"] == ALL and pick["status"] == "estimated":
            gain = row["contrast"].replace("pick_", "gain_", 1)
            shown = found.get((gain, row["metric"], SEGMENTS[settings.headline])) or found[gain, row["metric"], ALL]
            warning = reading_of_pick(pick_low=pick["difference_low"], gain_low=shown["difference_low"])
            pick["reason"] = pick["reason"] if pick["family"] == SAID_ONCE else warning
    return rows


def _key(row: Mapping[str, Any]) -> Key:
    return row["contrast"], row["metric"], row["segment"]
