"""Names that expressions of conf may use, and why a region lacks one: its source is not there, or its kind."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from reactivation.contracts import canonical
from reactivation.contracts.measure import Measure
from reactivation.features.settings import ActivitySettings, FeatureSettings
from reactivation.features.signals import catalogue, measures

_PLACEHOLDERS = {"function_groups": "ofagroup", "transaction_channels": "ofachannel", "asset_products": "ofaproduct"}
_ANY = ActivitySettings.model_validate(
    {
        "function_groups": {_PLACEHOLDERS["function_groups"]: []},
        "transaction_channels": [_PLACEHOLDERS["transaction_channels"]],
        "asset_products": [_PLACEHOLDERS["asset_products"]],
    }
)
_ONE_KIND = {"function_groups": "function group", "transaction_channels": "channel", "asset_products": "product"}


def words(expression: str) -> list[str]:
    """The words of a Spark SQL expression in lower case, each once, without its texts.

    >>> words("login_days_3m <= 3 and profile_segment = 'login_count'")
    ['login_days_3m', 'and', 'profile_segment']
    """
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", " ", expression.lower())
    return list(dict.fromkeys(re.findall(r"[a-z_]\w*", bare)))


def lacking(
    names: Iterable[str], *, sources: Collection[str], settings: FeatureSettings, kinds: ActivitySettings
) -> dict[str, str]:
    """Of some names, those that a region would have with another source or kind of activity: why it has not.

    sources: canonical tables that the region has. Names that no region could have are not spoken of.
    """
    every = _by_source(canonical.BY_NAME, settings, kinds)
    here = _by_source(sources, settings, kinds)
    templates = {
        name: source for name, source in _by_source(canonical.BY_NAME, settings, _ANY).items() if name not in every
    }
    found: dict[str, str] = {}
    for name in names:
        bare = name.removesuffix("_to_date")
        if bare in here:
            continue
        if bare in every:
            found[name] = f"the region has no `{every[bare]}`"
        elif why := _of_another_kind(bare, templates, sources, kinds):
            found[name] = why
    return found


def _by_source(sources: Collection[str], settings: FeatureSettings, kinds: ActivitySettings) -> Mapping[str, str]:
    """Every measure and feature by name: the source it comes from."""
    of_measures = {
        name: source
        for source, group in measures(kinds).items()
        if source in sources
        for measure in group
        for name in _names(measure)
    }
    return {**of_measures, **{one.name: one.source for one in catalogue(sources, settings, kinds=kinds)}}


def _names(measure: Measure) -> Iterator[str]:
    yield measure.name
    if measure.merge == "days":
        yield f"{measure.name}_count"


def _of_another_kind(
    name: str, templates: Mapping[str, str], sources: Collection[str], kinds: ActivitySettings
) -> str | None:
    for template, source in templates.items():
        for kind, placeholder in _PLACEHOLDERS.items():
            match = placeholder in template and re.fullmatch(template.replace(placeholder, "([a-z_]+?)"), name)
            if match and source not in sources:
                return f"the region has no `{source}`"
            if match:
                known = ", ".join(getattr(kinds, kind)) or "none at all"
                return f"`{match[1]}` is no {_ONE_KIND[kind]} of activity.{kind} ({known})"
    return None
