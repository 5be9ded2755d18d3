"""Who is in the programme: signed-up, low-active and contactable users, and the contact policy."""

from reactivation.population.consent import contactable
from reactivation.population.low_activity import mark_low_activity
from reactivation.population.policy import recently_contacted
from reactivation.population.settings import PopulationSettings
from reactivation.population.spine import signed_up, spine

__all__ = ["PopulationSettings", "contactable", "mark_low_activity", "recently_contacted", "signed_up", "spine"]
