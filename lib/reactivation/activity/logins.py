"""What is kept of a user's logins in one month."""

from reactivation.contracts.measure import DAY_BIT, Measure

MEASURES = (
    Measure("login_count", "bigint", "1L", "sum", "logins", "logins"),
    Measure("login_days", "bigint", DAY_BIT, "days", "days with a login", "days"),
    Measure("login_session_seconds", "bigint", "session_seconds", "sum", "time spent in sessions", "seconds"),
    Measure("login_last_at", "timestamp", "event_at", "max", "last login"),
)
