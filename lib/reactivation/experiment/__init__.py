"""The month's experiment: registered before the first wave, read out when its month has settled.

    design ─► register ─► arms, balance ─► waves ─► outcomes ─► aggregate ─► groups ─► read_out ─► sentences
                   └──────── registered ───┴────────────────────────────────────────────┘

The engine aggregates; statistics see only the few numbers of `groups` and run without it:

    proportions, score_difference, means    two sides compared
    covariates, strata                      the same with less noise
    families, always_valid                  several questions, several looks
    guardrails, reached, cost, targeting    what else a campaign must answer
    power, rates, holdout, design           before it begins

`any_table` reads out an experiment that somebody else ran.
"""

from reactivation.experiment import balance, design, registered
from reactivation.experiment.aggregates import Group, aggregate, groups
from reactivation.experiment.checks import Design, sample_ratios
from reactivation.experiment.contrasts import CONTRASTS, Contrast
from reactivation.experiment.outcomes import outcomes
from reactivation.experiment.power import Rate, expected_sizes
from reactivation.experiment.rates import before_any_experiment, of_untouched
from reactivation.experiment.readout import read_out
from reactivation.experiment.register import Plan, PlanText, canonical, draft, register
from reactivation.experiment.registered import design_of, window_of
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
    "PlanText",
    "Rate",
    "Told",
    "aggregate",
    "balance",
    "before_any_experiment",
    "briefs",
    "cannot_see",
    "canonical",
    "design",
    "design_of",
    "draft",
    "expected_sizes",
    "exploration",
    "groups",
    "lines",
    "of_untouched",
    "outcomes",
    "read_out",
    "register",
    "registered",
    "response",
    "sample_ratios",
    "sentence",
    "told",
    "window_of",
]
