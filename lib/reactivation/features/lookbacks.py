"""Features of every signed-up user at the observation date: months of measures seen over the look-backs."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.measure import Measure
from reactivation.features.feature import Feature
from reactivation.features.settings import FeatureSettings
from reactivation.periods import Calendar

DEFINITION_VERSION = 1
"""Of `features`. Raise it with every change of code that changes a value: see tests/features/test_definitions.py."""


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
    observation_on = F.to_date(F.concat("cycle", F.lit("-01")))
    month_on = F.add_months(observation_on, -F.col("months_back"))
    behaviour = months.withColumn("month_on", month_on).groupBy("cycle", "user_id").agg(*windows)
    dates = {on: calendar.day(at) for at, on in needed_last.items()}
    known = spine.join(behaviour, ["cycle", "user_id"], "left").withColumns({"observation_on": observation_on, **dates})
    values = [F.expr(feature.of).cast(feature.type).alias(feature.name) for feature in features]
    return known.select("cycle", "user_id", *values)
