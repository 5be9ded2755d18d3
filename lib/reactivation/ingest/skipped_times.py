"""Times that the clocks of a zone skipped: no clock showed them, so that none of them is when something happened."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F

YEARS = (date(1970, 1, 1), date(2100, 1, 1))
"""In which skipped times are looked for."""

_DAY = 86_400_000_000
_MICRO, _SECOND = timedelta(microseconds=1), timedelta(seconds=1)
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Skipped(NamedTuple):
    """Where skipped times lie: from `first` to `last`, at times of day from `since` to `until`, in microseconds."""

    first: int
    last: int
    since: int
    until: int


@lru_cache
def of_zone(zone: str, first: date, end: date) -> Skipped | None:
    """What the clocks of a zone skipped in some days; None where they skipped nothing, as in Shanghai since 1992."""
    gaps = list(_gaps(ZoneInfo(zone), max(first, YEARS[0]), min(end, YEARS[1])))
    if not gaps:
        return None
    since = min(start % _DAY for start, _ in gaps)
    until = max(start % _DAY + length for start, length in gaps)
    if until > _DAY:
        since, until = 0, _DAY
    return Skipped(gaps[0][0], sum(gaps[-1]), max(since, 1), until - 1)


def instant(wall: Column, zone: str, skipped: Skipped | None) -> Column:
    """The instant at which clocks of a zone showed a time; null where they skipped it.

    A skipped midnight is the begin of its day. wall: as an instant in UTC, the session's zone: see runtime.session.
    """
    found = F.to_utc_timestamp(wall, zone)
    if skipped is None:
        return found
    micros = F.unix_micros(wall)
    is_near = micros.between(skipped.first, skipped.last) & F.pmod(micros, F.lit(_DAY)).between(*skipped[2:])
    return F.when(~(is_near & (F.from_utc_timestamp(found, zone) != wall)), found)


def _gaps(zone: ZoneInfo, first: date, end: date) -> Iterator[tuple[int, int]]:
    """The first wall clock of skipped ones, and how long those are, in microseconds."""

    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta(0)

    for day in range((end - first).days):
        low = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(days=day)
        high = low + timedelta(days=1)
        before, after = offset(low), offset(high)
        while after > before and high - low > _SECOND:
            middle = low + (high - low) // _SECOND // 2 * _SECOND
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        if after > before:
            yield (high + before - _START) // _MICRO, (after - before) // _MICRO
