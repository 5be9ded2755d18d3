"""Pictures for the reviewer: how scores rank, whether probabilities are true, on whom, and what has moved."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reactivation.model.evaluate import Quality
from reactivation.statistics.score_bins import ScoreBins, gain, precision_recall, roc

_MOST = 25
"""Features in a picture."""


def calibration(qualities: Mapping[str, Quality]) -> Figure:
    """Observed share against mean probability by decile, one line per population; the diagonal is perfect."""
    figure, axes = _empty("Calibration", "mean calibrated probability of the decile", "share that happened")
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    for name, quality in qualities.items():
        points = quality.deciles
        axes.plot([d["p_mean"] for d in points], [d["observed"] for d in points], marker="o", label=name)
    axes.legend()
    return figure


def lift(qualities: Mapping[str, Quality]) -> Figure:
    """Lift over the base rate by decile of the raw score, 1 the highest."""
    figure, axes = _empty("Lift by decile", "decile of the raw score (1 = highest)", "lift")
    axes.axhline(1, color="grey", linestyle=":", label="base rate")
    for name, quality in qualities.items():
        points = [d for d in quality.deciles if d["lift"] is not None]
        axes.plot([d["decile"] for d in points], [d["lift"] for d in points], marker="o", label=name)
    axes.legend()
    return figure


def curves(bins: Mapping[str, ScoreBins]) -> dict[str, Figure]:
    """ROC, precision-recall and gain of some populations and the distribution of the scores, by name of the file."""
    there = {name: each for name, each in bins.items() if each.has_both}
    roc_figure, roc_axes = _empty("ROC", "share of those without the outcome", "share of those with it")
    pr_figure, pr_axes = _empty("Precision and recall", "recall", "precision")
    gain_figure, gain_axes = _empty("Gain", "share of the users, best first", "share of all outcomes among them")
    for axes in (roc_axes, gain_axes):
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="at random")
    for name, each in there.items():
        roc_axes.plot(*roc(each), label=name)
        pr_axes.plot(*precision_recall(each), label=f"{name} (base rate {each.base_rate:.2f})")
        gain_axes.plot(*gain(each), label=name)
    for axes in (roc_axes, pr_axes, gain_axes):
        axes.legend()
    found = {"roc": roc_figure, "precision_recall": pr_figure, "gain": gain_figure}
    return found | ({"scores": _scores(bins["low_activity"])} if "low_activity" in bins else {})


def importances(shares: Mapping[str, float]) -> Figure:
    """Share of the largest features in the trees' gain."""
    names = list(shares)[:_MOST][::-1]
    figure, axes = _empty("What the trees split on", "share of the gain", "", height=1.5 + 0.22 * len(names))
    axes.barh(names, [shares[name] for name in names])
    return figure


def drift(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Stability index of the score and of the features that moved most."""
    shown = rows[:_MOST][::-1]
    names = [row["feature"] for row in shown]
    figure, axes = _empty("Drift", "stability index", "", height=1.5 + 0.22 * len(names))
    axes.barh(names, [row["psi_training"] or 0 for row in shown], label="against training")
    axes.plot([row["psi_last_month"] or 0 for row in shown], names, "k|", label="against the month before")
    for bound in (0.1, 0.25):
        axes.axvline(bound, color="grey", linestyle=":")
    axes.legend()
    return figure


def groups(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Area under the ROC curve of each group, with its interval; flagged groups are filled."""
    shown = [row for row in rows if row["roc_auc"] is not None][::-1]
    names = [f"{row['dimension']}: {row['group']} ({row['users']})" for row in shown]
    figure, axes = _empty("Groups", "ROC AUC", "", height=1.5 + 0.22 * len(names))
    for row, name in zip(shown, names, strict=True):
        axes.plot([row["roc_auc_low"], row["roc_auc_high"]], [name, name], color="black")
        axes.plot(row["roc_auc"], name, "o", color="black", fillstyle="full" if row["flag"] else "none")
    return figure


def _scores(bins: ScoreBins) -> Figure:
    figure, axes = _empty("Scores of the low-active", "calibrated probability", "users")
    edges, p = [float(edge) for edge in np.linspace(0, 1, 41)], bins.p
    axes.hist(
        [p, p],
        bins=edges,
        weights=[bins.negatives, bins.positives],
        stacked=True,
        label=["without the outcome", "with it"],
    )
    axes.legend()
    return figure


def _empty(title: str, across: str, up: str, height: float = 5.0) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, height), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=across, ylabel=up, title=title)
    return figure, axes
