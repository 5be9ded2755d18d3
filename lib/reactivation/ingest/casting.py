"""One value of a region becomes its contract's type, or null: nothing is guessed, nothing is cut short.

An instant may come as a TIMESTAMP, or as text that names its zone: `Z`, an offset, or a name such as Asia/Shanghai.
Three letters (CST, BST) name several zones and are not read. What has no zone (text, TIMESTAMP_NTZ, a DATE) is what a
clock of the region showed; a day that comes as an instant is the day it was in the region. A number is never a time,
for its unit is not known. A number with a fraction is never an integer, none but 0 and 1 a flag, and a third decimal
that is not 0 no money; of floating numbers the decimals are rounded. A time that every clock of the region skipped is
none, but for a midnight, which stands for the begin of its day.
"""

from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DateType,
    DecimalType,
    FractionalType,
    MapType,
    NumericType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from reactivation.ingest import skipped_times
from reactivation.ingest.skipped_times import Skipped
from reactivation.periods import Calendar

_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_TIME = r"[T ]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?"
_ZONE = r" ?(Z|(UTC|GMT|UT)?[+-]\d{1,2}(:?\d{2}){0,2}|UTC|GMT|UT|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+|[A-Z][a-z]{3,})"
_LENGTH_OF_DAY, _LEAST_WITH_ZONE = 10, 16
_INTEGERS = ("int", "bigint")
_EXACT_TO = {"double": 2**53, "float": 2**24}
_EXACT, _NOISE = "decimal(38,18)", "0.000000001"
"""Money as it came; what a sum of floating numbers that was written as text may be off."""
_NULLS = ("null", "(null)", "\\n", "n/a", "#n/a")
_NO_NUMBERS = (
    *_NULLS,
    *("-", "--", "?", "0.0", "-1", "-1.0", "none", "nil", "nan", "nat", "na", "<na>", "unknown", "undefined"),
    *("#ref!", "#value!", "#num!", "#name?", "#null!", "#div/0!"),
)
_ROUNDED = r"^\d([eE]([5-9]|[1-9]\d{1,2})|\d*([.,]\d+[eE]\+?|[eE]\+)\d+)$"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800
"""Seconds since 1970."""


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
        return (arrived_at >= calendar.starts(self.first)) & (arrived_at < calendar.starts(self.end))

    @property
    def end(self) -> date:
        """The day after the last on which an arrival can be believed."""
        return self.as_of + min(timedelta(days=self.days_ahead + 1), date.max - self.as_of)


def cast(value: Column, found: DataType, wanted: str, calendar: Calendar, plausible: Plausible | None = None) -> Column:
    """The value in the contract's type. found: the type it came in. wanted: the contract's.

    plausible: the days in which times that the region's clocks skipped are told.
    """
    if wanted == "string":
        return _text(value, found)
    if isinstance(found, TimestampNTZType if wanted == "timestamp" else TimestampType):  # else to move it may fail
        begin, end = (F.timestamp_seconds(F.lit(seconds)).cast(found) for seconds in (_YEAR_1, _YEAR_10000))
        value = F.when((value >= begin) & (value < end), value)
    if wanted == "date" and isinstance(found, TimestampType):
        return calendar.day(value)
    days = (plausible.first, plausible.end) if plausible else skipped_times.YEARS
    skipped = skipped_times.of_zone(calendar.zone, *days)
    if wanted == "date" and isinstance(found, StringType):
        has_dashes = (F.substring(value, 5, 1) == "-") & (F.substring(value, 8, 1) == "-")
        is_plain = has_dashes & (F.length(value) == _LENGTH_OF_DAY) & F.substring(value, 10, 1).between("0", "9")
        is_day = is_plain | F.trim(value).rlike(f"^{_DAY}$")
        return F.when(is_day, value.try_cast("date")).otherwise(calendar.day(_instant(value, calendar, skipped)))
    if wanted == "timestamp" and isinstance(found, StringType):
        return _instant(value, calendar, skipped)
    plain = value.try_cast(wanted)
    if wanted == "timestamp" and isinstance(found, TimestampNTZType | DateType):
        return skipped_times.instant(plain, calendar.zone, skipped)
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


def decoded(text: Column) -> Column:
    """The text, null where its bytes are not UTF-8 or where it has lost some before."""
    return F.when(F.is_valid_utf8(text) & ~text.contains(_REPLACEMENT), text)


def without_placeholder(number: Column) -> Column:
    """The source's number of an event, null where it is a word for none: many events would seem to be one."""
    word = F.lower(F.trim(number.cast("string")))
    return F.when(~word.isin(*_NO_NUMBERS) & (F.ltrim(word, F.lit("0")) != ""), number)


def without_null(value: Column) -> Column:
    """The value, null where it is a word for it."""
    return F.when(~F.lower(F.trim(value.cast("string"))).isin(*_NULLS), value)


def is_rounded(number: Column) -> Column:
    """True for a number as a spreadsheet or a program rounds it, 2.02604E+13 or 2.02604E13; null where there is none.

    Without a point and a plus sign, few digits may be an id in hexadecimal: 1e4 is one, 1e13 is not.
    """
    return number.rlike(_ROUNDED)


def is_nested(found: DataType, wanted: str) -> bool:
    """True for several values where a text is wanted: Spark would write them down in brackets."""
    return wanted == "string" and isinstance(found, ArrayType | MapType | StructType)


def is_epoch(found: DataType, wanted: str) -> bool:
    """True for a number where a time is wanted."""
    return wanted in ("timestamp", "date") and isinstance(found, NumericType)


def is_floating(found: DataType) -> bool:
    """True for a type that holds large integers only roughly."""
    return found.simpleString() in _EXACT_TO


def has_lost_digits(value: Column, found: DataType) -> Column:
    """True for a floating number so large that it may stand for several integers."""
    return (F.abs(value) >= _EXACT_TO[found.simpleString()]) & ~F.isnan(value)


def _text(value: Column, found: DataType) -> Column:
    """A value as text; a whole number is written as integers are, whatever type it came in."""
    text = value.try_cast("string")
    if not isinstance(found, FractionalType):
        return text
    is_whole = value == F.floor(value)
    if is_floating(found):
        is_whole &= F.abs(value) < _EXACT_TO[found.simpleString()]
    return F.when(is_whole, F.floor(value).cast("string")).otherwise(text)


def _instant(text: Column, calendar: Calendar, skipped: Skipped | None) -> Column:
    """Text with a day, and a time of day unless it is 00:00; null for anything that Spark would guess from less."""
    instant, trimmed = text.try_cast("timestamp"), F.trim(text)
    ends_in_z = text.endswith("Z") & F.substring(text, -2, 1).between("0", "9") & (F.substring(text, 5, 1) == "-")
    return (
        F.when(ends_in_z & (F.length(text) >= _LEAST_WITH_ZONE), instant)
        .when(trimmed.rlike(f"^{_DAY}({_TIME})?$"), skipped_times.instant(instant, calendar.zone, skipped))
        .when(trimmed.rlike(f"^{_DAY}{_TIME}{_ZONE}$"), instant)
    )
