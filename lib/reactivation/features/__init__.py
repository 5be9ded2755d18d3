"""One row of features per signed-up user: one file per kind of signal, joined on the spine of all users."""

from collections.abc import Collection, Iterator, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.features import logins
from reactivation.features.feature import GRAMMAR, Feature
from reactivation.features.settings import FeatureSettings
from reactivation.periods import Calendar, Month
from reactivation.tables import contract as contracts
from reactivation.tables import derived
from reactivation.tables.measure import Measure

__all__ = ["GRAMMAR", "Feature", "FeatureSettings", "build", "catalogue", "contract"]


def catalogue(
    sources: Collection[str],
    settings: FeatureSettings,
    *,
    function_groups: Sequence[str] = (),
    transaction_channels: Sequence[str] = (),
    asset_products: Sequence[str] = (),
) -> tuple[Feature, ...]:
    """All features that the region's sources can give, in a fixed order, each with description, unit and source.

    sources: names of the canonical tables the region has. The other arguments are the kinds that the partials keep
    apart, as named in conf under `activity`.
    """
    lookbacks = settings.lookback_months
    groups: tuple[Iterator[Feature], ...] = (logins.features(lookbacks),)
    return tuple(feature for group in groups for feature in group if feature.source in sources)


def contract(features: Sequence[Feature]) -> contracts.Table:
    """The contract of `features` with a column for each feature."""
    return derived.FEATURES.extended(feature.column for feature in features)


def build(
    spine: DataFrame,
    months: DataFrame,
    *,
    measures: Sequence[Measure],
    features: Sequence[Feature],
    cycle: Month,
    calendar: Calendar,
    settings: FeatureSettings,
) -> DataFrame:
    """One row per user of the spine with everything known of the user at the cycle's observation date.

    Grain and key: cycle, user_id. A user without any behaviour keeps a row: counts are 0, what is not known is null.
    spine: signed-up users with their master data. months: one row per user and event month, merged from the partials
    that both clocks allow; `measures` are its columns.
    """
    lookbacks = settings.lookback_months
    windows = [column for m in measures for column in m.over("event_month", cycle, lookbacks, calendar)]
    behaviour = months.groupBy("user_id").agg(*windows)
    known = spine.join(behaviour, "user_id", "left").withColumn("observation_on", F.lit(cycle.first))
    values = [F.expr(feature.of).cast(feature.type).alias(feature.name) for feature in features]
    return known.select(F.lit(str(cycle)).alias("cycle"), "user_id", *values)
