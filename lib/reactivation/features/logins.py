"""Logins: how often, how long, how lately, and which way it goes."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import DAY_BIT, Measure
from reactivation.features.feature import (
    Feature,
    days_since_last,
    lagged,
    last,
    months_active,
    quotient,
    ratios,
    trends,
    windowed,
)
from reactivation.features.settings import ActivitySettings

SOURCE = "logins"

_MEASURES = (
    Measure("login_count", "bigint", "1L", "sum", "logins", "logins"),
    Measure("login_days", "bigint", DAY_BIT, "days", "days with a login", "days"),
    Measure("login_session_seconds", "bigint", "session_seconds", "sum", "time spent in sessions", "seconds"),
    Measure("login_last_at", "timestamp", "event_at", "max", "last login"),
)


def measures(_: ActivitySettings) -> tuple[Measure, ...]:
    """Logins of one month."""
    return _MEASURES


def features(lookbacks: Sequence[int], _: ActivitySettings) -> Iterator[Feature]:
    """Frequency, active days, regularity, session length, recency, trend and ratio. All before the observation date."""
    yield from windowed("login_count", "logins", SOURCE, "logins", lookbacks)
    yield from windowed("login_days", "days with a login", SOURCE, "days", lookbacks)
    yield from lagged("login_days", "days with a login", SOURCE, "days", lookbacks)
    yield from months_active("login", "a login", SOURCE, lookbacks)
    yield from ratios("login_days", "days with a login", SOURCE, lookbacks)
    yield from trends("login_days", "days with a login", SOURCE, "days", lookbacks)
    yield days_since_last("login", "the last login", SOURCE)
    for months in lookbacks[:2]:
        yield Feature(
            f"login_session_seconds_mean_{months}m",
            quotient(f"login_session_seconds_{months}m", f"login_count_{months}m"),
            f"mean length of a session, {last(months)}",
            SOURCE,
            "seconds",
        )
