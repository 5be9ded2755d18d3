"""Conf's files: read strictly, merged in order, with the file that each value comes from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reactivation import masking
from reactivation.contracts import canonical
from reactivation.errors import Finding, SettingsError, nearest

_NO_VALUE = (ValueError, OverflowError, KeyError, AttributeError)
"""What PyYAML lets through of what looks like a date or a number and is none: 2026-02-30, 0b_."""

Origin = dict[tuple[str, ...], str]
"""By the path of a key, the file whose value counts."""


def merged(
    conf_dir: Path, *, env: str, region: str, scenario: str, overrides: Sequence[str]
) -> tuple[dict[str, Any], Origin]:
    """All values of conf, and where each comes from; SettingsError where a file cannot be read."""
    layers = _layers(conf_dir, {"scenarios": scenario, "regions": region, "envs": env})
    layers.append(("--set", _parse_overrides(overrides)))
    values: dict[str, Any] = {}
    origin: Origin = {}
    for name, layer in layers:
        _merge(values, layer, origin, name, ())
    return values, origin


def with_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values; `features` gets the names of a region's own attributes, which stand under `sources.users`."""
    features = values.get("features")
    users = (values.get("sources") or {}).get("users") or {}
    names = {part: sorted(users[part]) for part in canonical.ATTRIBUTES if isinstance(users.get(part), Mapping)}
    return {**values, "features": {**features, **names}} if names and isinstance(features, Mapping) else {**values}


def place_of(path: Sequence[str], origin: Origin, default: str = "conf/base") -> str:
    """The file that a key, or the nearest part above it, comes from."""
    parts = tuple(path)
    return next((origin[parts[:n]] for n in range(len(parts), 0, -1) if parts[:n] in origin), default)


def overruled(conf_dir: Path, region: str, values: Mapping[str, Any], origin: Origin) -> Iterator[Finding]:
    """Values of a region's file in whose place another file's count. values, origin: see `merged`."""
    own = f"regions/{region}.yml"
    for path, value in _leaves(read_map(conf_dir / own), ()):
        if origin.get(path, own) != own:
            counts: Any = values
            for part in path:
                counts = counts[part] if isinstance(counts, Mapping) else counts
            key = ".".join(path)
            shown, instead = (masking.in_settings(one, key=key) for one in (value, counts))
            yield Finding("overruled", key, f"{own} says {shown!r}; {origin[path]} says {instead!r}, which counts")


def _leaves(layer: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in layer.items():
        here = (*path, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, here)
        else:
            yield here, value


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
    return [(f"{path.parent.name}/{path.name}", read_map(path)) for path in files]


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice in one map is an error; so is one that YAML does not take as written."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.misread: list[Finding] = []

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except _NO_VALUE:
            place, text = f"line {node.start_mark.line + 1}", getattr(node, "value", "")
            said = f"{place}: YAML takes `{text}` for a value that there is not: put it in quotes, '{text}'"
            raise yaml.YAMLError(said) from None


def _misread(loader: _StrictLoader, node: yaml.Node) -> Iterator[Finding]:
    """A key such as `No` or `01`, which YAML takes for a value of its own that is written otherwise."""
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:merge":
        return
    value = loader.construct_object(node)
    as_text = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str | bool | int | float) or as_text != node.value:
        shown = as_text if value is not None else "null"
        place = f"line {node.start_mark.line + 1}"
        yield Finding("misread", node.value, f"{place}: YAML reads this as {shown}: put it in quotes, '{node.value}'")


def _no_twins(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.misread += [finding for key, _ in node.value for finding in _misread(loader, key)]
    keys = [key.value for key, _ in node.value]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.YAMLError(f"keys stand twice: {', '.join(twice)} (line {node.start_mark.line + 1})")
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_twins)


def read_map(path: Path) -> dict[str, Any]:
    """A YAML file that holds a map; SettingsError where it is none."""
    try:
        loader = _StrictLoader(path.read_text(encoding="utf-8-sig"))
        content = loader.get_single_data() or {}
    except UnicodeDecodeError:
        advice = "is not UTF-8: save it as UTF-8"
        raise SettingsError(
            "conf cannot be read", [Finding("encoding", f"{path.parent.name}/{path.name}", advice)]
        ) from None
    except yaml.YAMLError as error:
        advice = " ".join(str(error).split())
        raise SettingsError(
            "conf cannot be read", [Finding("not YAML", f"{path.parent.name}/{path.name}", advice)]
        ) from None
    if loader.misread:
        raise SettingsError(f"{path.parent.name}/{path.name} does not say what it seems to", loader.misread)
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
    except (yaml.YAMLError, *_NO_VALUE):
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
