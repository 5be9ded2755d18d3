"""The read-out of any experiment in sentences, for those who read no tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactivation.experiment.any_table.analysis import Analysis, Row
from reactivation.experiment.any_table.spec import Arriving, Spec
from reactivation.experiment.formatting import ANY_TABLE, as_sentence, with_interval
from reactivation.experiment.primary_estimator import ALL
from reactivation.statistics.estimates import whole
from reactivation.statistics.multiplicity import holm

FAMILY_NOTE = (
    "Each row answers one question at its own level. Who looks through all of them for anything that stands out should "
    "read the p-values after Holm: they keep a single false alarm among all as rare as alpha."
)
ROWS_NOTE = (
    "Segment `all` is the headline, unadjusted. `all, CUPED` and `all, post-stratified` answer the same question with "
    "less noise and have no verdict of their own. The others are the strata one by one."
)


def opening(analysis: Analysis, spec: Spec) -> list[str]:
    """Who was compared, whether the draw held, and how often one may look."""
    counts = dict(zip(spec.shares, analysis.ratio.counts, strict=True))
    arms = ", ".join(f"`{arm}` {whole(n)}" for arm, n in counts.items())
    told = [f"{whole(sum(counts.values()))} rows: {arms}. The control is `{spec.control}`."]
    if analysis.withheld:
        told.append(f"No effect is shown. {as_sentence(analysis.withheld)}")
    elif analysis.ratio.p_value is not None:
        told.append(f"The arms are as large as chance would make them (p = {analysis.ratio.p_value:.2g}).")
    level = spec.level
    if isinstance(spec.looks, Arriving):
        told.append(
            f"Intervals hold at every look at once, at {1 - level.alpha:.4g} together; they are shortest near "
            f"{whole(spec.looks.tuning)} users."
        )
    elif spec.looks > 1:
        told.append(
            f"{spec.looks} looks were registered: each is at alpha {level.alpha:.4g}, so that all together give "
            f"a false alarm at most {spec.alpha:.4g} of the time."
        )
    return told


def by_contrast(analysis: Analysis, spec: Spec) -> dict[str, list[str]]:
    """Each contrast's headline sentences, the adjusted estimate behind each."""
    told: dict[str, list[str]] = {}
    for row in analysis.rows:
        if row["segment"] == ALL:
            told.setdefault(row["contrast"], []).append(_told(row, analysis.rows, spec))
    return told


def family(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The headline p-values beside each other, and as Holm adjusts them for being several questions at once."""
    heads = [row for row in rows if row["segment"] == ALL]
    adjusted = holm([row["p_value"] for row in heads])
    return [
        {"contrast": row["contrast"], "metric": row["metric"], "p": _short(row["p_value"]), "p after Holm": _short(p)}
        for row, p in zip(heads, adjusted, strict=True)
    ]


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row in the few columns that fit a page."""
    return {
        "contrast": row["contrast"],
        "metric": row["metric"],
        "segment": row["segment"],
        "users": f"{whole(row['n_treatment'])} : {whole(row['n_control'])}",
        "treatment": row["estimate_treatment"],
        "control": row["estimate_control"],
        "difference": row["difference"],
        "low": row["difference_low"],
        "high": row["difference_high"],
        "ratio": row["ratio"],
        "p": _short(row["p_value"]),
        "says": row["verdict"] or row["status"].replace("_", " "),
        "reason": row["reason"],
        "method": row["method"],
    }


def _told(row: Row, rows: Sequence[Row], spec: Spec) -> str:
    """One headline in a sentence, and what the adjustments say beside it."""
    if row["status"] != "estimated":
        shown = "not shown" if row["status"] == "withheld" else "cannot be seen"
        return f"{row['metric']}: {shown}. {as_sentence(row['reason'])}"
    is_rate, alpha = row["metric"] in spec.rates, spec.level.alpha
    first, second = (_value(row[name], is_rate) for name in ("estimate_treatment", "estimate_control"))
    seen = with_interval(row, ANY_TABLE, alpha=alpha, is_rate=is_rate)
    parts = [f"{row['metric']}: {first} against {second}, a difference of {seen}"]
    if row["ratio"] is not None:
        parts.append(f", {row['ratio']:.2f} times as much")
    parts.append(f". {as_sentence(row['verdict'])}")
    if row["reason"]:
        parts.append(f" {as_sentence(row['reason'])}")
    beside = [
        f"{other['segment'].removeprefix('all, ')} {with_interval(other, ANY_TABLE, alpha=alpha, is_rate=is_rate)}"
        for other in rows
        if (other["contrast"], other["metric"]) == (row["contrast"], row["metric"])
        and other["segment"].startswith("all, ")
        and other["status"] == "estimated"
    ]
    if beside:
        parts.append(f" Beside it: {'; '.join(beside)}.")
    return "".join(parts)


def _value(value: float, is_rate: bool) -> str:
    return f"{100 * value:#.4g}%" if is_rate else f"{value:#.5g}"


def _short(p: float | None) -> str | None:
    return None if p is None else f"{p:.2g}"
