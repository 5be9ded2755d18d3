"""What the master data say of a user, as known at the observation date."""

from collections.abc import Iterator

from reactivation.features.feature import Feature

SOURCE = "users"


def features() -> Iterator[Feature]:
    """Age, tenure, gender, segment, and the channels on file; null where the bank does not record it."""
    age = "year(observation_on) - birth_year"
    tenure = "datediff(observation_on, signed_up_on)"
    yield Feature("profile_age_years", age, "calendar years since birth", SOURCE, "years")
    yield Feature("profile_tenure_days", tenure, "days since sign-up", SOURCE, "days")
    yield Feature("profile_gender", "gender", "gender as the bank records it", SOURCE, type="string")
    yield Feature("profile_segment", "segment", "the bank's own customer segment", SOURCE, type="string")
    yield Feature("profile_has_phone", "has_phone", "a phone number is on file", SOURCE, "1 = yes")
    yield Feature("profile_has_push", "has_push", "the app can receive push messages", SOURCE, "1 = yes")
