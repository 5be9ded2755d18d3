"""Benefits: whether offers are taken, and whether they are used."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import MONEY_SUM, Measure, count_where, only_where
from reactivation.features.feature import Feature, days_since_last, last, quotient, windowed
from reactivation.features.settings import ActivitySettings

SOURCE = "benefit_events"

_CLAIMED = "action = 'claimed'"
_REDEEMED = "action = 'redeemed'"

_MEASURES = (
    Measure("benefit_claimed_count", "bigint", count_where(_CLAIMED), "sum", "benefits claimed", "benefits"),
    Measure("benefit_redeemed_count", "bigint", count_where(_REDEEMED), "sum", "benefits redeemed", "benefits"),
    Measure(
        "benefit_redeemed_value",
        MONEY_SUM,
        only_where(_REDEEMED, "value"),
        "sum",
        "face value of benefits redeemed",
        "currency",
    ),
    Measure("benefit_claimed_last_at", "timestamp", only_where(_CLAIMED, "event_at"), "max", "last benefit claimed"),
    Measure("benefit_redeemed_last_at", "timestamp", only_where(_REDEEMED, "event_at"), "max", "last benefit redeemed"),
)


def measures(_: ActivitySettings) -> tuple[Measure, ...]:
    """Benefits claimed and redeemed in one month."""
    return _MEASURES


def features(lookbacks: Sequence[int], _: ActivitySettings) -> Iterator[Feature]:
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
