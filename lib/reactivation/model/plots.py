"""Two pictures for the reviewer: is the probability true, and how far up are the right users."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from reactivation.model.evaluate import Quality


def calibration(qualities: Mapping[str, Quality]) -> Figure:
    """Observed share against mean probability by decile, one line per population; the diagonal is perfect."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    for name, quality in qualities.items():
        points = quality.deciles
        axes.plot([d["p_mean"] for d in points], [d["observed"] for d in points], marker="o", label=name)
    axes.set(xlabel="mean calibrated probability of the decile", ylabel="share that happened", title="Calibration")
    axes.legend()
    return figure


def lift(qualities: Mapping[str, Quality]) -> Figure:
    """Lift over the base rate by decile of the raw score, 1 the highest."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.axhline(1, color="grey", linestyle=":", label="base rate")
    for name, quality in qualities.items():
        points = [d for d in quality.deciles if d["lift"] is not None]
        axes.plot([d["decile"] for d in points], [d["lift"] for d in points], marker="o", label=name)
    axes.set(xlabel="decile of the raw score (1 = highest)", ylabel="lift", title="Lift by decile")
    axes.legend()
    return figure
