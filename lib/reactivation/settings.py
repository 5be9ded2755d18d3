"""Merges conf, refuses what it does not know, returns frozen typed settings made of the parts that steps declare.

Merge order: `base < scenarios/<s> < regions/<r> < envs/<e> < --set`. Maps merge key by key, all else is replaced.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError, field_validator, model_validator

from reactivation import conf, expressions, masking
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts import flow
from reactivation.errors import Finding, SettingsError, nearest
from reactivation.experiment.contrasts import among
from reactivation.experiment.settings import ExperimentSettings
from reactivation.features.settings import ActivitySettings, FeatureSettings
from reactivation.frozen_model import FrozenModel
from reactivation.ingest.settings import SourcesSettings
from reactivation.labels.settings import LabelSettings
from reactivation.model.card_settings import CardSettings
from reactivation.model.settings import ModelSettings
from reactivation.periods import Calendar
from reactivation.population.settings import PopulationSettings
from reactivation.report.settings import MonitoringSettings, ReportSettings
from reactivation.report.words import hypotheses
from reactivation.retention import RetentionSettings


class PathSettings(FrozenModel):
    """Where things lie. A relative path starts at the folder that holds `conf`; `catalog.schema` names tables instead.

    root: one per region and scenario. exports, reports: folders for channel files and reports. contact_ledger: root of
    the ledger of released contacts, which scenarios of one bank share. `{root}` is filled in.
    """

    root: str
    exports: str
    reports: str
    contact_ledger: str


class RuntimeSettings(FrozenModel):
    """How Spark is started, by its own keys and values; and what is different while a single job runs.

    jobs: by the job's name, settings of queries (`spark.sql.…`) that Spark takes in a running session.
    """

    spark: dict[str, str]
    jobs: dict[str, dict[str, str]]

    @field_validator("jobs")
    @classmethod
    def _are_jobs(cls, jobs: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        if unknown := [f"`{name}`: {nearest(name, flow.BY_JOB)}" for name in jobs if name not in flow.BY_JOB]:
            raise ValueError(f"no such job: {', '.join(unknown)}")
        return jobs


class Settings(FrozenModel):
    """All settings of one run.

    sandbox: what the simulated bank is made of; `reactivation_lab` checks it and alone reads it.
    """

    paths: PathSettings
    runtime: RuntimeSettings
    calendar: Calendar
    sources: SourcesSettings
    activity: ActivitySettings
    population: PopulationSettings
    features: FeatureSettings
    labels: LabelSettings
    model: ModelSettings
    model_card: CardSettings
    campaign: CampaignSettings
    experiment: ExperimentSettings
    monitoring: MonitoringSettings
    report: ReportSettings
    retention: RetentionSettings
    sandbox: dict[str, Any] | None = None

    @property
    def is_simulated(self) -> bool:
        """True where the bank is a simulated one, which lives ahead of the clock."""
        return self.sandbox is not None

    @property
    def expressions(self) -> list[expressions.Said]:
        """Every expression that conf holds, with its place."""
        parts = ("labels", "population", "campaign", "experiment")
        return expressions.said(**{part: getattr(self, part) for part in parts})

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        asked, campaign = [*self.experiment.hypotheses, *(q.contrast for q in self.experiment.sequence)], self.campaign
        cells, lift = {contrast.name for contrast in among(campaign.arms.cells)}, self.model.lift
        options = [f"{name}/{option.label}" for name, wave in campaign.waves.items() for option in wave.options]
        problems = [f"{key} needs model.lift.is_learnt: true" for key in campaign.asks_lifts if not lift.is_learnt]
        keys = self.experiment.hypotheses.items()
        if untold := [
            f"{name}: `{key}`, {nearest(key, hypotheses())}" for name, key in keys if key not in hypotheses()
        ]:
            problems.append(f"experiment.hypotheses, no key of the report's catalogues: {'; '.join(untold)}")
        if self.experiment.asset_uplift_value and "asset_snapshots" not in self.sources.present:
            problems.append("experiment.asset_uplift_value: the region has no asset_snapshots; set null")
        if wrong := [name for name in dict.fromkeys(asked) if name not in cells]:
            problems.append(f"experiment asks {', '.join(wrong)}: campaign.arms.cells gives `challenger` no share")
        if lift.option not in (None, *options):
            near = nearest(str(lift.option), options)
            problems.append(f"model.lift.option `{lift.option}` is no option of campaign.waves, {near or 'set null'}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


P = TypeVar("P", bound=FrozenModel)
_WHERE_AND_HOW = ("paths", "runtime", "retention", "report", "model_card")
_SUCCESSORS = {
    "population.allowed_by_default": "is now population.undecided: per channel and for profiling `not_allowed`, or the "
    "basis on which who never decided is allowed (legal_basis, document, valid_until)"
}
"""Keys of earlier releases: what stands in their place."""


@dataclass(frozen=True)
class Loaded:
    """Merged settings, as objects and as text; text and hash know no secrets, see `masking`.

    hash: SHA-256 over all that decides what is computed: not `paths`, `runtime`, `retention`, `report` and
    `model_card`. absent: expressions that speak of what the region lacks, where they are not refused. overruled: values
    of the region's own file in whose place another file's count.
    """

    settings: Settings
    yaml: str
    hash: str
    absent: tuple[Finding, ...] = ()
    overruled: tuple[Finding, ...] = ()


def load(
    conf_dir: Path,
    *,
    env: str,
    region: str,
    scenario: str,
    overrides: Sequence[str] = (),
    refuses_absent: bool = True,
) -> Loaded:
    """Read, merge and check conf; SettingsError lists every unknown key and impossible value with the file it is in.

    So does an expression that speaks of a source, channel or product which the region lacks; refuses_absent: False
    leaves these to the caller, as `Loaded.absent`.
    """
    of = f"conf (region {region}, scenario {scenario}, env {env})"
    merged, origin = conf.merged(conf_dir, env=env, region=region, scenario=scenario, overrides=overrides)
    try:
        settings = Settings.model_validate(conf.with_attributes(merged))
    except ValidationError as error:
        findings = [_finding(cast(Mapping[str, Any], problem), origin) for problem in error.errors()]
        raise SettingsError(f"{of}: {_counted(findings)}", findings) from None
    absent = _absent(settings, origin, region)
    if absent and refuses_absent:
        raise SettingsError(f"{of} speaks of what the region lacks: {_counted(absent)}", absent)
    content = masking.in_settings(settings.model_dump(mode="json", by_alias=True))
    deciding = {key: value for key, value in content.items() if key not in _WHERE_AND_HOW}
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
    text = yaml.safe_dump(content, sort_keys=True, allow_unicode=True)
    return Loaded(settings, text, digest, tuple(absent), tuple(conf.overruled(conf_dir, region, merged, origin)))


def _absent(settings: Settings, origin: conf.Origin, region: str) -> list[Finding]:
    """Expressions that name a source or kind which the region lacks: quietly, they would hold for nobody."""
    every = settings.expressions
    places = {one.key: conf.place_of(one.key.split("."), origin) for one in every}
    return expressions.absent(
        every,
        sources=settings.sources.present,
        features=settings.features,
        activity=settings.activity,
        origin=places,
        region=region,
    )


def load_part(path: Path, part: type[P]) -> P:
    """Read one file that stands outside conf, such as an experiment's spec; SettingsError lists all that is wrong."""
    if not path.is_file():
        near = nearest(path.name, [other.name for other in path.parent.glob("*.yml")])
        raise SettingsError("no such file", [Finding("missing", str(path), near or "name a YAML file")])
    return validated(conf.read_map(path), part, of=path.name)


def validated(content: Mapping[str, Any], part: type[P], *, of: str) -> P:
    """A map as the class that declares it; SettingsError lists all that is wrong. of: where the map stands."""
    try:
        return part.model_validate(content)
    except ValidationError as error:
        origin: dict[tuple[str, ...], str] = {(str(key),): of for key in content}
        found = [_finding(cast(Mapping[str, Any], problem), origin, part) for problem in error.errors()]
        raise SettingsError(f"{of}: {_counted(found)}", found) from None


def _counted(findings: Sequence[Finding]) -> str:
    return f"{len(findings)} problem{'s' if len(findings) > 1 else ''}"


def _finding(problem: Mapping[str, Any], origin: conf.Origin, root: type[BaseModel] = Settings) -> Finding:
    path = tuple(str(part) for part in problem["loc"])
    name, default = ".".join(path) or "the whole", "conf/base" if root is Settings else ""
    where = conf.place_of(path, origin, default)
    if name in _SUCCESSORS:
        return Finding("renamed key", name, f"in {where}: {_SUCCESSORS[name]}")
    if problem["type"] == "extra_forbidden":
        return Finding("unknown key", name, f"in {where}: {nearest(path[-1], _known_keys(path[:-1], root))}")
    if problem["type"] == "missing":
        return Finding("missing key", name, "no file of conf gives it a value" if root is Settings else "must be there")
    text = str(problem["msg"]).removeprefix("Value error, ")
    found = f"; found: {masking.in_settings(problem['input'], key=name)!r}"
    if isinstance(problem["input"], Mapping):
        return Finding("wrong value", name, text)  # of a section, which several files make
    is_misread = problem["type"] == "string_type" and isinstance(problem["input"], bool | int | float | date)
    found += ": YAML reads it so; put it in quotes" if is_misread else ""
    return Finding("wrong value", name, f"{f'in {where}: ' if where else ''}{text}{found}")


def _known_keys(path: Sequence[str], root: type[BaseModel]) -> list[str]:
    """Names of the keys that `root` knows at a path; empty where the path leads out of the declared parts."""
    part: Any = root
    for name in path:
        fields = part.model_fields if isinstance(part, type) and issubclass(part, BaseModel) else {}
        by_name = {field.alias or key: field.annotation for key, field in fields.items()}
        part = _part_within(by_name[name]) if name in by_name else part
    return [field.alias or key for key, field in part.model_fields.items()] if hasattr(part, "model_fields") else []


def _part_within(annotation: Any) -> Any:
    """The settings part inside an annotation such as `X | None` or `dict[str, X]`, or the annotation itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_part_within(argument) for argument in getattr(annotation, "__args__", ())]
    return next((part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)), annotation)
