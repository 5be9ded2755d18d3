"""Low activity: the sleepers, by a rule in conf over the features."""

from pyspark.sql import DataFrame

from reactivation.contracts.expression import condition
from reactivation.population.settings import PopulationSettings


def mark_low_activity(features: DataFrame, settings: PopulationSettings) -> DataFrame:
    """Add `is_low_activity` to rows of features: true where conf's rule holds, false also where it cannot say."""
    sleeps = condition(features, settings.low_activity, key="population.low_activity")
    return features.withColumn("is_low_activity", sleeps)
