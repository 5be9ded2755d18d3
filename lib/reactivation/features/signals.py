"""The signals: each gives the measures kept of a month, and the features that months of them make."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from reactivation.contracts import derived
from reactivation.contracts.measure import Measure
from reactivation.contracts.table import Table
from reactivation.features import (
    assets,
    benefits,
    contacts,
    functions,
    logins,
    outside_contacts,
    profile,
    transactions,
)
from reactivation.features.feature import Feature
from reactivation.features.settings import ActivitySettings, FeatureSettings


class _Signal(Protocol):
    """One module of this package. SOURCE: the canonical table it is taken from."""

    SOURCE: str

    def measures(self, kinds: ActivitySettings, /) -> tuple[Measure, ...]: ...
    def features(self, lookbacks: Sequence[int], kinds: ActivitySettings, /) -> Iterator[Feature]: ...


_SIGNALS: tuple[_Signal, ...] = (logins, functions, transactions, assets, benefits, contacts, outside_contacts)


def measures(kinds: ActivitySettings) -> dict[str, tuple[Measure, ...]]:
    """All measures by the source they are taken from."""
    return {signal.SOURCE: signal.measures(kinds) for signal in _SIGNALS}


def flows(kinds: ActivitySettings) -> dict[str, tuple[Measure, ...]]:
    """The measures that add up over a window; balances, which are states, are left out."""
    return {source: group for source, group in measures(kinds).items() if source != assets.SOURCE}


def catalogue(sources: Collection[str], settings: FeatureSettings, *, kinds: ActivitySettings) -> tuple[Feature, ...]:
    """All features that the region's sources can give, in a fixed order, each with description, unit and source.

    sources: names of the canonical tables the region has. kinds: what the partials keep apart.
    """
    groups = [*(signal.features(settings.lookback_months, kinds) for signal in _SIGNALS), profile.features(settings)]
    return tuple(feature for group in groups for feature in group if feature.source in sources)


def contract(features: Sequence[Feature]) -> Table:
    """The contract of `features` with a column for each feature."""
    return derived.FEATURES.extended(feature.column for feature in features)
