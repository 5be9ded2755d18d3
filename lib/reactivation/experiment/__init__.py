"""The month's experiment: registered before the first wave, read out when its month has settled.

    design ─► register ─► arms, balance ─► waves ─► outcomes ─► aggregate ─► groups ─► answers ─► chapters
                   └──────── registered ───┴────────────┼─────────────────────────────────┘
                                                        ├─► deciles ─────────────► targeting
                                                        └─► exploration ─────────► response
                                   wave_plan, contacts, exploration draws ───────► checks

Spark aggregates; `statistics` sees only the few sums of `groups` and runs without it. Each layer imports those above:

    contrasts, groups, primary_estimator    what is compared with what, the sums, and who gives the verdict
    settings, metrics, checks, power        conf; a metric's sums and estimator; sample ratios; what can be seen
    metric_specs, registration              all that is measured; the plan that is registered
    aggregates, analysis, looks             the one pass over users; the request and its rows; looks at a running month
    families                                what may be called proven, and at which level the rest is read
    secondary_estimates, segments, targeting, month_checks
    readout, narrative, month_narrative     the month's rows, and the month in words

`any_table` reads out an experiment that somebody else ran.
"""

from reactivation.experiment import balance, challenger, design, registration_changes, registration_check
from reactivation.experiment.aggregates import aggregate, groups, placed
from reactivation.experiment.analysis import AnalysisRequest, Answers, request
from reactivation.experiment.checks import Checked, Design, sample_ratios
from reactivation.experiment.contrasts import CONTRASTS, Contrast, among
from reactivation.experiment.groups import Group, Totals, total
from reactivation.experiment.looks import Look, due_look, look_rows
from reactivation.experiment.metric_specs import MetricSpecs
from reactivation.experiment.month_narrative import chapters, forest
from reactivation.experiment.narrative import Narrative, briefs, cannot_see, lines, narratives, parts_in_brief, sentence
from reactivation.experiment.outcomes import outcomes
from reactivation.experiment.power import BaseRate, before_any_experiment, expected_sizes, of_untouched
from reactivation.experiment.primary_estimator import SEGMENTS
from reactivation.experiment.readout import answers, look_answers, read_out
from reactivation.experiment.reconciliation import (
    draw_counts,
    draws,
    grants,
    led_elsewhere,
    redeemed_by_grant,
    unfair,
    wave_counts,
    waves,
)
from reactivation.experiment.registration import Plan, PlanText, canonical, draft, register, sealed
from reactivation.experiment.registration_check import design_of, window_of
from reactivation.experiment.response import by_month, exploration, response
from reactivation.experiment.settings import ExperimentSettings, Guardrail, Mean, Metric
from reactivation.experiment.targeting import deciles, rankings

__all__ = [
    "CONTRASTS",
    "SEGMENTS",
    "AnalysisRequest",
    "Answers",
    "BaseRate",
    "Checked",
    "Contrast",
    "Design",
    "ExperimentSettings",
    "Group",
    "Guardrail",
    "Look",
    "Mean",
    "Metric",
    "MetricSpecs",
    "Narrative",
    "Plan",
    "PlanText",
    "Totals",
    "aggregate",
    "among",
    "answers",
    "balance",
    "before_any_experiment",
    "briefs",
    "by_month",
    "cannot_see",
    "canonical",
    "challenger",
    "chapters",
    "deciles",
    "design",
    "design_of",
    "draft",
    "draw_counts",
    "draws",
    "due_look",
    "expected_sizes",
    "exploration",
    "forest",
    "grants",
    "groups",
    "led_elsewhere",
    "lines",
    "look_answers",
    "look_rows",
    "narratives",
    "of_untouched",
    "outcomes",
    "parts_in_brief",
    "placed",
    "rankings",
    "read_out",
    "redeemed_by_grant",
    "register",
    "registration_changes",
    "registration_check",
    "request",
    "response",
    "sample_ratios",
    "sealed",
    "sentence",
    "total",
    "unfair",
    "wave_counts",
    "waves",
    "window_of",
]
