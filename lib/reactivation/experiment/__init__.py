"""The month's experiment: registered before the first wave, read out when its month has settled.

    register ─► arms, waves ─► outcomes ─► aggregate ─► groups ─► read_out ─► sentences
                                       └─► exploration ─────────► response

The engine aggregates; statistics see only the few numbers of `groups` and run without it:

    proportions, score_difference, means    two sides compared
    covariates, strata                      the same with less noise
    families, always_valid                  several questions, several looks
    guardrails, reached, cost, targeting    what else a campaign must answer
    holdout                                 before it begins

`any_table` reads out an experiment that somebody else ran.
"""

from reactivation.experiment.aggregates import Group, aggregate, groups
from reactivation.experiment.checks import Design, sample_ratios
from reactivation.experiment.contrasts import CONTRASTS, Contrast
from reactivation.experiment.outcomes import outcomes
from reactivation.experiment.readout import read_out
from reactivation.experiment.register import Plan, design_of, register, window_of
from reactivation.experiment.response import exploration, response
from reactivation.experiment.sentences import Told, briefs, cannot_see, lines, sentence, told
from reactivation.experiment.settings import ExperimentSettings, Metric

__all__ = [
    "CONTRASTS",
    "Contrast",
    "Design",
    "ExperimentSettings",
    "Group",
    "Metric",
    "Plan",
    "Told",
    "aggregate",
    "briefs",
    "cannot_see",
    "design_of",
    "exploration",
    "groups",
    "lines",
    "outcomes",
    "read_out",
    "register",
    "response",
    "sample_ratios",
    "sentence",
    "told",
    "window_of",
]
