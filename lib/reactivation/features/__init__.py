"""One row of features per signed-up user: one file per kind of signal, joined on the spine of all users."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.contracts import table as contracts
from reactivation.contracts.measure import Measure
from reactivation.features import assets, benefits, contacts, functions, logins, profile, transactions
from reactivation.features.feature import GRAMMAR, Feature
from reactivation.features.schedule import training_months
from reactivation.features.settings import FeatureSettings
from reactivation.features.summary import contrast, counts, rates, sizes, summary
from reactivation.periods import Calendar

__all__ = [
    "GRAMMAR",
    "Feature",
    "FeatureSettings",
    "Kinds",
    "build",
    "catalogue",
    "contract",
    "contrast",
    "counts",
    "rates",
    "sizes",
    "summary",
    "training_months",
]


class Kinds(Protocol):
    """What the partials keep apart: the settings of `activity`."""

    @property
    def function_groups(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def transaction_channels(self) -> Sequence[str]: ...
    @property
    def asset_products(self) -> Sequence[str]: ...


def catalogue(
    sources: Collection[str],
    settings: FeatureSettings,
    *,
    kinds: Kinds,
) -> tuple[Feature, ...]:
    """All features that the region's sources can give, in a fixed order, each with description, unit and source.

    sources: names of the canonical tables the region has. kinds: what the partials keep apart, conf's `activity`.
    """
    lookbacks = settings.lookback_months
    groups: tuple[Iterator[Feature], ...] = (
        logins.features(lookbacks),
        functions.features(lookbacks, tuple(kinds.function_groups)),
        transactions.features(lookbacks, kinds.transaction_channels),
        assets.features(lookbacks, kinds.asset_products),
        benefits.features(lookbacks),
        contacts.features(lookbacks),
        contacts.outside_features(lookbacks),
        profile.features(),
    )
    return tuple(feature for group in groups for feature in group if feature.source in sources)


def contract(features: Sequence[Feature]) -> contracts.Table:
    """The contract of `features` with a column for each feature."""
    return derived.FEATURES.extended(feature.column for feature in features)


def build(
    spine: DataFrame,
    months: DataFrame,
    *,
    measures: Mapping[str, Sequence[Measure]],
    features: Sequence[Feature],
    calendar: Calendar,
    settings: FeatureSettings,
) -> DataFrame:
    """One row per user of the spine with everything known of the user at the cycle's observation date.

    Grain and key: cycle, user_id. A user without any behaviour keeps a row: counts are 0, what is not known is null.
    spine: one row per cycle and signed-up user with master data; one cycle or several. months: one row per cycle, user
    and `months_back`, merged from the partials that both clocks allow; measures: its columns, by source.
    """
    needed = frozenset[str]().union(*(feature.needs for feature in features))
    all_measures = [measure for group in measures.values() for measure in group]
    last_on = {m.name: f"{m.name.removesuffix('_at')}_on" for m in all_measures if m.type == "timestamp"}
    needed_last = {at: on for at, on in last_on.items() if on in needed}
    windows = [
        F.expr(aggregate).alias(name)
        for measure in all_measures
        for name, aggregate in measure.windows(settings.lookback_months)
        if name in needed or name in needed_last
    ]
    behaviour = months.groupBy("cycle", "user_id").agg(*windows)
    dates = {on: calendar.day(at) for at, on in needed_last.items()}
    observation_on = F.to_date(F.concat("cycle", F.lit("-01")))
    known = spine.join(behaviour, ["cycle", "user_id"], "left").withColumns({"observation_on": observation_on, **dates})
    values = [F.expr(feature.of).cast(feature.type).alias(feature.name) for feature in features]
    return known.select("cycle", "user_id", *values)
