"""What a plan must say beside the numbers that a test is about."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from reactivation import experiment
from reactivation.experiment import ExperimentSettings, MetricSpecs
from reactivation.experiment.groups import Group
from reactivation.periods import Month, Window

JUNE = Month.parse("2026-06")
DESIGN = experiment.Design({"model": 1 / 3, "rule": 1 / 3, "random": 1 / 3}, holdout=0.5, long_holdout=0.0)

ASKED: dict[str, Any] = {
    "hypotheses": {"touch_model": "Being open to contact moves the model's picks."},
    "primary_metric": "login",
    "headline": "unadjusted",
    "interim_look_days": (),
    "guardrails": {"opt_out": {"outcome": "opted_out", "margin": 0.002}},
    "alpha": 0.05,
    "power": 0.8,
    "srm_p": 0.001,
    "minimum_expected_events": 10,
    "spend_tolerance_share": 0.1,
    "follow_up_days": 14,
    "balance": {"covariates": ["login_days_3m"], "standardised_difference": 0.1, "p": 0.01},
}


def settings_for(**own: Any) -> ExperimentSettings:
    """Settings of what a test is about; the first metric decides."""
    return ExperimentSettings(**{**ASKED, "primary_metric": next(iter(own["metrics"])), **own})


def specs_for(settings: ExperimentSettings, *, weeks: int = 0, columns: Collection[str] | None = None) -> MetricSpecs:
    """All that settings name, over so many weeks. columns: those that the region has; None: all covariates."""
    month, known = Window(date(2026, 6, 8), date(2026, 7, 1)), settings.covariates if columns is None else columns
    return replace(MetricSpecs.of(settings, window=month, columns=known), weeks=weeks)


def answers_for(
    groups: Sequence[Group],
    settings: ExperimentSettings,
    specs: MetricSpecs,
    *,
    further: Sequence[experiment.Checked] = (),
) -> experiment.Answers:
    """The answers of JUNE by DESIGN, without deciles of rankings."""
    return experiment.answers(
        groups,
        cycle=JUNE,
        design=DESIGN,
        settings=settings,
        specs=specs,
        known_on=date(2026, 8, 6),
        decile_rows=[],
        further=list(further),
        budget_share=0.3,
    )
