"""All contrasts on all metrics as rows of `readout`: checked, estimated, judged."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from reactivation.experiment.aggregates import Group
from reactivation.experiment.checks import Design, sample_ratios, why_withheld
from reactivation.experiment.contrasts import CONTRASTS, Comparison, Contrast
from reactivation.experiment.estimates import Estimate, compare, gain, withheld
from reactivation.experiment.settings import ExperimentSettings
from reactivation.experiment.verdicts import reading_of_pick, verdict
from reactivation.periods import Month

Row = dict[str, Any]


def read_out(
    groups: Sequence[Group], *, cycle: Month, design: Design, settings: ExperimentSettings, segment: str = "all"
) -> list[Row]:
    """One row per contrast and metric, with the columns of the contract `readout`.

    groups: all users of `arms` (of one segment), aggregated. design: the shares that were registered.
    """
    ratios = sample_ratios(groups, design)
    reasons = {
        contrast.name: why_withheld(
            contrast,
            groups=groups,
            ratios=ratios,
            srm_p=settings.srm_p,
            spend_tolerance_share=settings.spend_tolerance_share,
        )
        for contrast in CONTRASTS
    }
    place = {"cycle": str(cycle), "segment": segment}
    return [
        {**place, **row}
        for metric in settings.metrics
        for row in _rows(metric, groups, settings=settings, withheld_because=reasons)
    ]


def estimate(contrast: Contrast, groups: Sequence[Group], metric: str, *, settings: ExperimentSettings) -> Estimate:
    """One contrast on one metric, whatever the checks say."""
    if isinstance(contrast, Comparison):
        return compare(
            contrast.treatment.share(groups, metric),
            contrast.control.share(groups, metric),
            alpha=settings.alpha,
            minimum_events=settings.minimum_expected_events,
        )
    first, second = (
        estimate(part, groups, metric, settings=settings) for part in (contrast.treatment, contrast.control)
    )
    return gain(first, second)


def _rows(
    metric: str, groups: Sequence[Group], *, settings: ExperimentSettings, withheld_because: dict[str, str | None]
) -> Iterator[Row]:
    estimates: dict[str, Estimate] = {}
    for contrast in CONTRASTS:
        found, why = estimate(contrast, groups, metric, settings=settings), withheld_because[contrast.name]
        estimates[contrast.name] = withheld(found, why) if why else found
    for contrast in CONTRASTS:
        found = estimates[contrast.name]
        row = {"contrast": contrast.name, "metric": metric, **asdict(found)}
        if contrast.kind == "causal":
            minimum = settings.metrics[metric].minimum_effect
            judged = verdict(found, minimum_effect=minimum, alpha=settings.alpha, power=settings.power)
            row |= {"verdict": judged.word, "reason": judged.reason}
        elif contrast.name.startswith("pick_"):
            gained = estimates[contrast.name.replace("pick_", "gain_", 1)]
            row |= {"verdict": None, "reason": found.reason or reading_of_pick(found, gained)}
        else:
            row |= {"verdict": None}
        yield row
