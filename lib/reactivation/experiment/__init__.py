"""The month's experiment: registered before the first wave, read out when its month has settled.

    design ─► register ─► arms, balance ─► waves ─► outcomes ─► aggregate ─► groups ─► read_out ─► sentences
                   └──────── registered ───┴────────────┼─────────────────────────────────┘
                                                        ├─► tenths ──────────────► targeting
                                                        └─► exploration ─────────► response
                                   wave_plan, contacts, exploration draws ───────► checks

The engine aggregates; statistics see only the few sums of `groups` and run without it:

    proportions, score_difference, means    two sides compared
    covariates, strata                      the same with less noise
    families, always_valid                  several questions, several looks
    guardrails, reached, cost, targeting    what else a campaign must answer
    power, rates, holdout, design           before it begins

    asked, beside, segments, guarded        the month's rows made of them, looks: those of a running month

`sentences`, `month_words` and `figures` tell them. `any_table` reads out an experiment that somebody else ran.
"""

from reactivation.experiment import balance, design, registration_check
from reactivation.experiment.aggregates import aggregate, groups, placed
from reactivation.experiment.analysis import Asked
from reactivation.experiment.checks import Design, sample_ratios
from reactivation.experiment.contrasts import CONTRASTS, Contrast
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.looks import Look, due_look, look_answers, look_rows
from reactivation.experiment.metrics import Measured
from reactivation.experiment.month import Answers, answers, chapters
from reactivation.experiment.month_targeting import rankings, tenths
from reactivation.experiment.narrative import Told, briefs, cannot_see, lines, parts_in_brief, sentence, told
from reactivation.experiment.outcomes import outcomes
from reactivation.experiment.power import Rate, expected_sizes
from reactivation.experiment.rates import before_any_experiment, of_untouched
from reactivation.experiment.readout import ask, read_out
from reactivation.experiment.reconciled import Checked, draw_counts, draws, unfair, wave_counts, waves
from reactivation.experiment.registration import Plan, PlanText, canonical, draft, register
from reactivation.experiment.registration_check import design_of, window_of
from reactivation.experiment.response import exploration, response
from reactivation.experiment.settings import ExperimentSettings, Guardrail, Mean, Metric

__all__ = [
    "CONTRASTS",
    "Answers",
    "Asked",
    "Checked",
    "Contrast",
    "Design",
    "ExperimentSettings",
    "Group",
    "Guardrail",
    "Look",
    "Mean",
    "Measured",
    "Metric",
    "Plan",
    "PlanText",
    "Rate",
    "Told",
    "Totals",
    "aggregate",
    "answers",
    "ask",
    "balance",
    "before_any_experiment",
    "briefs",
    "cannot_see",
    "canonical",
    "chapters",
    "design",
    "design_of",
    "draft",
    "draw_counts",
    "draws",
    "due_look",
    "expected_sizes",
    "exploration",
    "groups",
    "lines",
    "look_answers",
    "look_rows",
    "of_untouched",
    "outcomes",
    "parts_in_brief",
    "placed",
    "rankings",
    "read_out",
    "register",
    "registration_check",
    "response",
    "sample_ratios",
    "sentence",
    "tenths",
    "told",
    "unfair",
    "wave_counts",
    "waves",
    "window_of",
]
