"""The read-out in sentences for a campaign manager: what was compared, what was seen, what it means."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reactivation.experiment.contrasts import CONTRASTS
from reactivation.experiment.estimates import whole
from reactivation.experiment.verdicts import INCONCLUSIVE


def sentence(row: Mapping[str, Any], *, alpha: float) -> str:
    """One row of `readout` as a sentence.

    >>> sentence({"metric": "login", "status": "withheld", "reason": "sample ratio"}, alpha=0.05)
    'login: not shown. Sample ratio.'
    """
    if row["status"] == "withheld":
        return f"{row['metric']}: not shown. {_as_sentence(row['reason'])}"
    if row["status"] == "not_estimable":
        return f"{row['metric']}: cannot be seen. {_as_sentence(row['reason'])}"
    is_gain = row["contrast"].startswith("gain_")
    first, second = row["estimate_treatment"], row["estimate_control"]
    sides = f"{_points(first)} against {_points(second)}" if is_gain else f"{first:.1%} against {second:.1%}"
    interval = f"{1 - alpha:.0%} interval {_signed(row['difference_low'])} to {_signed(row['difference_high'])}"
    parts = [f"{row['metric']}: {sides}, a difference of {_points(row['difference'])} ({interval})"]
    if row["ratio"] is not None:
        parts.append(f", {row['ratio']:.2f} times as many")
    parts.append(". ")
    if row["verdict"]:
        parts.append(_as_sentence(row["verdict"]) + " ")
    if row["reason"]:
        parts.append(_as_sentence(row["reason"]))
    return "".join(parts).strip()


class Told(NamedTuple):
    """One contrast in words. title: its name. reading: what it means. sentences: one per metric, and the split."""

    title: str
    reading: str
    sentences: tuple[str, ...]


def told(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], *, alpha: float) -> tuple[Told, ...]:
    """All contrasts of a read-out in words, for the metrics given, in their order."""
    found = {(row["contrast"], row["metric"]): row for row in rows}
    known = [metric for metric in metrics if any(row["metric"] == metric for row in rows)]
    return tuple(
        Told(
            contrast.name,
            contrast.reading,
            (
                *(sentence(found[contrast.name, metric], alpha=alpha) for metric in known),
                *filter(None, (split(rows, pick=contrast.name, metric=metric) for metric in known)),
            ),
        )
        for contrast in CONTRASTS
    )


def lines(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], *, alpha: float) -> list[dict[str, str]]:
    """`told` as a table: contrast, what it says; one row per sentence."""
    return [
        {"contrast": part.title, "says": text} for part in told(rows, metrics, alpha=alpha) for text in part.sentences
    ]


def split(rows: Sequence[Mapping[str, Any]], *, pick: str, metric: str) -> str | None:
    """`pick = found + gain` in numbers; None unless all three are estimated, or where the contrast is no pick."""
    kind, _, pair = pick.partition("_")
    if kind != "pick":
        return None
    by_name = {row["contrast"]: row for row in rows if row["metric"] == metric}
    parts = [by_name.get(f"{name}_{pair}") for name in ("pick", "found", "gain")]
    if any(part is None or part["difference"] is None for part in parts):
        return None
    picked, found, gained = (_points(part["difference"]) for part in parts if part is not None)
    return f"{metric}: {picked} between the picks = {found} who would have come anyway, and {gained} moved"


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of `readout` in the few columns that fit a screen; what is not known is None."""
    is_gain = row["contrast"].startswith("gain_")
    sides = (row["estimate_treatment"], row["estimate_control"])
    first, second = (None if side is None else _signed(side) if is_gain else f"{side:.1%}" for side in sides)
    is_estimated = row["difference"] is not None
    return {
        "contrast": row["contrast"],
        "metric": row["metric"],
        "users": f"{whole(row['n_treatment'])} : {whole(row['n_control'])}",
        "treatment": first,
        "control": second,
        "difference": _signed(row["difference"]) if is_estimated else None,
        "interval": f"{_signed(row['difference_low'])} to {_signed(row['difference_high'])}" if is_estimated else None,
        "ratio": None if row["ratio"] is None else round(row["ratio"], 2),
        "says": row["verdict"] or ("" if is_estimated else row["status"].replace("_", " ")),
    }


def briefs(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All rows of a read-out in brief, metric by metric, in the order of the contrasts."""
    place = {contrast.name: i for i, contrast in enumerate(CONTRASTS)}
    return [brief(row) for row in sorted(rows, key=lambda row: (row["metric"], place[row["contrast"]]))]


def cannot_see(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the month cannot answer and how many users it would need; contrasts with one reason are told together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["reason"] and (row["status"] != "estimated" or row["verdict"] == INCONCLUSIVE):
            users = f"{row['contrast']} ({whole(row['n_treatment'])} : {whole(row['n_control'])} users)"
            alike.setdefault((row["metric"], row["reason"]), []).append(users)
    return [
        f"{metric}, {'all contrasts' if len(names) == len(CONTRASTS) else ', '.join(names)}: {reason}"
        for (metric, reason), names in alike.items()
    ]


def _points(difference: float) -> str:
    return f"{_signed(difference)} points"


def _signed(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def _as_sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
