"""Whether the raw tables still hold what an earlier ingest took of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.errors import Finding, SourceError
from reactivation.frames import counted_by, union_all
from reactivation.ingest.arrival_range import UNDATED, ArrivalRange
from reactivation.ingest.batch import EarlierIngests
from reactivation.ingest.counts import QUARANTINED, Tallies, Tally
from reactivation.ingest.disposition import Decided
from reactivation.ingest.received import IngestContext, typed
from reactivation.ingest.settings import SourcesSettings
from reactivation.periods import Calendar, Month

_REFUSING = tuple(table.name for table in canonical.PERMISSIONS)
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
        context = IngestContext(taken_then, calendar, allowed={}, plausible=settings.plausible(until))
        rows = typed(frame, canonical.BY_NAME[name], settings.present[name].expressions, context)
        is_later = taken_then.is_not_yet(F.col("arrived_at"), calendar)
        month = F.when(is_later, NOT_YET).otherwise(taken_then.month_of(F.col("arrived_at"), calendar))
        of_source = rows.select(F.lit(name).alias("source"), month.alias("cycle"))
        counted.append(of_source.groupBy("source", "cycle").agg(F.count("*").alias("rows")))
    return union_all(counted)


def differences(was: Mapping[str, Taken], now: Iterable[Mapping[str, Any]], *, since: Month) -> list[str]:
    """What raw holds more or less than was taken, in sentences, as far as an ingest takes it or stops at it.

    now: rows of `arrivals`. since: the first month that the ingest handles; of earlier ones only more rows count in
    which somebody may refuse. What is gone of a month before the newest stays as it was taken: raw may keep less.
    """
    found = {(row["source"], row["cycle"]): row["rows"] for row in now if row["cycle"] != NOT_YET}
    before = {(name, month): rows for name, source in was.items() for month, rows in source.rows.items()}
    newest = max(Month.of(source.until - timedelta(days=1)) for source in was.values())
    told = []
    for name, month in sorted({*found, *before}):  # the undated come last
        taken, there = before.get((name, month), 0), found.get((name, month), 0)
        is_more = there > taken and (month >= str(since) or name in _REFUSING)
        if is_more or (there < taken and month >= str(newest)):
            told.append(f"`{name}` {month}: {taken} rows were taken, {there} are there")
    return told


def not_reached(was: Mapping[str, Taken], sources: Sequence[str], until: date) -> list[str]:
    """The sources of which not all rows before a day were taken, in sentences."""
    stopped = {name: was[name].until if name in was else None for name in sources}
    return [f"`{name}`: taken up to {day}" for name, day in stopped.items() if day is None or day < until]


def require_there(
    tallies: Tallies,
    decided: Mapping[str, Decided],
    earlier: EarlierIngests,
    arrivals: ArrivalRange,
    *,
    is_forced: bool,
) -> None:
    """Raise SourceError where raw has lost rows that were taken before and would be replaced by less.

    tallies: of whole months. Of most sources the newest month is not looked at, as it may be delivered again, and by
    force none is. Of a table in which somebody may refuse all are, by force or not. There rows are lost where also
    less would be held than is now: duplicates may go, and rows of a person whom `forget_user` erased. Its rows without
    a date may go where others of their users came. A source that is no longer in conf keeps what it has.
    """
    lost: list[Finding] = []
    for name, rows in sorted(decided.items()):
        may_refuse = name in _REFUSING
        if is_forced and not may_refuse:
            continue
        before = {
            row["cycle"]: row["rows_in"] - row["rows_readmitted"] for row in earlier.counts if row["source"] == name
        }
        looked_at = [m for m in sorted(before) if arrivals.has(m) and (may_refuse or m < str(arrivals.last))]
        now = {month: tallies.get((name, month), Tally()).received for month in (*looked_at, UNDATED)}
        gone = [month for month in looked_at if before[month] > now[month]]
        if may_refuse and gone:
            held, left = earlier.held(name), _left(rows, tallies)
            gone = [month for month in gone if held[month] > left[month]]
        if may_refuse and before.get(UNDATED, 0) > now[UNDATED] and _are_undated_gone(rows, earlier):
            gone.append(UNDATED)
        told = "{} rows came before, {} are there now"
        lost += [Finding("lost", f"{name} {month}", told.format(before[month], now[month])) for month in gone]
    if lost:
        advice = "bring them back; or --force, and what is not there is forgotten"
        if any(finding.what.split()[0] in _REFUSING for finding in lost):
            advice = "bring them back: in some somebody may have refused, which --force does not forget either; "
            advice += "where the bank erased a person's, run jobs/forget_user.py first"
        findings = [*lost, Finding("what to do", "raw tables", advice)]
        raise SourceError("months would be taken again, but rows are gone; nothing was written", findings)


def _left(decided: Decided, tallies: Tallies) -> Counter[str]:
    """Rows of a source that would be held, kept or quarantined, by month of arrival."""
    kept, name = counted_by(decided.kept().select("arrival_cycle")).collect(), decided.table.name
    bad = {month: entry.dispositions[QUARANTINED] for (source, month), entry in tallies.items() if source == name}
    return Counter({row.arrival_cycle: row.rows for row in kept}) + Counter(bad)


def _are_undated_gone(decided: Decided, earlier: EarlierIngests) -> bool:
    """True where rows without a date are set aside for a user of whom no row came now."""
    if earlier.quarantine is None:
        return False
    is_undated = (F.col("source") == decided.table.name) & (F.col("cycle") == UNDATED)
    users = earlier.quarantine.where(is_undated & F.col("user_id").isNotNull()).select("user_id")
    present = decided.bad.select("user_id").unionByName(decided.fine.select("user_id"))
    return not users.join(present, "user_id", "left_anti").isEmpty()
