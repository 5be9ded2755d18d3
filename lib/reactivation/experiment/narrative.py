"""The read-out in sentences for a campaign manager: what was compared, what was seen, what it means."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reactivation.experiment.contrasts import CAUSAL, CONTRASTS
from reactivation.experiment.families import SAID_ONCE
from reactivation.experiment.formatting import MONTH, as_sentence, signed, with_interval
from reactivation.experiment.primary_estimator import (
    ALL,
    COST,
    CUPED,
    NET_GAIN,
    REACHED,
    STRATIFIED,
    is_told_first,
)
from reactivation.statistics.estimates import whole
from reactivation.statistics.verdicts import INCONCLUSIVE

_BESIDE = {
    ALL: "unadjusted",
    CUPED: "with covariates (CUPED)",
    STRATIFIED: "within strata",
    REACHED: "on those who were reached",
}
_ON_ALL = tuple(_BESIDE)
_CAUSAL = {contrast.name for contrast in CAUSAL}


def sentence(row: Mapping[str, Any], *, alpha: float, means: Collection[str] = ()) -> str:
    """One row of `readout` as a sentence. means: metrics that are no shares of users, told in their own unit.

    >>> sentence({"metric": "login", "status": "withheld", "reason": "sample ratio"}, alpha=0.05)
    'login: not shown. Sample ratio.'
    """
    if row["status"] == "withheld":
        return f"{row['metric']}: not shown. {as_sentence(row['reason'])}"
    if row["status"] == "not_estimable":
        return f"{row['metric']}: cannot be seen. {as_sentence(row['reason'])}"
    is_rate, is_gain = row["metric"] not in means, row["contrast"].startswith("gain_")
    first, second = (_side(row[name], is_rate, is_gain) for name in ("estimate_treatment", "estimate_control"))
    difference = with_interval(row, MONTH, alpha=alpha, is_rate=is_rate)
    how = f", {_BESIDE[row['segment']]}" if row.get("segment") in (CUPED, STRATIFIED) else ""
    parts = [f"{row['metric']}: {first} against {second}{how}, a difference of {difference}"]
    if row["ratio"] is not None:
        parts.append(f", {row['ratio']:.2f} times as {'many' if is_rate else 'much'}")
    parts.append(". ")
    if row["verdict"]:
        parts.append(as_sentence(row["verdict"]) + " ")
    if row.get("p_adjusted") is not None:
        parts.append(f"Benjamini-Hochberg p = {row['p_adjusted']:.2g}. ")
    if row["reason"]:
        parts.append(as_sentence(row["reason"]) + " ")
    if row["verdict"] and row.get("family") and outside(row):
        parts.append(f"Other senders wrote to {outside(row)} of the two sides.")
    return "".join(parts).strip()


def outside(row: Mapping[str, Any]) -> str | None:
    """Contacts of other senders on both sides of a row, for people; None where they are not known."""
    shares = (row.get("outside_treatment"), row.get("outside_control"))
    if row["contrast"].startswith("gain_"):
        return None if None in shares else " : ".join(f"{100 * (share or 0.0):+.1f} points" for share in shares)
    return None if None in shares else " : ".join(f"{share or 0.0:.1%}" for share in shares)


class Narrative(NamedTuple):
    """One contrast in words. title: its name. reading: what it means. sentences: one per metric, and the split."""

    title: str
    reading: str
    sentences: tuple[str, ...]


def narratives(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], *, alpha: float, means: Collection[str] = ()
) -> tuple[Narrative, ...]:
    """All contrasts of a read-out in words, for the metrics given, in their order, each with what stands beside it.

    A causal contrast is told by the estimator that has the verdict: the registered headline.
    """
    first = {(row["contrast"], row["metric"]): row for row in rows if _is_told_first(row)}
    found = {(row["contrast"], row["metric"], row["segment"]): row for row in rows}
    once = {row["metric"] for row in rows if row.get("family") == SAID_ONCE}
    known = [metric for metric in metrics if metric not in once and any(row["metric"] == metric for row in rows)]
    asked = {row["contrast"] for row in rows}

    def one(contrast: str, metric: str) -> str:
        head = first[contrast, metric]
        beside = [
            f"{what} {with_interval(row, MONTH, alpha=alpha, is_rate=metric not in means)}"
            for segment, what in _BESIDE.items()
            if segment != head["segment"]
            and (row := found.get((contrast, metric, segment))) is not None
            and row["status"] == "estimated"
        ]
        plain = sentence(head, alpha=alpha, means=means)
        return f"{plain} Beside it: {'; '.join(beside)}." if beside else plain

    return tuple(
        Narrative(
            contrast.name,
            contrast.reading,
            (
                *(one(contrast.name, metric) for metric in known),
                *filter(None, (split(rows, pick=contrast.name, metric=metric, means=means) for metric in known)),
            ),
        )
        for contrast in CONTRASTS
        if contrast.name in asked
    )


def lines(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], *, alpha: float, means: Collection[str] = ()
) -> list[dict[str, str]]:
    """`narratives` as a table: contrast, what it says; one row per sentence."""
    return [
        {"contrast": part.title, "says": text}
        for part in narratives(rows, metrics, alpha=alpha, means=means)
        for text in part.sentences
    ]


def split(rows: Sequence[Mapping[str, Any]], *, pick: str, metric: str, means: Collection[str] = ()) -> str | None:
    """`pick = found + gain` in numbers; None unless all three are estimated, or where the contrast is no pick.

    The three are unadjusted, whatever the headline: only then does it hold exactly.
    """
    kind, _, pair = pick.partition("_")
    if kind != "pick":
        return None
    by_name = {row["contrast"]: row for row in rows if row["metric"] == metric and row["segment"] == ALL}
    parts = [by_name.get(f"{name}_{pair}") for name in ("pick", "found", "gain")]
    if any(part is None or part["difference"] is None for part in parts):
        return None
    is_rate = metric not in means
    is_of_the_headline = all(part is None or part["verdict"] or not _is_causal(part) for part in parts)
    picked, found, gained = (
        signed(part["difference"], MONTH, is_rate=is_rate, unit=True) for part in parts if part is not None
    )
    told = f"{metric}: {picked} between the picks = {found} who would have come anyway, and {gained} moved"
    return told if is_of_the_headline else f"{told}, unadjusted"


def brief(row: Mapping[str, Any], *, means: Collection[str] = ()) -> dict[str, Any]:
    """One row of `readout` in the few columns that fit a screen; what is not known is None."""
    is_rate, is_gain = row["metric"] not in means, row["contrast"].startswith("gain_")
    sides = (row["estimate_treatment"], row["estimate_control"])
    first, second = (None if side is None else _side(side, is_rate, is_gain, unit=False) for side in sides)
    is_estimated = row["difference"] is not None
    ends = (
        [signed(row[name], MONTH, is_rate=is_rate) for name in ("difference_low", "difference_high")]
        if is_estimated
        else []
    )
    return {
        "contrast": row["contrast"],
        "metric": row["metric"],
        "segment": row["segment"],
        "users": f"{whole(row['n_treatment'])} : {whole(row['n_control'])}",
        "treatment": first,
        "control": second,
        "difference": signed(row["difference"], MONTH, is_rate=is_rate) if is_estimated else None,
        "interval": " to ".join(ends) or None,
        "ratio": None if row["ratio"] is None else round(row["ratio"], 2),
        "level": None if row.get("alpha") is None else f"{100 * (1 - row['alpha']):.5g}%",
        "outside": outside(row),
        "says": row["verdict"] or ("" if is_estimated else row["status"].replace("_", " ")),
    }


def briefs(rows: Iterable[Mapping[str, Any]], *, means: Collection[str] = ()) -> list[dict[str, Any]]:
    """The rows over all users in brief, metric by metric, in the order of the contrasts, what stands beside behind."""
    return _in_order((row for row in rows if row["segment"] in _ON_ALL and _is_told(row)), means)


def parts_in_brief(rows: Iterable[Mapping[str, Any]], *, means: Collection[str] = ()) -> list[dict[str, Any]]:
    """The rows of parts of the users, and of weeks, in brief."""
    return _in_order((row for row in rows if row["segment"] not in _ON_ALL and _is_told(row)), means)


def _is_told(row: Mapping[str, Any]) -> bool:
    """False for prices and net gains, which have a chapter of their own, and for what another metric says already."""
    return row["metric"] not in (COST, NET_GAIN) and row.get("family") != SAID_ONCE


def _in_order(rows: Iterable[Mapping[str, Any]], means: Collection[str]) -> list[dict[str, Any]]:
    place = {contrast.name: i for i, contrast in enumerate(CONTRASTS)}
    segment = {name: i for i, name in enumerate(_ON_ALL)}
    ordered = sorted(
        rows,
        key=lambda row: (
            row["metric"],
            place[row["contrast"]],
            segment.get(row["segment"], len(segment)),
            row["segment"],
        ),
    )
    return [brief(row, means=means) for row in ordered]


def cannot_see(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the month cannot answer over all users, and how many it would need; contrasts with one reason together."""
    alike: dict[tuple[str, str], list[str]] = {}
    known = list(rows)
    contrasts = {row["contrast"] for row in known}
    for row in known:
        if not _is_told_first(row) or not _is_told(row):
            continue
        if row["reason"] and (row["status"] != "estimated" or row["verdict"] == INCONCLUSIVE):
            users = f"{row['contrast']} ({whole(row['n_treatment'])} : {whole(row['n_control'])} users)"
            alike.setdefault((row["metric"], row["reason"]), []).append(users)
    return [
        f"{metric}, {'all contrasts' if len(names) == len(contrasts) else ', '.join(names)}: {reason}"
        for (metric, reason), names in alike.items()
    ]


def _is_told_first(row: Mapping[str, Any]) -> bool:
    return is_told_first(row, is_causal=_is_causal(row))


def _is_causal(row: Mapping[str, Any]) -> bool:
    return row["contrast"] in _CAUSAL


def _side(value: float, is_rate: bool, is_gain: bool, *, unit: bool = True) -> str:
    if is_gain:
        return signed(value, MONTH, is_rate=is_rate, unit=unit)
    return f"{value:.1%}" if is_rate else f"{value:.4g}"
