"""Merges conf, refuses what it does not know, returns frozen typed settings made of the parts that steps declare.

Merge order: `base < scenarios/<s> < regions/<r> < envs/<e> < --set`. Maps merge key by key, all else is replaced.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError, field_validator

from reactivation import flow
from reactivation.activity.settings import ActivitySettings
from reactivation.campaign.settings import CampaignSettings
from reactivation.errors import Finding, SettingsError, nearest
from reactivation.experiment.settings import ExperimentSettings
from reactivation.features.settings import FeatureSettings
from reactivation.labels.settings import LabelSettings
from reactivation.model.settings import ModelSettings
from reactivation.monitoring.settings import MonitoringSettings
from reactivation.parts import Part
from reactivation.periods import Calendar
from reactivation.population.settings import PopulationSettings
from reactivation.sandbox.settings import SandboxSettings
from reactivation.sources.settings import SourcesSettings


class PathSettings(Part):
    """Where things lie. A relative path starts at the folder that holds `conf`; `catalog.schema` names tables instead.

    root: one per region and scenario. exports, reports: folders for channel files and reports; `{root}` is filled in.
    """

    root: str
    exports: str
    reports: str


class RuntimeSettings(Part):
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


class Settings(Part):
    """All settings of one run."""

    paths: PathSettings
    runtime: RuntimeSettings
    calendar: Calendar
    sources: SourcesSettings
    activity: ActivitySettings
    population: PopulationSettings
    features: FeatureSettings
    labels: LabelSettings
    model: ModelSettings
    campaign: CampaignSettings
    experiment: ExperimentSettings
    monitoring: MonitoringSettings
    sandbox: SandboxSettings | None = None


P = TypeVar("P", bound=Part)
_WHERE_AND_HOW = ("paths", "runtime")


@dataclass(frozen=True)
class Loaded:
    """Merged settings, as objects and as text.

    hash: SHA-256 over all that decides what is computed; `paths` and `runtime` say only where and how.
    """

    settings: Settings
    yaml: str
    hash: str


def load(conf_dir: Path, *, env: str, region: str, scenario: str, overrides: Sequence[str] = ()) -> Loaded:
    """Read, merge and check conf; SettingsError lists every unknown key and impossible value with the file it is in."""
    layers = _layers(conf_dir, {"scenarios": scenario, "regions": region, "envs": env})
    layers.append(("--set", _parse_overrides(overrides)))
    merged: dict[str, Any] = {}
    origin: dict[tuple[str, ...], str] = {}
    for name, layer in layers:
        _merge(merged, layer, origin, name, ())
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        findings = [_finding(cast(Mapping[str, Any], problem), origin) for problem in error.errors()]
        what = f"{len(findings)} problem{'s' if len(findings) > 1 else ''}"
        raise SettingsError(f"conf (region {region}, scenario {scenario}, env {env}): {what}", findings) from None
    content = settings.model_dump(mode="json", by_alias=True)
    deciding = {key: value for key, value in content.items() if key not in _WHERE_AND_HOW}
    digest = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
    return Loaded(settings, yaml.safe_dump(content, sort_keys=True, allow_unicode=True), digest)


def load_part(path: Path, part: type[P]) -> P:
    """Read one file that stands outside conf, such as an experiment's spec; SettingsError lists all that is wrong."""
    if not path.is_file():
        near = nearest(path.name, [other.name for other in path.parent.glob("*.yml")])
        raise SettingsError("no such file", [Finding("missing", str(path), near or "name a YAML file")])
    content = _read(path)
    try:
        return part.model_validate(content)
    except ValidationError as error:
        origin: dict[tuple[str, ...], str] = {(str(key),): path.name for key in content}
        found = [_finding(cast(Mapping[str, Any], problem), origin, part) for problem in error.errors()]
        what = f"{len(found)} problem{'s' if len(found) > 1 else ''}"
        raise SettingsError(f"{path.name}: {what}", found) from None


def _layers(conf_dir: Path, chosen: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    if not (conf_dir / "base").is_dir():
        advice = "name the folder that holds base, scenarios, regions and envs with --conf-dir"
        raise SettingsError("no conf found", [Finding("missing", str(conf_dir / "base"), advice)])
    missing = [
        Finding("unknown", f"{kind}/{name}", nearest(name, [path.stem for path in (conf_dir / kind).glob("*.yml")]))
        for kind, name in chosen.items()
        if not (conf_dir / kind / f"{name}.yml").is_file()
    ]
    if missing:
        raise SettingsError(f"conf in {conf_dir.name} does not know what was asked for", missing)
    files = [*sorted((conf_dir / "base").glob("*.yml")), *(conf_dir / k / f"{n}.yml" for k, n in chosen.items())]
    return [(f"{path.parent.name}/{path.name}", _read(path)) for path in files]


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice in one map is an error."""


def _no_twins(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.YAMLError(f"keys stand twice: {', '.join(twice)} (line {node.start_mark.line + 1})")
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_twins)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader) or {}
    except yaml.YAMLError as error:
        advice = " ".join(str(error).split())
        raise SettingsError(
            "conf cannot be read", [Finding("not YAML", f"{path.parent.name}/{path.name}", advice)]
        ) from None
    if not isinstance(content, dict):
        raise SettingsError("conf cannot be read", [Finding("not a map", path.name, "write keys and values")])
    return content


def _parse_overrides(overrides: Iterable[str]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for override in overrides:
        path, equals, value = override.partition("=")
        if not equals or not path:
            raise SettingsError("--set is not understood", [Finding("form", override, "write --set key.path=value")])
        branch: dict[str, Any] = {}
        *parents, last = path.split(".")
        leaf = branch
        for parent in parents:
            leaf = leaf.setdefault(parent, {})
        leaf[last] = _value_of(override, value)
        _merge(content, branch, {}, "--set", ())
    return content


def _value_of(override: str, value: str) -> Any:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        advice = "the value is no YAML; put quotes around it: --set 'key.path=\"…\"'"
        raise SettingsError("--set is not understood", [Finding("not YAML", override, advice)]) from None


def _merge(
    into: dict[str, Any],
    layer: Mapping[str, Any],
    origin: dict[tuple[str, ...], str],
    name: str,
    path: tuple[str, ...],
) -> None:
    for key, value in layer.items():
        here = (*path, str(key))
        origin[here] = name
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value, origin, name, here)
        elif isinstance(value, Mapping):
            into[key] = {}
            _merge(into[key], value, origin, name, here)
        else:
            into[key] = value


def _finding(
    problem: Mapping[str, Any], origin: Mapping[tuple[str, ...], str], root: type[BaseModel] = Settings
) -> Finding:
    path = tuple(str(part) for part in problem["loc"])
    name, default = ".".join(path) or "the whole", "conf/base" if root is Settings else ""
    where = next((origin[path[:n]] for n in range(len(path), 0, -1) if path[:n] in origin), default)
    if problem["type"] == "extra_forbidden":
        return Finding("unknown key", name, f"in {where}: {nearest(path[-1], _known_keys(path[:-1], root))}")
    if problem["type"] == "missing":
        return Finding("missing key", name, "no file of conf gives it a value" if root is Settings else "must be there")
    text = str(problem["msg"]).removeprefix("Value error, ")
    found = "" if isinstance(problem["input"], Mapping) else f"; found: {problem['input']!r}"
    place = f"in {where}: " if where else ""
    return Finding("wrong value", name, f"{place}{text}{found}")


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
