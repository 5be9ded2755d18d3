"""On which days of a month a user was active: a login, or a mobile transaction of own initiative."""

from types import MappingProxyType

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.measure import Measure, day_bit_where
from reactivation.periods import Window

MOBILE = "mobile"
MOBILE_DAYS = "transaction_own_mobile_days"

MEASURES = MappingProxyType(
    {
        "transactions": (
            Measure(
                MOBILE_DAYS,
                "bigint",
                day_bit_where(f"is_self_initiated and channel = '{MOBILE}'"),
                "days",
                "days with a mobile transaction of own initiative",
                "days",
            ),
        )
    }
)
"""What `active_on` needs beside the measures of `activity`: the argument `extra` of `features.partials.in_window`."""


def active_on() -> Column:
    """Mask with the bit d - 1 set for an active day d, over a user's rows of a window with `MEASURES`.

    The window must lie within one month: days of several would fall on each other.
    """
    logged_in, transacted = (F.coalesce(name, F.lit(0).cast("bigint")) for name in ("login_days", MOBILE_DAYS))
    return F.bit_or(logged_in.bitwiseOR(transacted))


def logged_in_on() -> Column:
    """Mask of the days with a login, as `active_on`."""
    return F.bit_or(F.coalesce("login_days", F.lit(0).cast("bigint")))


def with_active_days(users: DataFrame, window: Window) -> DataFrame:
    """Read the mask `active_on`: active_days, and active_weeks with the bit w - 1 set for the w-th week of the window.

    Weeks have seven days and begin with the window, so the last one may be shorter. Null where active_on is. Of the
    mask `logged_in_on`: first_login_day, the day of the month; null where there is none.
    """
    masks = [mask(week) for week in window.weeks]
    bits = [F.when(_has_day(days), 1 << w).otherwise(0) for w, days in enumerate(masks)]
    in_weeks = F.when(F.col("active_on").isNotNull(), sum(bits[1:], start=bits[0])).cast("bigint")
    lowest = F.col("logged_in_on").bitwiseAND(-F.col("logged_in_on"))
    first_login = F.when(lowest > 0, F.bit_count(lowest - 1) + 1).cast("int")
    active_days = F.bit_count("active_on").cast("bigint")
    return users.withColumns({"active_days": active_days, "active_weeks": in_weeks, "first_login_day": first_login})


def with_later(users: DataFrame, *, follow_up: Window) -> DataFrame:
    """Read the month after the campaign's: retained (active, as conf defines it), active_after (within the follow-up).

    users: rows of `on_spine` over that month. Grain and key: user_id.
    """
    return users.select(
        "user_id", F.col("is_active").alias("retained"), _has_day(mask(follow_up)).alias("active_after")
    )


def _has_day(days: int) -> Column:
    return F.col("active_on").bitwiseAND(F.lit(days)) != 0


def mask(window: Window) -> int:
    """The days of a window within one month as a mask.

    >>> from datetime import date
    >>> bin(mask(Window(date(2026, 6, 2), date(2026, 6, 5))))
    '0b1110'
    """
    return ((1 << window.days) - 1) << (window.first.day - 1)
