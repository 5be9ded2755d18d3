"""What users did, month by month, and what it says of them: one file per kind of signal."""

from reactivation.features import partials
from reactivation.features.feature import GRAMMAR, Feature
from reactivation.features.lookbacks import DEFINITION_VERSION, build
from reactivation.features.schedule import training_months
from reactivation.features.settings import ActivitySettings, FeatureSettings
from reactivation.features.signals import catalogue, contract, flows, measures
from reactivation.features.summary import contrast, counts, rates, sizes, summary

__all__ = [
    "DEFINITION_VERSION",
    "GRAMMAR",
    "ActivitySettings",
    "Feature",
    "FeatureSettings",
    "build",
    "catalogue",
    "contract",
    "contrast",
    "counts",
    "flows",
    "measures",
    "partials",
    "rates",
    "sizes",
    "summary",
    "training_months",
]
