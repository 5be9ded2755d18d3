"""Every expression and column name that conf holds, with its place; and those that speak of what a region lacks."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from reactivation.campaign.planning.settings import unused
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts.derived import OUTCOME_SOURCES, READS_MODEL
from reactivation.errors import Finding
from reactivation.experiment.settings import ExperimentSettings
from reactivation.features import vocabulary
from reactivation.features.settings import ActivitySettings, FeatureSettings
from reactivation.labels.days import MOBILE
from reactivation.labels.settings import LabelSettings
from reactivation.population.settings import PopulationSettings


class Over(StrEnum):
    """What an expression may read: a month of measures, `features`, a wave's facts with or without the model's word,
    features and scores (the covariates of CUPED, the challenger's order), `outcomes`."""

    MONTH = "month"
    FEATURES = "features"
    FACTS = "facts"
    FACTS_AND_MODEL = "facts and model"
    COVARIATES = "features and scores"
    OUTCOMES = "outcomes"


class Said(NamedTuple):
    """One expression of conf, or the name of one column. key: its path. is_number: else it is a condition."""

    key: str
    text: str
    over: Over
    is_number: bool = False


def said(
    *, labels: LabelSettings, population: PopulationSettings, campaign: CampaignSettings, experiment: ExperimentSettings
) -> list[Said]:
    """All of them, in conf's order. A region without waves asks nobody's campaign or experiment."""
    found = [
        Said("labels.is_active", labels.is_active, Over.MONTH),
        Said("labels.transacted", labels.transacted, Over.MONTH),
        Said("population.low_activity", population.low_activity, Over.FEATURES),
    ]
    return [*found, *_of_campaign(campaign), *_of_experiment(experiment)] if campaign.waves else found


def absent(
    every: Collection[Said],
    *,
    sources: Collection[str],
    features: FeatureSettings,
    activity: ActivitySettings,
    origin: Mapping[str, str],
    region: str,
) -> list[Finding]:
    """What speaks of a source, channel, product or function group that the region lacks, all at once.

    sources: canonical tables that the region has. origin: key: the file of conf that says it.
    """
    words = {one: vocabulary.words(one.text) for one in every if one.over is not Over.OUTCOMES}
    names = {name for of_one in words.values() for name in of_one}
    lacking = vocabulary.lacking(names, sources=sources, settings=features, kinds=activity)
    why = {one: [(name, lacking[name]) for name in of_one if name in lacking] for one, of_one in words.items()}
    for one in every:
        needed = OUTCOME_SOURCES.get(one.text, ()) if one.over is Over.OUTCOMES else ()
        if MOBILE not in activity.transaction_channels:  # of transactions active days count the mobile ones alone
            needed = ("logins",) if "logins" in needed else needed
        if needed and not set(needed) & set(sources):
            why[one] = [(one.text, f"the region has no {' and no '.join(f'`{name}`' for name in needed)}")]
    return [
        Finding("absent", one.key, f"in {origin.get(one.key, 'conf')}: `{name}`: {text}; {_cure(one, region)}")
        for one in every
        for name, text in why.get(one, [])
    ]


def _cure(one: Said, region: str) -> str:
    key = one.key.rpartition(".")[0] if one.over is Over.OUTCOMES else one.key
    return f"set {key}{': null' * (one.over is Over.OUTCOMES)} in conf/regions/{region}.yml"


def _of_campaign(campaign: CampaignSettings) -> Iterator[Said]:
    yield Said("campaign.arms.rule_order", campaign.arms.rule_order, Over.FEATURES, is_number=True)
    if campaign.challenger is not None:
        order = campaign.challenger.expression
        yield Said("campaign.challenger.order", order, Over.COVARIATES, is_number=True)
    for name, wave in campaign.waves.items():
        key = f"campaign.waves.{name}"
        for what, conditions in (("qualifies", wave.qualifies), ("first", wave.first or {})):
            for policy, text in conditions.items():
                over = Over.FACTS_AND_MODEL if policy in READS_MODEL else Over.FACTS
                yield Said(f"{key}.{what}.{policy}", text, over)
        if wave.guidance is not None:
            yield Said(f"{key}.guidance", wave.guidance, Over.FACTS_AND_MODEL)
        if wave.guide_to is not None:
            yield Said(f"{key}.guide_to", unused(wave.guide_to), Over.FACTS)
        for i, option in enumerate(wave.options):
            if option.only_if is not None:
                yield Said(f"{key}.options.{i}.only_if", option.only_if, Over.FACTS)
            if option.guide_to is not None:
                yield Said(f"{key}.options.{i}.guide_to", unused(option.guide_to), Over.FACTS)


def _of_experiment(experiment: ExperimentSettings) -> Iterator[Said]:
    for name, metric in experiment.metrics.items():
        yield Said(f"experiment.metrics.{name}.outcome", metric.outcome, Over.OUTCOMES)
        if metric.pre_period is not None:
            yield Said(f"experiment.metrics.{name}.pre_period", metric.pre_period, Over.FEATURES)
    for part, outcomes in (("means", experiment.means), ("guardrails", experiment.guardrails)):
        for name, one in outcomes.items():
            yield Said(f"experiment.{part}.{name}.outcome", one.outcome, Over.OUTCOMES)
    for name in experiment.covariates:
        yield Said("experiment.covariates", name, Over.COVARIATES, is_number=True)
    for name in experiment.balance.covariates:
        yield Said("experiment.balance.covariates", name, Over.FEATURES, is_number=True)
