"""Who is in the programme: signed-up, low-active and contactable users, and the contact policy."""

from reactivation.population.consent import contactable, may_be_profiled
from reactivation.population.feeds import FEEDS, feed_problems, feed_rows, newest_deliveries
from reactivation.population.low_activity import mark_low_activity
from reactivation.population.permissions import Permissions
from reactivation.population.policy import recently_contacted
from reactivation.population.settings import PROFILING, Basis, PopulationSettings
from reactivation.population.spine import signed_up, spine

__all__ = [
    "FEEDS",
    "PROFILING",
    "Basis",
    "Permissions",
    "PopulationSettings",
    "contactable",
    "feed_problems",
    "feed_rows",
    "mark_low_activity",
    "may_be_profiled",
    "newest_deliveries",
    "recently_contacted",
    "signed_up",
    "spine",
]
