"""Whether the raw tables still hold what an earlier ingest took of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.frames import union_all
from reactivation.ingest.arrival_range import ArrivalRange
from reactivation.ingest.received import typed
from reactivation.ingest.settings import SourcesSettings
from reactivation.periods import Calendar, Month

NOT_YET = "not_yet"
"""In place of a month: rows that arrive on the day at which the ingest stopped, or later."""


@dataclass
class Taken:
    """What was taken of one source.

    until: the day before which its rows were taken. rows: by month of arrival or `undated`, readmitted ones apart.
    not_yet_arrived: rows that lay there already and arrive later; None where the counts are of 0.1.0.
    """

    until: date = date.min
    rows: dict[str, int] = field(default_factory=dict)
    not_yet_arrived: int | None = 0

    @property
    def rows_there(self) -> int | None:
        """Rows that the raw table had in all."""
        return None if self.not_yet_arrived is None else sum(self.rows.values()) + self.not_yet_arrived


def taken(counts: Iterable[Mapping[str, Any]]) -> dict[str, Taken]:
    """What was taken, by source. counts: rows of `ingest_counts`."""
    found: dict[str, Taken] = defaultdict(Taken)
    for row in counts:
        source = found[row["source"]]
        source.rows[row["cycle"]] = row["rows_in"] - row["rows_readmitted"]
        source.until = max(source.until, row["arrived_before"])
        more, before = row["not_yet_arrived"], source.not_yet_arrived
        source.not_yet_arrived = None if more is None or before is None else before + more
    return dict(found)


def rows(raw: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of some raw tables by source."""
    each = (frame.select(F.lit(name).alias("source")) for name, frame in raw.items())
    return union_all(list(each)).groupBy("source").agg(F.count("*").alias("rows"))


def arrivals(
    raw: Mapping[str, DataFrame], was: Mapping[str, Taken], *, settings: SourcesSettings, calendar: Calendar
) -> DataFrame:
    """Rows of the raw tables by source and month of arrival, `undated` or `not_yet`, as an ingest would count them."""
    counted = []
    for name, frame in raw.items():
        until = was[name].until
        taken_then = ArrivalRange(None, Month.of(until - timedelta(days=1)), until)
        columns = settings.present[name].expressions
        rows = typed(frame, canonical.BY_NAME[name], columns, calendar, settings.plausible(until))
        is_later = taken_then.is_not_yet(F.col("arrived_at"), calendar)
        month = F.when(is_later, NOT_YET).otherwise(taken_then.month_of(F.col("arrived_at"), calendar))
        of_source = rows.select(F.lit(name).alias("source"), month.alias("cycle"))
        counted.append(of_source.groupBy("source", "cycle").agg(F.count("*").alias("rows")))
    return union_all(counted)


def differences(was: Mapping[str, Taken], now: Iterable[Mapping[str, Any]]) -> list[str]:
    """What raw holds more or less than was taken, in sentences. now: rows of `arrivals`."""
    found = {(row["source"], row["cycle"]): row["rows"] for row in now if row["cycle"] != NOT_YET}
    before = {(name, month): rows for name, source in was.items() for month, rows in source.rows.items()}
    return [
        f"`{name}` {month}: {before.get((name, month), 0)} rows were taken, {found.get((name, month), 0)} are there"
        for name, month in sorted({*found, *before})
        if before.get((name, month), 0) != found.get((name, month), 0)
    ]


def not_reached(was: Mapping[str, Taken], sources: Sequence[str], until: date) -> list[str]:
    """The sources of which not all rows before a day were taken, in sentences."""
    stopped = {name: was[name].until if name in was else None for name in sources}
    return [f"`{name}`: taken up to {day}" for name, day in stopped.items() if day is None or day < until]
