"""One value of a region becomes its contract's type, or null: nothing is guessed, nothing is cut short.

An instant may come as a TIMESTAMP, or as text that names its zone: `Z`, an offset, or a name such as Asia/Shanghai.
Three letters (CST, BST) name several zones and are not read. What has no zone (text, TIMESTAMP_NTZ, a DATE) is what a
clock of the region showed; a day that comes as an instant is the day it was in the region. A number is never a time,
for its unit is not known. A number with a fraction is never an integer, none but 0 and 1 a flag, and a third decimal
that is not 0 no money; of floating numbers the decimals are rounded.
"""

from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    DataType,
    DateType,
    DecimalType,
    FractionalType,
    NumericType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from reactivation.periods import Calendar

_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_TIME = r"[T ]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?"
_ZONE = r" ?(Z|(UTC|GMT|UT)?[+-]\d{1,2}(:?\d{2}){0,2}|UTC|GMT|UT|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+|[A-Z][a-z]{3,})"
_LENGTH_OF_DAY, _LEAST_WITH_ZONE = 10, 16
_INTEGERS = ("int", "bigint")
_EXACT_TO = {"double": 2**53, "float": 2**24}
_EXACT, _NOISE = "decimal(38,18)", "0.000000001"
"""Money as it came; what a sum of floating numbers that was written as text may be off."""
_NO_NUMBERS = ("", "-", "--", "0", "0.0", "null", "(null)", "none", "nil", "nan", "na", "n/a", "#n/a", "\\n")


class Plausible(NamedTuple):
    """Which days an ingest can believe: none before `first`, no arrival later than `days_ahead` days after `as_of`.

    Other dates are held against their row's arrival, so that a later ingest judges them alike.
    """

    first: date
    as_of: date
    days_ahead: int

    def begins(self, calendar: Calendar, *, is_date: bool) -> Column:
        """The first day, as a DATE or the instant it begins."""
        return F.lit(self.first) if is_date else calendar.starts(self.first)

    def has_arrival(self, arrived_at: Column, calendar: Calendar) -> Column:
        """True for an arrival on a day that can be believed."""
        ahead = min(timedelta(days=self.days_ahead + 1), date.max - self.as_of)
        return (arrived_at >= calendar.starts(self.first)) & (arrived_at < calendar.starts(self.as_of + ahead))


def cast(value: Column, found: DataType, wanted: str, calendar: Calendar) -> Column:
    """The value in the contract's type. found: the type it came in. wanted: the contract's."""
    if wanted == "date" and isinstance(found, TimestampType):
        return calendar.day(value)
    if wanted == "date" and isinstance(found, StringType):
        has_dashes = (F.substring(value, 5, 1) == "-") & (F.substring(value, 8, 1) == "-")
        is_day = (has_dashes & (F.length(value) == _LENGTH_OF_DAY)) | F.trim(value).rlike(f"^{_DAY}$")
        return F.when(is_day, value.try_cast("date")).otherwise(calendar.day(_instant(value, calendar)))
    if wanted == "timestamp" and isinstance(found, StringType):
        return _instant(value, calendar)
    plain = value.try_cast(wanted)
    if wanted == "timestamp" and isinstance(found, TimestampNTZType | DateType):
        return F.to_utc_timestamp(plain, calendar.zone)  # the session's zone is UTC: see runtime.session
    return F.when(_is_whole(value, plain, found, wanted), plain)


def _is_whole(value: Column, plain: Column, found: DataType, wanted: str) -> Column:
    """True where a cast loses nothing of a value. plain: the value as it was cast."""
    if wanted in _INTEGERS and isinstance(found, FractionalType):
        return value == F.floor(value)
    if wanted == "boolean" and isinstance(found, NumericType):
        return value.isin(0, 1)
    if wanted.startswith("decimal") and isinstance(found, StringType | DecimalType):
        return F.abs(value.try_cast(_EXACT) - plain) <= F.lit(_NOISE).cast(_EXACT)
    return F.lit(True)


def without_placeholder(number: Column) -> Column:
    """The source's number of an event, null where it is a word for none: many events would seem to be one."""
    return F.when(~F.lower(F.trim(number.cast("string"))).isin(*_NO_NUMBERS), number)


def is_rounded(number: Column) -> Column:
    """True for a number that a spreadsheet has rounded, such as 2.02604E+13; null where there is none."""
    return F.trim(number.cast("string")).rlike(r"^\d+([.,]\d+)?[eE]\+\d+$")


def is_epoch(found: DataType, wanted: str) -> bool:
    """True for a number where a time is wanted."""
    return wanted in ("timestamp", "date") and isinstance(found, NumericType)


def is_floating(found: DataType) -> bool:
    """True for a type that holds large integers only roughly."""
    return found.simpleString() in _EXACT_TO


def has_lost_digits(value: Column, found: DataType) -> Column:
    """True for a floating number so large that it may stand for several integers."""
    return (F.abs(value) >= _EXACT_TO[found.simpleString()]) & ~F.isnan(value)


def _instant(text: Column, calendar: Calendar) -> Column:
    """Text with a day, and a time of day unless it is 00:00; null for anything that Spark would guess from less."""
    instant, trimmed = text.try_cast("timestamp"), F.trim(text)
    ends_in_z = text.endswith("Z") & F.substring(text, -2, 1).between("0", "9") & (F.substring(text, 5, 1) == "-")
    return (
        F.when(ends_in_z & (F.length(text) >= _LEAST_WITH_ZONE), instant)
        .when(trimmed.rlike(f"^{_DAY}({_TIME})?$"), F.to_utc_timestamp(instant, calendar.zone))
        .when(trimmed.rlike(f"^{_DAY}{_TIME}{_ZONE}$"), instant)
    )
