"""Low activity: conf's rule over the features says who the programme is for."""

from pyspark.sql import DataFrame

from reactivation.contracts.expression import condition
from reactivation.population.settings import PopulationSettings


def mark_low_activity(features: DataFrame, settings: PopulationSettings) -> DataFrame:
    """Add `is_low_activity` to rows of features: true where conf's rule holds, false where it does not or is null."""
    sleeps = condition(features, settings.low_activity, key="population.low_activity")
    return features.withColumn("is_low_activity", sleeps)
