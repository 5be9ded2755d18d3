"""What benefits say of a user: whether offers are taken, and whether they are used."""

from collections.abc import Iterator, Sequence

from reactivation.features.feature import Feature, days_since_last, last, quotient, windowed

SOURCE = "benefit_events"


def features(lookbacks: Sequence[int]) -> Iterator[Feature]:
    """Claims, redemptions, their value and share, and recency. All before the observation date."""
    yield from windowed("benefit_claimed_count", "benefits claimed", SOURCE, "benefits", lookbacks)
    yield from windowed("benefit_redeemed_count", "benefits redeemed", SOURCE, "benefits", lookbacks)
    value = "face value of benefits redeemed"
    yield from windowed("benefit_redeemed_value", value, SOURCE, "currency", lookbacks[1:3])
    for months in lookbacks[1:3]:
        yield Feature(
            f"benefit_redeemed_share_{months}m",
            quotient(f"benefit_redeemed_count_{months}m", f"benefit_claimed_count_{months}m"),
            f"benefits redeemed per benefit claimed, {last(months)}",
            SOURCE,
            "share",
        )
    yield days_since_last("benefit_claimed", "the last benefit claimed", SOURCE)
    yield days_since_last("benefit_redeemed", "the last benefit redeemed", SOURCE)
