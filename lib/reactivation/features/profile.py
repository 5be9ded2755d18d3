"""What the master data say of a user, as known at the observation date."""

from collections.abc import Iterator

from reactivation.features.feature import Feature
from reactivation.features.settings import FeatureSettings
from reactivation.frames import NUMBER

SOURCE = "users"


def features(settings: FeatureSettings) -> Iterator[Feature]:
    """Age, tenure, gender, segment, the channels on file, and the region's own; null where the bank records none."""
    age = "year(observation_on) - birth_year"
    tenure = "datediff(observation_on, signed_up_on)"
    yield Feature("profile_age_years", age, "calendar years since birth", SOURCE, "years")
    yield Feature("profile_tenure_days", tenure, "days since sign-up", SOURCE, "days")
    yield Feature("profile_gender", "gender", "gender as the bank records it", SOURCE, type="string")
    yield Feature("profile_segment", "segment", "the bank's own customer segment", SOURCE, type="string")
    yield Feature("profile_has_phone", "has_phone", "a phone number is on file", SOURCE, "1 = yes")
    yield Feature("profile_has_push", "has_push", "the app can receive push messages", SOURCE, "1 = yes")
    for name in settings.profile_numbers:
        text = f"get_json_object(profile_numbers, '$.{name}')"
        number = f"if(trim({text}) rlike '{NUMBER}', try_cast({text} as double), null)"
        yield Feature(f"profile_{name}", number, f"{name}, a number of the region's own", SOURCE)
    for name in settings.profile_texts:
        text = f"get_json_object(profile_texts, '$.{name}')"
        yield Feature(f"profile_{name}", text, f"{name}, a text of the region's own", SOURCE, type="string")
